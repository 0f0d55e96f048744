/* astream.h - what one distinct mix of a room carries from tick to tick, for whoever hears it: limiter, how far the others are
 * softened, and the encoder. A copy goes on exactly where the original is, so nobody hears that a mix became two.
 * Thread: made and freed by the loop; else the audio clock's. */
#ifndef MIXER_ASTREAM_H
#define MIXER_ASTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "mixer/abus.h"
#include "mixer/aenc.h"
#include "mixer/limiter.h"
#include "mixer/pcm.h"

typedef struct mix_astream {
    mix_bus bus;
    mix_aenc *encoder; /* at 48 kHz, NULL at a telephone's rate */
    mix_limiter limiter;
    float gain;                       /* of those who are softened, 1 = as they are */
    uint64_t apart;                   /* slots of voices beside the sums that were in it last */
    uint64_t tick;                    /* somebody heard it then, and */
    unsigned members;                 /* so many */
    const struct mix_astream *copied; /* on that tick it began as a copy of this; NULL = it went on */
    int16_t pcm[MIX_BLOCK];
    int16_t before[MIX_BLOCK / 3]; /* what pcm was a tick ago, at a telephone's rate */
} mix_astream;

mix_astream *mix_astream_new(mix_bus bus, const mix_audio_config *config, GError **error);
void mix_astream_free(mix_astream *s);
void mix_astream_copy(mix_astream *to, const mix_astream *from);
void mix_astream_restart(mix_astream *s, bool softened); /* nobody has heard any of it */

/* The gain on its way to softened or not, over 20 ms in place. */
void mix_astream_soften(mix_astream *s, bool softened, int32_t *pcm);
float mix_astream_gain(bool softened); /* where it ends */

#endif
