/* limiter.h - look-ahead peak limiter: a 32-bit sum in, int16 that never passes -1 dBFS out.  Thread: its owner's.
 * Delays by MIX_LIMITER_AHEAD samples. A plain struct: copying it copies its state. */
#ifndef MIXER_LIMITER_H
#define MIXER_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#define MIX_LIMITER_AHEAD 120     /* 2.5 ms */
#define MIX_LIMITER_CEILING 29203 /* -1 dBFS, rounded down */

typedef struct {
    int32_t delay[MIX_LIMITER_AHEAD];
    float need[MIX_LIMITER_AHEAD + 1]; /* gain that each sample of the window needs */
    float held[MIX_LIMITER_AHEAD + 1]; /* gains to average over */
    double held_sum;
    float gain; /* after release, before averaging */
    unsigned need_at, held_at, delay_at;
    unsigned active; /* samples until everything inside is at unity again; 0 = fast path */
} mix_limiter;

void mix_limiter_init(mix_limiter *l);
void mix_limiter_run(mix_limiter *l, const int32_t *in, int16_t *out, unsigned n);

#endif
