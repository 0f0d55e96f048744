#include "mixer/limiter.h"

#include <math.h>
#include <string.h>

enum { WINDOW = MIX_LIMITER_AHEAD + 1 };

static const float RELEASE = 1.0F / 4800; /* 100 ms to come back two thirds of the way */
static const float UNITY = 0.9999F;

void mix_limiter_init(mix_limiter *l)
{
    memset(l, 0, sizeof *l);
    l->gain = 1;
    for (unsigned i = 0; i < WINDOW; i++) {
        l->need[i] = 1;
        l->held[i] = 1;
    }
    l->held_sum = WINDOW;
}

static int32_t swap_delayed(mix_limiter *l, int32_t in)
{
    int32_t out = l->delay[l->delay_at];
    l->delay[l->delay_at] = in;
    l->delay_at = l->delay_at + 1 < MIX_LIMITER_AHEAD ? l->delay_at + 1 : 0;
    return out;
}

/* The smallest need in the window holds for the whole window; the average of as many such values is smooth and, because every one
 * of them saw the peak, never above what the sample that leaves needs. */
static float next_gain(mix_limiter *l, int32_t in)
{
    int32_t peak = in < 0 ? -in : in;
    l->need[l->need_at] = peak > MIX_LIMITER_CEILING ? (float)MIX_LIMITER_CEILING / (float)peak : 1;
    l->need_at = l->need_at + 1 < WINDOW ? l->need_at + 1 : 0;
    float least = 1;
    for (unsigned i = 0; i < WINDOW; i++) {
        least = l->need[i] < least ? l->need[i] : least;
    }
    l->gain += (1 - l->gain) * RELEASE;
    l->gain = least < l->gain ? least : l->gain;
    float held = l->gain > UNITY ? 1 : l->gain;
    l->held_sum += (double)held - (double)l->held[l->held_at];
    l->held[l->held_at] = held;
    l->held_at = l->held_at + 1 < WINDOW ? l->held_at + 1 : 0;
    return (float)(l->held_sum / WINDOW);
}

static int16_t apply(int32_t v, float gain)
{
    long out = lrintf((float)v * gain);
    return (int16_t)(out > MIX_LIMITER_CEILING ? MIX_LIMITER_CEILING : out < -MIX_LIMITER_CEILING ? -MIX_LIMITER_CEILING : out);
}

void mix_limiter_run(mix_limiter *l, const int32_t *in, int16_t *out, unsigned n)
{
    bool loud = false;
    for (unsigned i = 0; i < n && !loud; i++) {
        loud = in[i] > MIX_LIMITER_CEILING || in[i] < -MIX_LIMITER_CEILING;
    }
    if (!loud && l->active == 0) {
        for (unsigned i = 0; i < n; i++) {
            out[i] = (int16_t)swap_delayed(l, in[i]);
        }
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        float gain = next_gain(l, in[i]);
        out[i] = apply(swap_delayed(l, in[i]), gain);
        if (gain < UNITY || l->gain <= UNITY) {
            l->active = 2 * WINDOW;
        } else {
            l->active -= l->active > 0;
        }
    }
}
