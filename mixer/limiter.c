#include "mixer/limiter.h"

#include <math.h>
#include <string.h>

#include "mixer/pcm.h"

enum { SPAN_MAX = MIX_LIMITER_AHEAD + MIX_BLOCK, SIDE = MIX_LIMITER_SIDE, PHASES = 3 };

static const float RELEASE_PER_S = 10; /* 100 ms to come back two thirds of the way */
static const float UNITY = 0.9999F;
static const int32_t MAYBE_LOUD = MIX_LIMITER_CEILING * 10 / 17; /* what lies between samples is at most 1.68 times as loud */

static float lesser(float a, float b) /* fminf() is a call, for the sake of numbers that are none */
{
    return a < b ? a : b;
}

void mix_limiter_init(mix_limiter *l, unsigned hz)
{
    memset(l, 0, sizeof *l);
    l->ahead = MIX_LIMITER_AHEAD / mix_unit(hz);
    l->block = MIX_BLOCK / mix_unit(hz);
    for (unsigned i = 0; i < l->ahead; i++) {
        l->need[i] = 1;
        l->held[i] = 1;
    }
}

/* min[i] = the smallest of v[i..i+ahead], for a whole block: van Herk's way, two comparisons a sample whatever the window. */
static void window_minima(const mix_limiter *l, const float *v, float *min)
{
    float before[SPAN_MAX]; /* the smallest since the window's begin, windows side by side */
    float after[SPAN_MAX];  /* and until its end */
    unsigned window = l->ahead + 1, span = l->ahead + l->block;
    for (unsigned begin = 0; begin < span; begin += window) {
        unsigned end = begin + window < span ? begin + window : span;
        before[begin] = v[begin];
        for (unsigned i = begin + 1; i < end; i++) {
            before[i] = lesser(before[i - 1], v[i]);
        }
        after[end - 1] = v[end - 1];
        for (unsigned i = end - 1; i-- > begin;) {
            after[i] = lesser(after[i + 1], v[i]);
        }
    }
    for (unsigned i = 0; i < l->block; i++) {
        min[i] = lesser(after[i], before[i + l->ahead]);
    }
}

/* Of this sample and of three points before the next: a sinc of eight taps, true to 0.1 dB up to 16 kHz. */
static float peak_from(const int32_t *sample)
{
    static const float between[PHASES][2 * SIDE] = {
        {-0.012372F, 0.050026F, -0.147928F, 0.893631F, 0.28005F, -0.086318F, 0.026931F, -0.004021F},
        {-0.010634F, 0.052582F, -0.15908F, 0.617131F, 0.617131F, -0.15908F, 0.052582F, -0.010634F},
        {-0.004021F, 0.026931F, -0.086318F, 0.28005F, 0.893631F, -0.147928F, 0.050026F, -0.012372F},
    };
    const int32_t *first = sample - (SIDE - 1);
    float peak = fabsf((float)*sample);
    for (unsigned phase = 0; phase < PHASES; phase++) {
        float sum = 0;
        for (unsigned k = 0; k < 2 * SIDE; k++) {
            sum += between[phase][k] * (float)first[k];
        }
        sum = fabsf(sum);
        peak = sum > peak ? sum : peak;
    }
    return peak;
}

static bool may_be_loud(int32_t sample)
{
    return sample > MAYBE_LOUD || sample < -MAYBE_LOUD;
}

/* The gain that each new sample needs; few are near one for which it is worth looking. */
static void look(const mix_limiter *l, const int32_t *samples, float *need)
{
    unsigned ahead = l->ahead, span = ahead + l->block, near = 0; /* samples before this one have a loud one among their taps */
    for (unsigned newest = ahead - (SIDE - 1); newest < span + SIDE; newest++) {
        near = may_be_loud(samples[newest]) ? newest + SIDE : near;
        if (newest >= ahead + SIDE) {
            unsigned i = newest - SIDE;
            float peak = i < near ? peak_from(samples + i) : 0;
            need[i] = peak > MIX_LIMITER_CEILING ? (float)MIX_LIMITER_CEILING / peak : 1;
        }
    }
}

static int16_t apply(int32_t v, double gain)
{
    long out = lrint(v * gain);
    return (int16_t)(out > MIX_LIMITER_CEILING ? MIX_LIMITER_CEILING : out < -MIX_LIMITER_CEILING ? -MIX_LIMITER_CEILING : out);
}

/* What the gain may be at each sample: down at once, up slowly. `held` starts with the gains of before. */
static void hold(const mix_limiter *l, const float *least, float *held)
{
    float gain = held[l->ahead - 1];
    float release = RELEASE_PER_S / 50 / (float)l->block;
    for (unsigned i = 0; i < l->block; i++) {
        gain += (1 - gain) * release;
        gain = gain > UNITY ? 1 : gain;
        gain = lesser(gain, least[i]);
        held[l->ahead + i] = gain;
    }
}

/* The smallest need in the window holds for the whole window; the average of as many such values is smooth and, because every one
 * of them saw the peak, never above what the sample that leaves needs. */
static void limit(mix_limiter *l, const int32_t *samples, int16_t *out)
{
    float need[SPAN_MAX];
    float held[SPAN_MAX];
    float least[MIX_BLOCK];
    unsigned ahead = l->ahead;
    memcpy(need, l->need, ahead * sizeof *need);
    memcpy(held, l->held, ahead * sizeof *held);
    look(l, samples, need);
    window_minima(l, need, least);
    hold(l, least, held);
    double sum = 0, share = 1.0 / (ahead + 1);
    for (unsigned i = 0; i < ahead; i++) {
        sum += (double)held[i];
    }
    for (unsigned i = 0; i < l->block; i++) {
        sum += (double)held[i + ahead];
        out[i] = apply(samples[i], sum * share);
        sum -= (double)held[i];
    }
    memcpy(l->need, need + l->block, ahead * sizeof *need);
    memcpy(l->held, held + l->block, ahead * sizeof *held);
    l->active = false;
    for (unsigned i = 0; i < ahead && !l->active; i++) {
        l->active = l->need[i] < 1 || l->held[i] < 1;
    }
}

static bool is_loud(const int32_t *samples, unsigned n)
{
    int32_t most = 0;
    int32_t least = 0;
    for (unsigned i = 0; i < n; i++) {
        most = samples[i] > most ? samples[i] : most;
        least = samples[i] < least ? samples[i] : least;
    }
    return may_be_loud(most) || may_be_loud(least);
}

void mix_limiter_run(mix_limiter *l, const int32_t *in, int16_t *out)
{
    int32_t samples[SPAN_MAX + SIDE]; /* what leaves, then what stays */
    unsigned waiting = l->ahead + SIDE;
    memcpy(samples, l->delay, waiting * sizeof *in);
    memcpy(samples + waiting, in, l->block * sizeof *in);
    memcpy(l->delay, samples + l->block, waiting * sizeof *in);
    if (l->active || is_loud(samples + l->ahead, l->block + SIDE)) {
        limit(l, samples, out);
        return;
    }
    for (unsigned i = 0; i < l->block; i++) {
        out[i] = (int16_t)samples[i];
    }
}
