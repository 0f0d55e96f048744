/* adec.h - one voice's decoder: Opus (libopus), G.711, G.722 (libavcodec) to int16 mono.  Thread: its owner's.
 * Never allocates after new for Opus and G.711. Input is a stranger's: anything may be in a packet. */
#ifndef MIXER_ADEC_H
#define MIXER_ADEC_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/media.h"
#include "mcu/base/status.h"

/* Length of a packet in samples at 48 kHz, 0 = malformed or longer than 120 ms. */
unsigned mix_adec_duration(mcu_codec codec, const uint8_t *data, size_t size);
/* Opus only: does it carry a low-rate copy of the frame before it (RFC 6716 4.2.5)? */
bool mix_adec_has_fec(mcu_codec codec, const uint8_t *data, size_t size);
/* Opus only: nothing but a TOC, so the sender goes silent (DTX). */
bool mix_adec_is_dtx(mcu_codec codec, size_t size);
/* Samples at 48 kHz for one unit of the codec's RTP clock: 1 or 6. G.722 counts 8 kHz (RFC 3551 4.5.2). */
unsigned mix_adec_ts_scale(mcu_codec codec);

typedef struct mix_adec mix_adec;
mix_adec *mix_adec_new(mcu_codec codec, GError **error); /* OPUS, PCMU, PCMA, G722 */
/* At the codec's own rate: 8 or 16 kHz for a telephone's, 48 for Opus. The other one gives 48 kHz whatever the codec is. */
mix_adec *mix_adec_new_line(mcu_codec codec, GError **error);
unsigned mix_adec_hz(const mix_adec *d);
void mix_adec_free(mix_adec *d);
/* G.711, G.722: `fn` may change what was decoded, at 8 or 16 kHz, before anything else is done with it. NULL = nobody. */
void mix_adec_on_narrow(mix_adec *d, void (*fn)(void *user, int16_t *pcm, unsigned n), void *user);
unsigned mix_adec_narrow_hz(mcu_codec codec); /* 8000, 16000; 0 for Opus */

/* `data` must be readable for MCU_AU_PADDING bytes past `size`. *n is how much it is at mix_adec_hz(); `out` holds 120 ms. A
 * packet that cannot be decoded gives MCU_EINVAL and *n concealed samples: time goes on. */
mcu_status mix_adec_decode(mix_adec *d, const uint8_t *data, size_t size, int16_t *out, unsigned *n);
/* The `n` samples before the packet `next`, from its in-band FEC. n a multiple of 120 (2.5 ms), at most MIX_PACKET_MAX. */
void mix_adec_fec(mix_adec *d, const uint8_t *next, size_t size, int16_t *out, unsigned n);
void mix_adec_conceal(mix_adec *d, int16_t *out, unsigned n); /* any n up to MIX_PACKET_MAX */

#endif
