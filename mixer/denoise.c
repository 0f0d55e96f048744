#include "mixer/denoise.h"

#include <speex/speex_preprocess.h>
#include <stdlib.h>

enum { NOISE_DOWN_DB = -18 }; /* more would be heard as a voice under water */

struct mix_denoise {
    SpeexPreprocessState *state;
};

mix_denoise *mix_denoise_new(unsigned hz)
{
    mix_denoise *d = calloc(1, sizeof *d);
    if (!d) {
        return NULL;
    }
    d->state = speex_preprocess_state_init((int)hz / 50, (int)hz);
    if (!d->state) {
        free(d);
        return NULL;
    }
    int on = 1;
    int off = 0;
    int down = NOISE_DOWN_DB;
    speex_preprocess_ctl(d->state, SPEEX_PREPROCESS_SET_DENOISE, &on);
    speex_preprocess_ctl(d->state, SPEEX_PREPROCESS_SET_NOISE_SUPPRESS, &down);
    speex_preprocess_ctl(d->state, SPEEX_PREPROCESS_SET_AGC, &off);
    return d;
}

void mix_denoise_free(mix_denoise *d)
{
    if (d) {
        speex_preprocess_state_destroy(d->state);
        free(d);
    }
}

void mix_denoise_run(mix_denoise *d, int16_t *pcm)
{
    speex_preprocess_run(d->state, pcm);
}
