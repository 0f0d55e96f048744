/* aenc.h - one Opus encoder: 48 kHz mono, 20 ms with in-band FEC, or what thin lines take.  Thread: its owner's.
 * Its state is one flat block: a copy carries on exactly where the original is, so a listener who is moved from one to the other
 * hears no seam. Beside it is one for heart and lungs: Opus cuts what is below a voice unless it is told that this is no voice,
 * and it can be told only once, so both run for a moment before one takes over. */
#ifndef MIXER_AENC_H
#define MIXER_AENC_H

#include <glib.h>

#include "mcu/base/media.h"
#include "mixer/audio.h"

typedef struct mix_aenc mix_aenc;
mix_aenc *mix_aenc_new(const mix_audio_config *config, GError **error); /* NULL = defaults */
/* For a line on which headers weigh more than the sound: MIX_PROFILE_LONG until it takes another one. */
mix_aenc *mix_aenc_new_thin(const mix_audio_config *config, GError **error);
void mix_aenc_free(mix_aenc *e);
void mix_aenc_copy(mix_aenc *to, const mix_aenc *from); /* both from the same config */
void mix_aenc_clinical(mix_aenc *e, bool clinical); /* from 60 ms later on: everything from 3 Hz to 20 kHz; not of a thin one */
void mix_aenc_take_profile(mix_aenc *e, mix_audio_profile profile); /* of a thin one; only between packets */
bool mix_aenc_is_between(const mix_aenc *e);                        /* holds the beginning of a packet */
/* MIX_BLOCK samples. NULL = no memory, or the packet is not full yet. */
mcu_au *mix_aenc_encode(mix_aenc *e, const int16_t *pcm, uint32_t ts48k, int64_t time_ns);

#endif
