#include "mixer/resample.h"

#include <speex/speex_resampler.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/pcm.h"

enum { QUALITY = 4 }; /* 64 taps at this ratio: flat to 3.4 kHz of a telephone voice, images below -60 dB */

struct mix_resample {
    SpeexResamplerState *state;
    unsigned up, down; /* one of them is 1 */
};

static mix_resample *new_between(unsigned from_hz, unsigned to_hz, unsigned narrow_hz)
{
    if (narrow_hz == 0 || MIX_RATE % narrow_hz != 0) {
        return NULL;
    }
    mix_resample *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    int error = 0;
    r->up = to_hz / narrow_hz;
    r->down = from_hz / narrow_hz;
    r->state = speex_resampler_init(1, from_hz, to_hz, QUALITY, &error);
    if (!r->state) {
        free(r);
        return NULL;
    }
    return r;
}

mix_resample *mix_resample_new(unsigned from_hz)
{
    return new_between(from_hz, MIX_RATE, from_hz);
}

mix_resample *mix_resample_new_down(unsigned to_hz)
{
    return new_between(MIX_RATE, to_hz, to_hz);
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
    unsigned whole = n * r->up / r->down;
    spx_uint32_t used = n;
    spx_uint32_t made = whole;
    if (speex_resampler_process_int(r->state, 0, in, &used, out, &made) != RESAMPLER_ERR_SUCCESS) {
        made = 0;
    }
    /* A whole factor keeps the phase: this is all of it. Should it ever fall short, time still goes on. */
    if (made < whole) {
        memset(out + made, 0, (whole - made) * sizeof *out);
    }
    return whole;
}
