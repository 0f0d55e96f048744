#include "mixer/astream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DOWN_BLOCKS = 3, UP_BLOCKS = 15 }; /* 60 ms down before a word is lost, 300 ms up so that no gap pumps */

static const float SOFTENED = 0.17783F; /* -15 dB */

mix_astream *mix_astream_new(mix_bus bus, const mix_audio_config *config, GError **error)
{
    mix_aenc *encoder = bus == MIX_BUS_48K ? mix_aenc_new(config, error) : NULL;
    if (bus == MIX_BUS_48K && !encoder) {
        return NULL;
    }
    mix_astream *s = g_new0(mix_astream, 1);
    s->bus = bus;
    s->encoder = encoder;
    mix_astream_restart(s, false);
    return s;
}

void mix_astream_free(mix_astream *s)
{
    if (s) {
        mix_aenc_free(s->encoder);
        g_free(s);
    }
}

void mix_astream_copy(mix_astream *to, const mix_astream *from)
{
    to->limiter = from->limiter;
    to->gain = from->gain;
    to->apart = from->apart;
    to->copied = from;
    memcpy(to->pcm, from->pcm, mix_bus_block(from->bus) * sizeof *from->pcm);
    if (to->encoder) {
        mix_aenc_copy(to->encoder, from->encoder);
    }
}

void mix_astream_restart(mix_astream *s, bool softened)
{
    mix_limiter_init(&s->limiter, mix_bus_hz(s->bus));
    s->gain = mix_astream_gain(softened);
    s->apart = 0;
    memset(s->pcm, 0, sizeof s->pcm);
}

float mix_astream_gain(bool softened)
{
    return softened ? SOFTENED : 1;
}

void mix_astream_soften(mix_astream *s, bool softened, int32_t *pcm)
{
    float from = s->gain;
    float to = softened ? fmaxf(from - (1 - SOFTENED) / DOWN_BLOCKS, SOFTENED) : fminf(from + (1 - SOFTENED) / UP_BLOCKS, 1);
    unsigned n = mix_bus_block(s->bus);
    for (unsigned i = 0; (from != 1 || to != 1) && i < n; i++) {
        pcm[i] = (int32_t)lrintf((float)pcm[i] * (from + (to - from) * (float)(i + 1) / (float)n));
    }
    s->gain = to;
}
