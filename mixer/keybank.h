/* keybank.h - the newest keyframe of one coded tier and all that followed, for who joins or switches.  Thread: its owner's. */
#ifndef MIXER_KEYBANK_H
#define MIXER_KEYBANK_H

#include "mcu/base/media.h"

#define MIX_BANK_AGE_NS (2 * MCU_NS_PER_SEC)

typedef struct mix_keybank mix_keybank;

mix_keybank *mix_keybank_new(size_t max_bytes); /* one second of the tier's bitrate */
void mix_keybank_free(mix_keybank *b);          /* NULL is fine */
void mix_keybank_clear(mix_keybank *b);
void mix_keybank_add(mix_keybank *b, mcu_au *au); /* takes a reference of its own */
/* Oldest first, borrowed until the next add; 0 = nothing usable: no keyframe yet, it is older than MIX_BANK_AGE_NS, or too much
 * followed. */
unsigned mix_keybank_get(const mix_keybank *b, int64_t now_ns, mcu_au *const **pictures);

#endif
