#include "mixer/echo_find.h"

#include <math.h>
#include <string.h>

enum { PHASES = 4, BYTES = MIX_ECHO_SIGNS / 8 }; /* each tick a quarter of the delays */

static const float MEMORY = 1.0F / 16; /* of what was seen at a delay: 1.3 s */
static const float LIKELY = 0.3F;      /* chance alone stays below 0.15 */

uint64_t mix_echo_signs(const int16_t *pcm, unsigned n)
{
    unsigned each = n / MIX_ECHO_SIGNS;
    int32_t before = 0;
    uint64_t signs = 0;
    for (unsigned s = 0; s < MIX_ECHO_SIGNS; s++) {
        int32_t sum = 0;
        for (unsigned i = 0; i < each; i++) {
            sum += pcm[s * each + i];
        }
        signs |= (uint64_t)(sum > before) << s; /* of the change: a voice's pitch is in everything, its formants are its own */
        before = sum;
    }
    return signs;
}

static unsigned ones(uint64_t v)
{
    v -= v >> 1 & UINT64_C(0x5555555555555555);
    v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
    return (unsigned)(((v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f)) * UINT64_C(0x0101010101010101) >> 56);
}

void mix_echo_find_push(mix_echo_find *f, const uint64_t sent[MIX_ECHO_FIND_BLOCKS + 1], uint64_t came)
{
    static const uint64_t mask = (UINT64_C(1) << MIX_ECHO_SIGNS) - 1;
    uint8_t line[(MIX_ECHO_FIND_BLOCKS + 1) * BYTES + 8] = {0}; /* one row of signs */
    for (unsigned b = 0; b <= MIX_ECHO_FIND_BLOCKS; b++) {
        for (unsigned i = 0; i < BYTES; i++) {
            line[b * BYTES + i] = (uint8_t)(sent[b] >> (8 * i));
        }
    }
    f->phase = (f->phase + 1) % PHASES;
    for (unsigned delay = f->phase; delay < MIX_ECHO_FIND_BLOCKS * MIX_ECHO_SIGNS; delay += PHASES) {
        unsigned at = MIX_ECHO_FIND_BLOCKS * MIX_ECHO_SIGNS - delay;
        uint64_t then;
        memcpy(&then, line + at / 8, sizeof then);
        unsigned differ = ones((then >> at % 8 ^ came) & mask);
        f->likeness[delay] += (1 - 2 * (float)differ / MIX_ECHO_SIGNS - f->likeness[delay]) * MEMORY;
    }
}

bool mix_echo_find_likely(const mix_echo_find *f)
{
    for (unsigned delay = 0; delay < MIX_ECHO_FIND_BLOCKS * MIX_ECHO_SIGNS; delay++) {
        if (fabsf(f->likeness[delay]) > LIKELY) {
            return true;
        }
    }
    return false;
}
