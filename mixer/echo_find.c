#include "mixer/echo_find.h"

#include <math.h>
#include <string.h>

#include "mcu/base/scratch.h"

enum { BYTES = MIX_ECHO_SIGNS / 8, DELAYS = MIX_ECHO_FIND_BLOCKS * MIX_ECHO_SIGNS, EACH = DELAYS / MIX_ECHO_PHASES, LANES = 4 };

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

/* How many signs differ, for all delays of a phase. Adds neighbours, then pairs, without the multiplication that would end it
 * sooner: so the processor does several at once. */
static void count_ones(const uint64_t *differ, float *ones)
{
    MCU_SCRATCH int32_t count[EACH];
    for (unsigned i = 0; i < EACH; i++) {
        uint64_t v = differ[i];
        v -= v >> 1 & UINT64_C(0x5555555555555555);
        v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
        v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
        v += v >> 8;
        v += v >> 16;
        v += v >> 32;
        count[i] = (int32_t)(v & 0x7f);
    }
    for (unsigned i = 0; i < EACH; i++) {
        ones[i] = (float)count[i];
    }
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
    MCU_SCRATCH uint64_t differ[EACH];
    for (unsigned i = 0; i < EACH; i++) {
        unsigned at = DELAYS - (i * MIX_ECHO_PHASES + f->phase);
        uint64_t then;
        memcpy(&then, line + at / 8, sizeof then);
        differ[i] = (then >> at % 8 ^ came) & mask;
    }
    MCU_SCRATCH float ones[EACH];
    count_ones(differ, ones);
    float *likeness = f->likeness[f->phase];
    for (unsigned i = 0; i < EACH; i++) {
        likeness[i] += (1 - ones[i] * (2.0F / MIX_ECHO_SIGNS) - likeness[i]) * MEMORY;
    }
    float most[LANES] = {0}, squares[LANES] = {0};
    for (unsigned i = 0; i < EACH; i += LANES) {
        for (unsigned k = 0; k < LANES; k++) {
            float size = fabsf(likeness[i + k]);
            most[k] = size > most[k] ? size : most[k];
            squares[k] += size * size;
        }
    }
    f->most[f->phase] = fmaxf(fmaxf(most[0], most[1]), fmaxf(most[2], most[3]));
    f->squares[f->phase] = squares[0] + squares[1] + squares[2] + squares[3];
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
