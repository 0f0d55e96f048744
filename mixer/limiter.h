/* limiter.h - look-ahead true-peak limiter: a 32-bit sum in, int16 that never passes -1 dBTP out, between samples neither
 * (BS.1770-4 annex 2).  Thread: its owner's. Delays by 2.5 ms and 4 samples. A plain struct: copying it copies its state. */
#ifndef MIXER_LIMITER_H
#define MIXER_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#define MIX_LIMITER_AHEAD 120     /* at 48 kHz */
#define MIX_LIMITER_SIDE 4        /* samples on each side that say what is between two */
#define MIX_LIMITER_CEILING 29000 /* -1.06 dBFS: rounding and what four points between samples miss */

typedef struct {
    unsigned ahead, block;                               /* samples at its rate */
    int32_t delay[MIX_LIMITER_AHEAD + MIX_LIMITER_SIDE]; /* samples not yet out, oldest first */
    float need[MIX_LIMITER_AHEAD];                       /* the gain that each of them needs, 0..1 */
    float held[MIX_LIMITER_AHEAD];                       /* gains before averaging, of the newest samples */
    bool active;                                         /* something of this is below 1 */
} mix_limiter;

void mix_limiter_init(mix_limiter *l, unsigned hz);
void mix_limiter_run(mix_limiter *l, const int32_t *in, int16_t *out); /* 20 ms */

#endif
