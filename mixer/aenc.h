/* aenc.h - one Opus encoder: 48 kHz mono, 20 ms, in-band FEC.  Thread: its owner's.
 * Its state is one flat block: a copy carries on exactly where the original is, so a listener who is moved from one to the other
 * hears no seam. */
#ifndef MIXER_AENC_H
#define MIXER_AENC_H

#include <glib.h>

#include "mcu/base/media.h"
#include "mixer/audio.h"

typedef struct mix_aenc mix_aenc;
mix_aenc *mix_aenc_new(const mix_audio_config *config, GError **error); /* NULL = defaults */
void mix_aenc_free(mix_aenc *e);
void mix_aenc_copy(mix_aenc *to, const mix_aenc *from); /* both from the same config */
/* MIX_BLOCK samples. NULL = no memory. */
mcu_au *mix_aenc_encode(mix_aenc *e, const int16_t *pcm, uint32_t ts48k, int64_t time_ns);

#endif
