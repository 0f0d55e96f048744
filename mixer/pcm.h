/* pcm.h - the shape of sound inside the mixer: int16 mono 48 kHz, in blocks of 20 ms.  Thread: any.
 * Telephones keep the rate that they have, 8 or 16 kHz: what belongs to one is measured in its own samples. */
#ifndef MIXER_PCM_H
#define MIXER_PCM_H

#include <stdint.h>

#define MIX_RATE 48000
#define MIX_BLOCK 960 /* samples of one tick */
#define MIX_BLOCK_NS INT64_C(20000000)
#define MIX_PACKET_MAX 5760 /* samples of the longest packet: 120 ms */

/* Samples at 48 kHz for one at `hz`: 1, 3 or 6. Every length in here is a multiple of it. */
static inline unsigned mix_unit(unsigned hz)
{
    return MIX_RATE / hz;
}

static inline int16_t mix_clip16(int32_t v)
{
    return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

#endif
