#include "mixer/dtmf.h"

#include <string.h>

enum { TONES = MIX_DTMF_TONES, HITS_TONE = 2, HITS_KEY = 3, MISSES_UP = 3 };

/* 2 cos(2 pi f / 8000) of 697, 770, 852, 941 and 1209, 1336, 1477, 1633 Hz. */
static const float ROWS[TONES] = {1.707738F, 1.645281F, 1.568687F, 1.478205F};
static const float COLUMNS[TONES] = {1.164104F, 0.9963702F, 0.7986184F, 0.5685327F};
/* Of the rows' w = 2 pi f / 8000: sin w, and how far a tone turns in a hop. */
static const float ROWS_SIN[TONES] = {0.5204881F, 0.5685619F, 0.6203268F, 0.6735932F};
static const float ROWS_TURN_RE[TONES] = {0.9822873F, -0.309017F, -0.9921147F, -0.8443279F};
static const float ROWS_TURN_IM[TONES] = {-0.1873813F, -0.9510565F, -0.1253332F, 0.5358268F};
static const char KEYS[TONES][TONES + 1] = {"123A", "456B", "789C", "*0#D"};

static const float LEAST = 1.6e-5F; /* of full scale, mean square: -48 dBov */
static const float PURE = 0.55F;    /* share of the sound that the two tones are, 1.5 % beside where they should be */
static const float TWIST = 10;      /* Q.24 asks for 4 to 8 dB between them; some lines do worse */
static const float CLEAR = 5;       /* the best of a group above the next */

static const float TO_MEAN_SQUARE = 2.0F / (MIX_DTMF_WINDOW * MIX_DTMF_WINDOW);

typedef float four __attribute__((vector_size(TONES * sizeof(float))));

static four load(const float *from)
{
    four v;
    memcpy(&v, from, sizeof v);
    return v;
}

/* The last two states of Goertzel's filter at four frequencies, side by side: one alone would wait for itself. */
static void filter(const int16_t *pcm, unsigned n, four c, four *last, four *before)
{
    four s1 = {0}, s2 = {0};
    for (unsigned i = 0; i < n; i++) {
        four s = ((float)pcm[i] / 32768 - s2) + c * s1; /* in this order: the newest is waited for in one sum only */
        s2 = s1;
        s1 = s;
    }
    *last = s1;
    *before = s2;
}

/* Mean squares of the columns in the window. Few windows have a row. */
static void column_powers(const int16_t *pcm, float *power)
{
    four c = load(COLUMNS), s1, s2;
    filter(pcm, MIX_DTMF_WINDOW, c, &s1, &s2);
    four square = (s1 * s1 + s2 * s2 - c * s1 * s2) * TO_MEAN_SQUARE;
    memcpy(power, &square, sizeof square);
}

/* The same of the rows. Each half of a window is filtered once: the older one's sum, turned on by a hop, and the newer one's are
 * the window's. */
static void row_powers(mix_dtmf *d, bool silent, float *power)
{
    four s1 = {0}, s2 = {0};
    if (!silent) {
        filter(d->window + MIX_DTMF_HOP, MIX_DTMF_HOP, load(ROWS), &s1, &s2);
    }
    four turn_re = load(ROWS_TURN_RE), turn_im = load(ROWS_TURN_IM), old_re = load(d->before.re), old_im = load(d->before.im);
    four new_re = s1 - load(ROWS) / 2 * s2, new_im = load(ROWS_SIN) * s2;
    four re = turn_re * old_re - turn_im * old_im + new_re, im = turn_re * old_im + turn_im * old_re + new_im;
    four square = (re * re + im * im) * TO_MEAN_SQUARE;
    memcpy(power, &square, sizeof square);
    memcpy(d->before.re, &new_re, sizeof new_re);
    memcpy(d->before.im, &new_im, sizeof new_im);
}

/* Index of the strongest, -1 unless it stands out. */
static int strongest(const float *p, float *power)
{
    int best = 0;
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

static int64_t energy(const int16_t *pcm)
{
    int64_t sum = 0;
    for (unsigned i = 0; i < MIX_DTMF_HOP; i++) {
        sum += (int32_t)pcm[i] * pcm[i];
    }
    return sum;
}

static char tone_in(mix_dtmf *d)
{
    static const float full = MIX_DTMF_WINDOW * 32768.0F * 32768.0F;
    int64_t newer = energy(d->window + MIX_DTMF_HOP);
    float all = (float)(d->before.energy + newer) / full, low = 0, high = 0;
    float rows[TONES], columns[TONES];
    row_powers(d, (float)newer / full < LEAST / 100, rows);
    d->before.energy = newer;
    int row = all > LEAST ? strongest(rows, &low) : -1, column = -1;
    if (row >= 0) {
        column_powers(d->window, columns);
        column = strongest(columns, &high);
    }
    if (column < 0 || low + high < PURE * all || low > high * TWIST || high > low * TWIST) {
        return 0;
    }
    return KEYS[row][column];
}

static void step(mix_dtmf *d, char *key)
{
    char tone = tone_in(d);
    memcpy(d->window, d->window + MIX_DTMF_HOP, MIX_DTMF_HOP * sizeof *d->window);
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
        memcpy(d->window + MIX_DTMF_HOP + d->filled, pcm + at, take * sizeof *pcm);
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
