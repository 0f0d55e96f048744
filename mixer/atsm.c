#include "mixer/atsm.h"

#include <string.h>

#include "mixer/aplc.h"

enum {
    LAG_MIN = 120, /* 2.5 ms */
    SPAN = 480,    /* samples compared */
    QUIET = 60,    /* mean absolute level under which any place will do: about -50 dBov */
};

/* The period to cut or repeat, 0 = none that would go unheard. */
static unsigned find_period(const int16_t *pcm, bool force)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < MIX_TSM_MAX + SPAN; i++) {
        sum += pcm[i] < 0 ? -pcm[i] : pcm[i];
    }
    if (sum < (int64_t)QUIET * (MIX_TSM_MAX + SPAN)) {
        return MIX_TSM_MAX;
    }
    double likeness = 0;
    unsigned lag = mix_pitch_lag(pcm, LAG_MIN, MIX_TSM_MAX, SPAN, &likeness);
    return force || likeness > 0.8 ? lag : 0;
}

static int16_t blend(int16_t from, int16_t to, unsigned i, unsigned n)
{
    return (int16_t)(((int32_t)from * (int32_t)(n - i) + (int32_t)to * (int32_t)i) / (int32_t)n);
}

unsigned mix_tsm_squeeze(int16_t *pcm, unsigned n, bool force)
{
    unsigned lag = n >= MIX_TSM_MAX + SPAN ? find_period(pcm, force) : 0;
    if (lag == 0) {
        return 0;
    }
    for (unsigned i = 0; i < lag; i++) {
        pcm[i] = blend(pcm[i], pcm[i + lag], i, lag);
    }
    memmove(pcm + lag, pcm + 2 * lag, (n - 2 * lag) * sizeof *pcm);
    return lag;
}

unsigned mix_tsm_stretch(int16_t *pcm, unsigned n, bool force)
{
    unsigned lag = n >= MIX_TSM_MAX + SPAN ? find_period(pcm, force) : 0;
    if (lag == 0) {
        return 0;
    }
    /* x[0..lag), then x[lag..2lag) turning into x[0..lag), then on from x[lag]. */
    memmove(pcm + 2 * lag, pcm + lag, (n - lag) * sizeof *pcm);
    for (unsigned i = 0; i < lag; i++) {
        pcm[lag + i] = blend(pcm[2 * lag + i], pcm[i], i, lag);
    }
    return lag;
}
