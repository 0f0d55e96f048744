#include "mixer/limiter.h"

#include <math.h>
#include <string.h>

#include "mixer/pcm.h"

enum { AHEAD = MIX_LIMITER_AHEAD, WINDOW = AHEAD + 1, SPAN = AHEAD + MIX_BLOCK };

static const float RELEASE = 1.0F / 4800; /* 100 ms to come back two thirds of the way */
static const float UNITY = 0.9999F;

void mix_limiter_init(mix_limiter *l)
{
    memset(l, 0, sizeof *l);
    for (unsigned i = 0; i < AHEAD; i++) {
        l->need[i] = 1;
        l->held[i] = 1;
    }
}

/* min[i] = the smallest of v[i..i+AHEAD], for a whole block: van Herk's way, two comparisons a sample whatever the window. */
static void window_minima(const float *v, float *min)
{
    float before[SPAN];
    float after[SPAN];
    for (unsigned i = 0; i < SPAN; i++) {
        before[i] = i % WINDOW == 0 ? v[i] : fminf(before[i - 1], v[i]);
    }
    for (unsigned i = SPAN; i-- > 0;) {
        after[i] = i + 1 == SPAN || (i + 1) % WINDOW == 0 ? v[i] : fminf(after[i + 1], v[i]);
    }
    for (unsigned i = 0; i < MIX_BLOCK; i++) {
        min[i] = fminf(after[i], before[i + AHEAD]);
    }
}

static int16_t apply(int32_t v, double gain)
{
    long out = lrint(v * gain);
    return (int16_t)(out > MIX_LIMITER_CEILING ? MIX_LIMITER_CEILING : out < -MIX_LIMITER_CEILING ? -MIX_LIMITER_CEILING : out);
}

/* What the gain may be at each sample: down at once, up slowly. `held` starts with the gains of before. */
static void hold(const float *least, float *held)
{
    float gain = held[AHEAD - 1];
    for (unsigned i = 0; i < MIX_BLOCK; i++) {
        gain += (1 - gain) * RELEASE;
        gain = gain > UNITY ? 1 : gain;
        gain = fminf(gain, least[i]);
        held[AHEAD + i] = gain;
    }
}

/* The smallest need in the window holds for the whole window; the average of as many such values is smooth and, because every one
 * of them saw the peak, never above what the sample that leaves needs. */
static void limit(mix_limiter *l, const int32_t *samples, int16_t *out)
{
    float need[SPAN];
    float held[SPAN];
    float least[MIX_BLOCK];
    memcpy(need, l->need, sizeof l->need);
    memcpy(held, l->held, sizeof l->held);
    for (unsigned i = AHEAD; i < SPAN; i++) {
        int32_t peak = samples[i] < 0 ? -samples[i] : samples[i];
        need[i] = peak > MIX_LIMITER_CEILING ? (float)MIX_LIMITER_CEILING / (float)peak : 1;
    }
    window_minima(need, least);
    hold(least, held);
    double sum = 0;
    for (unsigned i = 0; i < AHEAD; i++) {
        sum += (double)held[i];
    }
    for (unsigned i = 0; i < MIX_BLOCK; i++) {
        sum += (double)held[i + AHEAD];
        out[i] = apply(samples[i], sum / WINDOW);
        sum -= (double)held[i];
    }
    memcpy(l->need, need + MIX_BLOCK, sizeof l->need);
    memcpy(l->held, held + MIX_BLOCK, sizeof l->held);
    l->active = false;
    for (unsigned i = 0; i < AHEAD && !l->active; i++) {
        l->active = l->need[i] < 1 || l->held[i] < 1;
    }
}

void mix_limiter_run(mix_limiter *l, const int32_t *in, int16_t *out)
{
    int32_t samples[SPAN]; /* what leaves, then what stays */
    memcpy(samples, l->delay, sizeof l->delay);
    memcpy(samples + AHEAD, in, MIX_BLOCK * sizeof *in);
    memcpy(l->delay, samples + MIX_BLOCK, sizeof l->delay);
    bool loud = l->active;
    for (unsigned i = AHEAD; i < SPAN && !loud; i++) {
        loud = samples[i] > MIX_LIMITER_CEILING || samples[i] < -MIX_LIMITER_CEILING;
    }
    if (loud) {
        limit(l, samples, out);
        return;
    }
    for (unsigned i = 0; i < MIX_BLOCK; i++) {
        out[i] = (int16_t)samples[i];
    }
}
