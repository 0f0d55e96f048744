#include "mixer/resample.h"

#include <math.h>
#include <speex/speex_resampler.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/pcm.h"

enum { QUALITY = 4 }; /* 64 taps at this ratio: flat to 3.4 kHz of a telephone voice, images below -60 dB */

struct mix_resample {
    SpeexResamplerState *state;
    unsigned up, down; /* one of them is 1 */
};

mix_resample *mix_resample_new(unsigned from_hz, unsigned to_hz)
{
    if (from_hz == 0 || to_hz == 0 || (from_hz % to_hz != 0 && to_hz % from_hz != 0)) {
        return NULL;
    }
    mix_resample *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    int error = 0;
    r->up = to_hz > from_hz ? to_hz / from_hz : 1;
    r->down = from_hz > to_hz ? from_hz / to_hz : 1;
    r->state = speex_resampler_init(1, from_hz, to_hz, QUALITY, &error);
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

void mix_resample_sum(mix_resample *r, const int32_t *in, unsigned n, int32_t *out)
{
    float from[MIX_BLOCK] = {0};
    float to[MIX_BLOCK] = {0};
    unsigned whole = n * r->up / r->down;
    for (unsigned i = 0; i < n; i++) {
        from[i] = (float)in[i];
    }
    spx_uint32_t used = n;
    spx_uint32_t made = whole;
    if (speex_resampler_process_float(r->state, 0, from, &used, to, &made) != RESAMPLER_ERR_SUCCESS) {
        made = 0;
    }
    for (unsigned i = 0; i < whole; i++) {
        out[i] = i < made ? (int32_t)lrintf(to[i]) : 0;
    }
}

void mix_resample_reset(mix_resample *r)
{
    speex_resampler_reset_mem(r->state);
}
