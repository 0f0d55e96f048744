/* penc.h - what a telephone is sent: PCM to G.711 or G.722 packets of 20 ms.  Thread: its owner's.
 * A room that is silent still sounds alive: what is digitally silent leaves as faint noise. Opus legs take mixer/aenc.h. */
#ifndef MIXER_PENC_H
#define MIXER_PENC_H

#include <glib.h>

#include "mcu/base/media.h"

typedef struct mix_penc mix_penc;
mix_penc *mix_penc_new(mcu_codec codec, GError **error); /* PCMU, PCMA, G722 */
void mix_penc_free(mix_penc *e);
/* MIX_BLOCK samples, borrowed. ts48k is the clock of the sound at 48 kHz, kept in au->ts as it is: who sends the packet makes the
 * RTP time stamp of it. NULL = no memory. */
mcu_au *mix_penc_encode(mix_penc *e, const int16_t *pcm, uint32_t ts48k, int64_t time_ns);
/* The same of sound at the line's own rate; changes `pcm`: silence becomes what is sent for it. */
mcu_au *mix_penc_encode_line(mix_penc *e, int16_t *pcm, uint32_t ts48k, int64_t time_ns);
/* Goes on as if `pcm`, at the line's rate, had been the block before: for a listener who is moved from one encoder to another. */
void mix_penc_follow(mix_penc *e, const int16_t *pcm);

#endif
