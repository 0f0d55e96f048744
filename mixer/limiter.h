/* limiter.h - look-ahead peak limiter: a 32-bit sum in, int16 that never passes -1 dBFS out.  Thread: its owner's.
 * Delays by 2.5 ms. A plain struct: copying it copies its state. */
#ifndef MIXER_LIMITER_H
#define MIXER_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#define MIX_LIMITER_AHEAD 120     /* at 48 kHz */
#define MIX_LIMITER_CEILING 29203 /* -1 dBFS, rounded down */

typedef struct {
    unsigned ahead, block;            /* samples at its rate */
    int32_t delay[MIX_LIMITER_AHEAD]; /* samples not yet out, oldest first */
    float need[MIX_LIMITER_AHEAD];    /* the gain that each of them needs, 0..1 */
    float held[MIX_LIMITER_AHEAD];    /* gains before averaging, of the newest samples */
    bool active;                      /* something of this is below 1 */
} mix_limiter;

void mix_limiter_init(mix_limiter *l, unsigned hz);
void mix_limiter_run(mix_limiter *l, const int32_t *in, int16_t *out); /* 20 ms */

#endif
