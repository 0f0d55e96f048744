#include "mixer/loudness.h"

#include <math.h>
#include <string.h>

#include "mixer/pcm.h"

static const double BLOCK_S = 0.02;
static const double MEMORY_S = 3;                            /* of talking */
static const double BEGIN_S = 0.3;                           /* of talking before anything is changed */
static const double GATE_LUFS = -60, GATE_POWER = 1.1725e-6; /* never a voice; the same as a power */
static const double RELATIVE_LU = 10, RELATIVE = 0.1;        /* under what was said so far: a pause, not a soft voice */
static const double SETTLED_DB = 0.5;
static const double UP_DB_S = 4, DOWN_DB_S = 12;
static const double OFFSET_LU = -0.691;
static const float PEAK_MOST = 29000;
static const double NOTHING_LUFS = -70;

/* BS.1770-4 tables 1 and 2 are for 48 kHz; these are the analogue filters behind them, for any rate. */
static void k_init(mix_k_filter *f, unsigned hz)
{
    double k = tan(M_PI * 1681.974450955533 / hz), q = 0.7071752369554196, gain = pow(10, 3.999843853973347 / 20);
    double bend = pow(gain, 0.4996667741545416), a0 = 1 + k / q + k * k;
    *f = (mix_k_filter){.high = {(float)((gain + bend * k / q + k * k) / a0), (float)(2 * (k * k - gain) / a0),
                                 (float)((gain - bend * k / q + k * k) / a0), (float)(2 * (k * k - 1) / a0),
                                 (float)((1 - k / q + k * k) / a0)}};
    k = tan(M_PI * 38.13547087602444 / hz);
    q = 0.5003270373238773;
    a0 = 1 + k / q + k * k;
    f->low[0] = (float)(2 * (k * k - 1) / a0);
    f->low[1] = (float)((1 - k / q + k * k) / a0);
}

static float k_weight(mix_k_filter *f, float x)
{
    float *state = f->state;
    float y = f->high[0] * x + state[0];
    state[0] = f->high[1] * x + state[1] - f->high[3] * y; /* what waits for y comes last */
    state[1] = f->high[2] * x - f->high[4] * y;
    float z = y + state[2];
    state[2] = state[3] - 2 * y - f->low[0] * z;
    state[3] = y - f->low[1] * z;
    return z;
}

static double block_power(mix_k_filter *filter, const int16_t *pcm, unsigned n)
{
    mix_k_filter f = *filter;
    float sum = 0;
    for (unsigned i = 0; i < n; i++) {
        float k = k_weight(&f, (float)pcm[i] / 32768);
        sum += k * k;
    }
    *filter = f;
    return n > 0 ? (double)sum / n : 0;
}

static double lufs(double power)
{
    return power > 0 ? fmax(OFFSET_LU + 10 * log10(power), NOTHING_LUFS) : NOTHING_LUFS;
}

void mix_loudness_init(mix_loudness *l, unsigned hz)
{
    *l = (mix_loudness){.block = MIX_BLOCK / mix_unit(hz), .gain = 1, .applied = 1};
    k_init(&l->filter, hz);
}

static void measure(mix_loudness *l, const int16_t *pcm)
{
    double power = block_power(&l->filter, pcm, l->block);
    double floor = l->heard_s > BEGIN_S ? fmax(l->power * RELATIVE, GATE_POWER) : GATE_POWER;
    if (power < floor) {
        return;
    }
    l->heard_s = fmin(l->heard_s + BLOCK_S, MEMORY_S);
    l->power += (power - l->power) * BLOCK_S / l->heard_s;
}

static void follow(mix_loudness *l)
{
    if (l->heard_s < BEGIN_S) {
        return;
    }
    double wanted_db = fmin(fmax(MIX_LOUDNESS_LUFS - lufs(l->power), -MIX_LOUDNESS_DOWN_DB), MIX_LOUDNESS_UP_DB);
    double step_db = wanted_db - l->gain_db;
    if (fabs(step_db) < SETTLED_DB) {
        return;
    }
    l->gain_db += fmin(fmax(step_db, -DOWN_DB_S * BLOCK_S), UP_DB_S * BLOCK_S);
    l->gain = (float)pow(10, l->gain_db / 20);
}

static void apply(mix_loudness *l, int16_t *pcm)
{
    float gain = l->gain;
    int peak = 0;
    for (unsigned i = 0; i < l->block; i++) {
        int a = pcm[i] < 0 ? -pcm[i] : pcm[i];
        peak = a > peak ? a : peak;
    }
    gain = (float)peak * gain > PEAK_MOST ? PEAK_MOST / (float)peak : gain; /* a shout is not raised into clipping */
    float from = l->applied;
    if (from == 1 && gain == 1) {
        return;
    }
    float step = (gain - from) / (float)l->block;
    for (int i = 0; i < (int)l->block; i++) {
        float v = (float)pcm[i] * (from + step * (float)(i + 1));
        pcm[i] = mix_clip16((int32_t)(v + copysignf(0.5F, v))); /* lrintf() takes one sample at a time */
    }
    l->applied = gain;
}

void mix_loudness_run(mix_loudness *l, int16_t *pcm, bool voice)
{
    if (voice) {
        measure(l, pcm);
        follow(l);
    }
    apply(l, pcm);
}

double mix_loudness_measure(const int16_t *pcm, unsigned n)
{
    double gate = GATE_LUFS;
    for (unsigned pass = 0; pass < 2; pass++) {
        mix_k_filter filter;
        double sum = 0;
        unsigned count = 0;
        k_init(&filter, MIX_RATE);
        for (unsigned at = 0; at + MIX_BLOCK <= n; at += MIX_BLOCK) {
            double power = block_power(&filter, pcm + at, MIX_BLOCK);
            if (lufs(power) >= gate) {
                sum += power;
                count++;
            }
        }
        if (count == 0) {
            return NOTHING_LUFS;
        }
        gate = lufs(sum / count) - RELATIVE_LU;
        if (pass == 1) {
            return lufs(sum / count);
        }
    }
    return NOTHING_LUFS;
}
