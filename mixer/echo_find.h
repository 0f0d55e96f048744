/* echo_find.h - is what comes from a line an echo of what was sent to it?  Thread: its owner's; pure.
 * Compares the signs of both, 2000 a second, at every delay up to MIX_ECHO_FIND_BLOCKS of 20 ms (a polarity coincidence
 * correlator): two people who talk at once agree by chance half of the time, an echo does much more often, and at one delay; two
 * tones may do so as well, but then at many. A fiftieth of what it costs to cancel one. */
#ifndef MIXER_ECHO_FIND_H
#define MIXER_ECHO_FIND_H

#include <stdbool.h>
#include <stdint.h>

#define MIX_ECHO_FIND_BLOCKS 16
#define MIX_ECHO_SIGNS 40 /* a block of 20 ms */

#define MIX_ECHO_PHASES 4 /* a tick looks at every fourth delay */

typedef struct {
    unsigned phase;
    float likeness[MIX_ECHO_PHASES][MIX_ECHO_FIND_BLOCKS * MIX_ECHO_SIGNS / MIX_ECHO_PHASES]; /* 0 = chance, 1 = the same */
    float most[MIX_ECHO_PHASES], squares[MIX_ECHO_PHASES]; /* of them: the largest, and the sum */
} mix_echo_find;                                           /* zero-initialise */

/* The signs of a block of `n` samples, the first in bit 0; n a multiple of MIX_ECHO_SIGNS. */
uint64_t mix_echo_signs(const int16_t *pcm, unsigned n);
/* `sent`: the signs of the MIX_ECHO_FIND_BLOCKS blocks before the one that came and of the one that was sent when it came. */
void mix_echo_find_push(mix_echo_find *f, const uint64_t sent[MIX_ECHO_FIND_BLOCKS + 1], uint64_t came);
bool mix_echo_find_likely(const mix_echo_find *f);

#endif
