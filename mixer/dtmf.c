#include "mixer/dtmf.h"

#include <string.h>

enum { TONES = 4, HITS_TONE = 2, HITS_KEY = 3, MISSES_UP = 3 };

/* 2 cos(2 pi f / 8000) of 697, 770, 852, 941 and 1209, 1336, 1477, 1633 Hz. */
static const float ROWS[TONES] = {1.707738F, 1.645281F, 1.568687F, 1.478205F};
static const float COLUMNS[TONES] = {1.164104F, 0.9963702F, 0.7986184F, 0.5685327F};
static const char KEYS[TONES][TONES + 1] = {"123A", "456B", "789C", "*0#D"};

static const float LEAST = 1.6e-5F; /* of full scale, mean square: -48 dBov */
static const float PURE = 0.55F;    /* share of the sound that the two tones are, 1.5 % beside where they should be */
static const float TWIST = 10;      /* Q.24 asks for 4 to 8 dB between them; some lines do worse */
static const float CLEAR = 5;       /* the best of a group above the next */

typedef float four __attribute__((vector_size(TONES * sizeof(float))));

/* Mean square of four frequencies in the window (Goertzel), side by side: one alone would wait for itself. */
static void powers_at(const int16_t *pcm, const float *coefficients, float *power)
{
    four c, s1 = {0}, s2 = {0};
    memcpy(&c, coefficients, sizeof c);
    for (unsigned i = 0; i < MIX_DTMF_WINDOW; i++) {
        four s = ((float)pcm[i] / 32768 - s2) + c * s1; /* in this order: the newest is waited for in one sum only */
        s2 = s1;
        s1 = s;
    }
    float n = MIX_DTMF_WINDOW;
    four square = (s1 * s1 + s2 * s2 - c * s1 * s2) * (2 / (n * n));
    memcpy(power, &square, sizeof square);
}

/* Index of the strongest, -1 unless it stands out. */
static int strongest(const int16_t *pcm, const float *tones, float *power)
{
    int best = 0;
    float p[TONES];
    powers_at(pcm, tones, p);
    for (int i = 1; i < TONES; i++) {
        best = p[i] > p[best] ? i : best;
    }
    for (int i = 0; i < TONES; i++) {
        if (i != best && p[i] * CLEAR > p[best]) {
            return -1;
        }
    }
    *power = p[best];
    return best;
}

static char tone_in(const int16_t *pcm)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < MIX_DTMF_WINDOW; i++) {
        sum += (int32_t)pcm[i] * pcm[i];
    }
    float all = (float)sum / (MIX_DTMF_WINDOW * 32768.0F * 32768.0F);
    float low;
    float high;
    int row = all > LEAST ? strongest(pcm, ROWS, &low) : -1;
    int column = row >= 0 ? strongest(pcm, COLUMNS, &high) : -1;
    if (column < 0 || low + high < PURE * all || low > high * TWIST || high > low * TWIST) {
        return 0;
    }
    return KEYS[row][column];
}

static void step(mix_dtmf *d, char *key)
{
    memmove(d->window, d->window + MIX_DTMF_HOP, (MIX_DTMF_WINDOW - MIX_DTMF_HOP) * sizeof *d->window);
    memcpy(d->window + MIX_DTMF_WINDOW - MIX_DTMF_HOP, d->hop, sizeof d->hop);
    char tone = tone_in(d->window);
    if (tone != 0 && tone == d->tone) {
        d->hits++;
        d->misses = 0;
    } else if (tone != 0) {
        d->tone = tone;
        d->hits = 1;
        d->misses = 0;
        d->told = false;
    } else if (d->tone != 0 && ++d->misses >= MISSES_UP) {
        d->tone = 0;
        d->hits = 0;
    }
    if (d->hits >= HITS_KEY && !d->told) {
        d->told = true;
        *key = d->tone;
    }
}

bool mix_dtmf_push(mix_dtmf *d, const int16_t *pcm, unsigned n, char *key)
{
    *key = 0;
    bool there = false;
    for (unsigned at = 0; at < n;) {
        unsigned left = MIX_DTMF_HOP - d->filled, take = n - at < left ? n - at : left;
        memcpy(d->hop + d->filled, pcm + at, take * sizeof *pcm);
        d->filled += take;
        at += take;
        if (d->filled == MIX_DTMF_HOP) {
            d->filled = 0;
            step(d, key);
            there = there || d->hits >= HITS_TONE;
        }
    }
    return there;
}
