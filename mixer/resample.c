#include "mixer/resample.h"

#include <speex/speex_resampler.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/pcm.h"

enum { QUALITY = 4 }; /* 64 taps at this ratio: flat to 3.4 kHz of a telephone voice, images below -60 dB */

struct mix_resample {
    SpeexResamplerState *state;
    unsigned factor;
};

mix_resample *mix_resample_new(unsigned from_hz)
{
    if (from_hz == 0 || MIX_RATE % from_hz != 0) {
        return NULL;
    }
    mix_resample *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    int error = 0;
    r->factor = MIX_RATE / from_hz;
    r->state = speex_resampler_init(1, from_hz, MIX_RATE, QUALITY, &error);
    if (!r->state) {
        free(r);
        return NULL;
    }
    return r;
}

void mix_resample_free(mix_resample *r)
{
    if (!r) {
        return;
    }
    speex_resampler_destroy(r->state);
    free(r);
}

unsigned mix_resample_run(mix_resample *r, const int16_t *in, unsigned n, int16_t *out)
{
    spx_uint32_t used = n;
    spx_uint32_t made = n * r->factor;
    if (speex_resampler_process_int(r->state, 0, in, &used, out, &made) != RESAMPLER_ERR_SUCCESS) {
        made = 0;
    }
    /* A whole factor keeps the phase: this is all of it. Should it ever fall short, time still goes on. */
    if (made < n * r->factor) {
        memset(out + made, 0, (n * r->factor - made) * sizeof *out);
    }
    return n * r->factor;
}
