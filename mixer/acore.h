/* acore.h - one tick of the room's sound: every voice pulled, summed, and one mix for each group of listeners
 * that hear the same. * Thread: the audio clock, or whoever steps it in a test. No clock of its own; allocates nothing in a tick
 * but the packets it returns. */
#ifndef MIXER_ACORE_H
#define MIXER_ACORE_H

#include <glib.h>
#include <stdint.h>

#include "mixer/agroup.h"
#include "mixer/alistener.h"
#include "mixer/avoice.h"

typedef struct {
    unsigned n;
    struct {
        mix_alistener *listener;
        mcu_au *au; /* a reference of the batch's */
    } out[MIX_MAX_LISTENERS];
} mix_abatch;

void mix_abatch_clear(mix_abatch *b);

typedef struct {
    unsigned encodes_last_tick;
    uint64_t concealed, fec_used, dropped_late, dropped_full, stretched, squeezed, skipped; /* voices that left included */
    double cpu_s[3];
} mix_acore_stats;

typedef struct mix_acore mix_acore;
mix_acore *mix_acore_new(void);
void mix_acore_free(mix_acore *c); /* voices and listeners are their owner's */

/* Borrowed until removed. MCU_EFULL beyond MIX_MAX_VOICES, MIX_MAX_LISTENERS. */
mcu_status mix_acore_add_voice(mix_acore *c, mix_avoice *v);
void mix_acore_remove_voice(mix_acore *c, mix_avoice *v);
mcu_status mix_acore_add_listener(mix_acore *c, mix_alistener *l);
void mix_acore_remove_listener(mix_acore *c, mix_alistener *l);

/* Begins to say it; returns what is to be freed: the one before, or `take_prompt` when its listener is not there. */
mix_prompt *mix_acore_say(mix_acore *c, mix_prompt *take_prompt);

mix_prompt *mix_acore_said(mix_acore *c); /* one that is over, for the caller; NULL = none */

/* `batch` is empty before and holds one packet for each listener afterwards, but for those on thin lines only every third
 * time. */
void mix_acore_tick(mix_acore *c, int64_t now_ns, uint32_t ts48k, int64_t time_ns, mix_abatch *batch);
void mix_acore_get_stats(const mix_acore *c, mix_acore_stats *out);

#endif
