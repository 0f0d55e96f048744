#include "mixer/echo_find.h"

#include <math.h>
#include <string.h>

enum { BYTES = MIX_ECHO_SIGNS / 8, DELAYS = MIX_ECHO_FIND_BLOCKS * MIX_ECHO_SIGNS };

static const float MEMORY = 1.0F / 16; /* of what was seen at a delay: 1.3 s */
/* Chance alone stays below 0.15; an echo in noise as loud is 0.45, a clean one 1. */
static const float LIKELY = 0.3F;
/* Times the mean of all delays: ten tones stay below 2.8, an echo of tones is 3.1, of a voice 10. */
static const float STANDS_OUT = 2.8F;

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
    f->phase = (f->phase + 1) % MIX_ECHO_PHASES;
    float most = 0;
    float squares = 0;
    for (unsigned i = 0; i < DELAYS / MIX_ECHO_PHASES; i++) {
        unsigned at = DELAYS - (i * MIX_ECHO_PHASES + f->phase);
        float *likeness = &f->likeness[f->phase][i];
        uint64_t then;
        memcpy(&then, line + at / 8, sizeof then);
        unsigned differ = ones((then >> at % 8 ^ came) & mask);
        *likeness += (1 - 2 * (float)differ / MIX_ECHO_SIGNS - *likeness) * MEMORY;
        most = fabsf(*likeness) > most ? fabsf(*likeness) : most;
        squares += *likeness * *likeness;
    }
    f->most[f->phase] = most;
    f->squares[f->phase] = squares;
}

bool mix_echo_find_likely(const mix_echo_find *f)
{
    float most = 0;
    float squares = 0;
    for (unsigned phase = 0; phase < MIX_ECHO_PHASES; phase++) {
        most = f->most[phase] > most ? f->most[phase] : most;
        squares += f->squares[phase];
    }
    return most > LIKELY && most * most > STANDS_OUT * STANDS_OUT * squares / DELAYS;
}
