#include "mixer/limiter.h"

#include <math.h>
#include <string.h>

#include "mcu/base/scratch.h"
#include "mixer/pcm.h"

enum { SPAN_MAX = MIX_LIMITER_AHEAD + MIX_BLOCK, SIDE = MIX_LIMITER_SIDE, PHASES = 3, STRIDE = 16 };

static const float RELEASE_PER_S = 10;                           /* 100 ms to come back two thirds of the way */
static const float NEARLY_NONE = 0.0001F;                        /* of a reduction: it is over */
static const int32_t MAYBE_LOUD = MIX_LIMITER_CEILING * 10 / 17; /* what lies between samples is at most 1.68 times as loud */

static float lesser(float a, float b) /* fminf() is a call, for the sake of numbers that are none */
{
    return a < b ? a : b;
}

static float greater(float a, float b)
{
    return a > b ? a : b;
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

/* v[i] = the smallest of v[i..i+ahead], for a whole block: windows of twice the length until the last two overlap. */
static void window_minima(const mix_limiter *l, float *v)
{
    unsigned window = l->ahead + 1, span = l->ahead + l->block, length = 1;
    for (; 2 * length <= window; length *= 2) {
        for (unsigned i = 0; i + length < span; i++) {
            v[i] = lesser(v[i], v[i + length]);
        }
    }
    for (unsigned i = 0; i < l->block; i++) {
        v[i] = lesser(v[i], v[i + window - length]);
    }
}

/* The gain that a few samples need, each as loud as it is or as one of three points before the next: a sinc of eight taps, true
 * to 0.1 dB up to 16 kHz. Sample by sample inside, tap by tap outside, so that the processor does several at once. */
static void look_closely(const int32_t *samples, float *need)
{
    static const float between[PHASES][2 * SIDE] = {
        {-0.012372F, 0.050026F, -0.147928F, 0.893631F, 0.28005F, -0.086318F, 0.026931F, -0.004021F},
        {-0.010634F, 0.052582F, -0.15908F, 0.617131F, 0.617131F, -0.15908F, 0.052582F, -0.010634F},
        {-0.004021F, 0.026931F, -0.086318F, 0.28005F, 0.893631F, -0.147928F, 0.050026F, -0.012372F},
    };
    const int32_t *first = samples - (SIDE - 1);
    float taps[STRIDE + 2 * SIDE - 1];
    float peak[STRIDE];
    for (unsigned i = 0; i < STRIDE + 2 * SIDE - 1; i++) {
        taps[i] = (float)first[i];
    }
    for (unsigned i = 0; i < STRIDE; i++) {
        peak[i] = greater(fabsf(taps[i + SIDE - 1]), MIX_LIMITER_CEILING);
    }
    for (unsigned phase = 0; phase < PHASES; phase++) {
        float sum[STRIDE] = {0};
        for (unsigned k = 0; k < 2 * SIDE; k++) {
            for (unsigned i = 0; i < STRIDE; i++) {
                sum[i] += between[phase][k] * taps[i + k];
            }
        }
        for (unsigned i = 0; i < STRIDE; i++) {
            peak[i] = greater(fabsf(sum[i]), peak[i]);
        }
    }
    for (unsigned i = 0; i < STRIDE; i++) {
        need[i] = (float)MIX_LIMITER_CEILING / peak[i];
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
    return most > MAYBE_LOUD || least < -MAYBE_LOUD;
}

/* The gain that each new sample needs; few are near a loud one, for which it is worth looking. */
static void look(const mix_limiter *l, const int32_t *samples, float *need)
{
    for (unsigned i = l->ahead; i < l->ahead + l->block; i += STRIDE) {
        if (is_loud(samples + i - (SIDE - 1), STRIDE + 2 * SIDE - 1)) {
            look_closely(samples + i, need + i);
            continue;
        }
        for (unsigned k = 0; k < STRIDE; k++) {
            need[i + k] = 1;
        }
    }
}

static bool is_reduced(const float *gain, unsigned n)
{
    float least = 1;
    for (unsigned i = 0; i < n; i++) {
        least = lesser(gain[i], least);
    }
    return least < 1;
}

static int16_t apply(int32_t v, double gain)
{
    long out = lrint(v * gain);
    return (int16_t)(out > MIX_LIMITER_CEILING ? MIX_LIMITER_CEILING : out < -MIX_LIMITER_CEILING ? -MIX_LIMITER_CEILING : out);
}

/* What the gain may be at each sample: down at once, up slowly. `held` starts with the gains of before. */
static void hold(const mix_limiter *l, const float *least, float *held)
{
    float missing = 1 - held[l->ahead - 1];
    float keep = 1 - RELEASE_PER_S / 50 / (float)l->block;
    missing = missing < NEARLY_NONE ? 0 : missing;
    for (unsigned i = 0; i < l->block; i++) {
        missing = greater(missing * keep, 1 - least[i]);
        held[l->ahead + i] = 1 - missing;
    }
}

/* The smallest need in the window holds for the whole window; the average of as many such values is smooth and, because every one
 * of them saw the peak, never above what the sample that leaves needs. */
static void limit(mix_limiter *l, const int32_t *samples, float *need, int16_t *out)
{
    MCU_SCRATCH float held[SPAN_MAX];
    unsigned ahead = l->ahead;
    memcpy(held, l->held, ahead * sizeof *held);
    memcpy(l->need, need + l->block, ahead * sizeof *need);
    window_minima(l, need);
    hold(l, need, held);
    double sum = 0, share = 1.0 / (ahead + 1), leaves = 0;
    for (unsigned i = 0; i < ahead; i++) {
        sum += (double)held[i];
    }
    for (unsigned i = 0; i < l->block; i++) {
        sum += (double)held[i + ahead] - leaves;
        leaves = (double)held[i];
        out[i] = apply(samples[i], sum * share);
    }
    memcpy(l->held, held + l->block, ahead * sizeof *held);
    l->active = is_reduced(l->need, ahead) || is_reduced(l->held, ahead);
}

void mix_limiter_run(mix_limiter *l, const int32_t *in, int16_t *out)
{
    MCU_SCRATCH int32_t samples[SPAN_MAX + SIDE]; /* what leaves, then what stays */
    MCU_SCRATCH float need[SPAN_MAX];
    unsigned waiting = l->ahead + SIDE;
    memcpy(samples, l->delay, waiting * sizeof *in);
    memcpy(samples + waiting, in, l->block * sizeof *in);
    memcpy(l->delay, samples + l->block, waiting * sizeof *in);
    if (l->active || is_loud(samples + l->ahead - (SIDE - 1), l->block + 2 * SIDE - 1)) {
        memcpy(need, l->need, l->ahead * sizeof *need);
        look(l, samples, need);
        if (l->active || is_reduced(need + l->ahead, l->block)) {
            limit(l, samples, need, out);
            return;
        }
    }
    for (unsigned i = 0; i < l->block; i++) {
        out[i] = (int16_t)samples[i];
    }
}
