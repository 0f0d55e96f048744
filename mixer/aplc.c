#include "mixer/aplc.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "mcu/base/scratch.h"
#include "mixer/pcm.h"

enum {
    /* At 48 kHz. */
    LAG_MIN = 120,        /* 400 Hz */
    LAG_MAX = 720,        /* 67 Hz */
    BLEND = 240,          /* 5 ms from the made-up to the real */
    HOLD = MIX_BLOCK / 2, /* full level for 10 ms ... */
    FADE = 3 * MIX_BLOCK, /* ... then to nothing in 60 ms */

    POINTS_MAX = MIX_APLC_HISTORY / 6, /* of MIX_PITCH_STEP */
    LANES = 8,
};

static float product(const float *a, const float *b, unsigned n)
{
    float sum[LANES] = {0}; /* side by side: one alone would wait for itself */
    unsigned i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (unsigned k = 0; k < LANES; k++) {
            sum[k] += a[i + k] * b[i + k];
        }
    }
    for (; i < n; i++) {
        sum[0] += a[i] * b[i];
    }
    float all = 0;
    for (unsigned k = 0; k < LANES; k++) {
        all += sum[k];
    }
    return all;
}

unsigned mix_pitch_lag(const int16_t *x, unsigned min, unsigned max, unsigned span, unsigned step, double *likeness)
{
    MCU_SCRATCH float points[POINTS_MAX]; /* of the grid */
    unsigned compared = (span + step - 1) / step, n = max / step + compared, first = min / step;
    g_assert(min % step == 0 && n <= POINTS_MAX);
    for (unsigned i = 0; i < n; i++) {
        points[i] = x[i * step];
    }
    double energy = (double)product(points, points, compared);
    double other = (double)product(points + first, points + first, compared);
    unsigned best = first;
    double best_score = -1;
    for (unsigned lag = first; lag <= max / step; lag++) {
        double score = energy > 0 && other >= 1 ? (double)product(points, points + lag, compared) / sqrt(energy * other) : 0;
        if (score > best_score) {
            best_score = score;
            best = lag;
        }
        if (lag < max / step) {
            double leaves = (double)points[lag], comes = (double)points[lag + compared];
            other += comes * comes - leaves * leaves;
        }
    }
    if (likeness) {
        *likeness = best_score;
    }
    return best * step;
}

void mix_aplc_init(mix_aplc *p, unsigned hz)
{
    *p = (mix_aplc){.unit = mix_unit(hz)};
}

static unsigned history(const mix_aplc *p)
{
    return MIX_APLC_HISTORY / p->unit;
}

static int16_t next_sample(mix_aplc *p)
{
    unsigned hold = HOLD / p->unit, fade = FADE / p->unit;
    int16_t s = p->history[history(p) - p->lag + p->phase];
    p->phase = p->phase + 1 < p->lag ? p->phase + 1 : 0;
    unsigned age = p->concealed++;
    if (age < hold) {
        return s;
    }
    return age - hold >= fade ? 0 : (int16_t)((int32_t)s * (int32_t)(fade - (age - hold)) / (int32_t)fade);
}

static void start(mix_aplc *p)
{
    /* The newest LAG_MAX + span samples, compared with themselves one lag later. */
    unsigned most = LAG_MAX / p->unit, span = history(p) - most;
    p->lag = mix_pitch_lag(p->history, LAG_MIN / p->unit, most, span, MIX_PITCH_STEP(p->unit), NULL);
    p->phase = 0;
    p->concealed = 0;
}

void mix_aplc_conceal(mix_aplc *p, int16_t *out, unsigned n)
{
    if (p->lag == 0) {
        start(p);
    }
    for (unsigned i = 0; i < n; i++) {
        out[i] = next_sample(p);
    }
}

void mix_aplc_good(mix_aplc *p, int16_t *pcm, unsigned n)
{
    unsigned kept = history(p);
    if (p->lag != 0) {
        unsigned blend = n < BLEND / p->unit ? n : BLEND / p->unit;
        for (unsigned i = 0; i < blend; i++) {
            int32_t made = next_sample(p);
            pcm[i] = (int16_t)((made * (int32_t)(blend - i) + pcm[i] * (int32_t)i) / (int32_t)blend);
        }
        p->lag = 0;
    }
    if (n >= kept) {
        memcpy(p->history, pcm + n - kept, kept * sizeof *pcm);
        return;
    }
    memmove(p->history, p->history + n, (kept - n) * sizeof *pcm);
    memcpy(p->history + kept - n, pcm, n * sizeof *pcm);
}
