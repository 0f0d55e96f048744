#include "mixer/atsm.h"

#include <string.h>

#include "mixer/aplc.h"
#include "mixer/pcm.h"

enum {
    /* At 48 kHz. */
    LAG_MIN = 120, /* 2.5 ms */
    SPAN = 480,    /* samples compared */
    QUIET = 60,    /* mean absolute level under which any place will do: about -50 dBov */
};

/* The period to cut or repeat, 0 = none that would go unheard. */
static unsigned find_period(const int16_t *pcm, unsigned unit, mix_tsm_where where)
{
    unsigned most = MIX_TSM_MAX / unit, span = SPAN / unit;
    int64_t sum = 0;
    for (unsigned i = 0; i < most + span; i++) {
        sum += pcm[i] < 0 ? -pcm[i] : pcm[i];
    }
    if (sum < (int64_t)QUIET * (most + span)) {
        return most;
    }
    if (where == MIX_TSM_PAUSES) {
        return 0;
    }
    double likeness = 0;
    unsigned lag = mix_pitch_lag(pcm, LAG_MIN / unit, most, span, MIX_PITCH_STEP(unit), &likeness);
    return where == MIX_TSM_ANYWHERE || likeness > 0.8 ? lag : 0;
}

static int16_t blend(int16_t from, int16_t to, unsigned i, unsigned n)
{
    return (int16_t)(((int32_t)from * (int32_t)(n - i) + (int32_t)to * (int32_t)i) / (int32_t)n);
}

unsigned mix_tsm_squeeze(int16_t *pcm, unsigned n, unsigned hz, mix_tsm_where where)
{
    unsigned unit = mix_unit(hz);
    unsigned lag = n * unit >= MIX_TSM_MAX + SPAN ? find_period(pcm, unit, where) : 0;
    if (lag == 0) {
        return 0;
    }
    for (unsigned i = 0; i < lag; i++) {
        pcm[i] = blend(pcm[i], pcm[i + lag], i, lag);
    }
    memmove(pcm + lag, pcm + 2 * lag, (n - 2 * lag) * sizeof *pcm);
    return lag;
}

unsigned mix_tsm_stretch(int16_t *pcm, unsigned n, unsigned hz, mix_tsm_where where)
{
    unsigned unit = mix_unit(hz);
    unsigned lag = n * unit >= MIX_TSM_MAX + SPAN ? find_period(pcm, unit, where) : 0;
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
