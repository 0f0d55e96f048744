#include "mixer/aplc.h"

#include <math.h>
#include <string.h>

#include "mixer/pcm.h"

enum {
    STEP = 6,             /* compare on a grid of 8 kHz */
    LAG_MIN = 120,        /* 400 Hz */
    LAG_MAX = 720,        /* 67 Hz */
    BLEND = 240,          /* 5 ms from the made-up to the real */
    HOLD = MIX_BLOCK / 2, /* full level for 10 ms ... */
    FADE = 3 * MIX_BLOCK, /* ... then to nothing in 60 ms */
};

unsigned mix_pitch_lag(const int16_t *x, unsigned min, unsigned max, unsigned span, double *likeness)
{
    double energy = 0;
    for (unsigned i = 0; i < span; i += STEP) {
        energy += (double)x[i] * x[i];
    }
    unsigned best = min;
    double best_score = -1;
    for (unsigned lag = min; lag <= max; lag += STEP) {
        int64_t cross = 0;
        int64_t other = 0;
        for (unsigned i = 0; i < span; i += STEP) {
            cross += (int32_t)x[i] * x[i + lag];
            other += (int32_t)x[i + lag] * x[i + lag];
        }
        double score = energy > 0 && other > 0 ? (double)cross / sqrt(energy * (double)other) : 0;
        if (score > best_score) {
            best_score = score;
            best = lag;
        }
    }
    if (likeness) {
        *likeness = best_score;
    }
    return best;
}

static int16_t next_sample(mix_aplc *p)
{
    int16_t s = p->history[MIX_APLC_HISTORY - p->lag + p->phase];
    p->phase = p->phase + 1 < p->lag ? p->phase + 1 : 0;
    unsigned age = p->concealed++;
    if (age < HOLD) {
        return s;
    }
    return age - HOLD >= FADE ? 0 : (int16_t)((int32_t)s * (int32_t)(FADE - (age - HOLD)) / FADE);
}

static void start(mix_aplc *p)
{
    /* The newest LAG_MAX + span samples, compared with themselves one lag later. */
    unsigned span = MIX_APLC_HISTORY - LAG_MAX;
    p->lag = mix_pitch_lag(p->history, LAG_MIN, LAG_MAX, span, NULL);
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
    if (p->lag != 0) {
        unsigned blend = n < BLEND ? n : BLEND;
        for (unsigned i = 0; i < blend; i++) {
            int32_t made = next_sample(p);
            pcm[i] = (int16_t)((made * (int32_t)(blend - i) + pcm[i] * (int32_t)i) / (int32_t)blend);
        }
        p->lag = 0;
    }
    if (n >= MIX_APLC_HISTORY) {
        memcpy(p->history, pcm + n - MIX_APLC_HISTORY, sizeof p->history);
        return;
    }
    memmove(p->history, p->history + n, (MIX_APLC_HISTORY - n) * sizeof *pcm);
    memcpy(p->history + MIX_APLC_HISTORY - n, pcm, n * sizeof *pcm);
}
