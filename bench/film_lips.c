#include "bench/film_lips.h"

#include <math.h>
#include <stdlib.h>

#include "mcu/bot/tone.h"

#define EVERY 25      /* pictures, of 40 ms */
#define WINDOW 960    /* 20 ms: no tone of somebody else leaks in */
#define STEP 96       /* 2 ms */
#define AROUND_MS 250 /* where the beginning is looked for */
#define HEARD_DB (-45.0)

void lips_see(lips *l, int64_t at_us, unsigned number)
{
    unsigned clap = number / EVERY * EVERY;
    if (l->begun && l->newest < clap && number - l->newest < EVERY && l->n < LIPS_MAX) {
        l->clap_us[l->n++] = at_us - (int64_t)(number - clap) * 40000;
    }
    l->begun = 1;
    l->newest = number;
}

static double amplitude(const int16_t *pcm, unsigned hz)
{
    return pow(10, mcu_tone_level_db(pcm, WINDOW, hz) / 20);
}

/* The window that is half full of the tone, by its middle; NAN: it does not begin here. */
static double onset_ms(const int16_t *pcm, size_t samples, unsigned hz)
{
    double full = 0;
    for (size_t at = 0; at + WINDOW <= samples; at += STEP) {
        double a = amplitude(pcm + at, hz);
        full = a > full ? a : full;
    }
    if (full < pow(10, HEARD_DB / 20) || amplitude(pcm, hz) > full / 4) {
        return NAN;
    }
    for (size_t at = 0; at + WINDOW <= samples; at += STEP) {
        if (amplitude(pcm + at, hz) >= full / 2) {
            return (double)(at + WINDOW / 2) * 1e3 / MCU_TONE_RATE_HZ;
        }
    }
    return NAN;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

json_t *lips_json(const lips *l, unsigned hz, const int16_t *pcm, size_t samples, int64_t from_us)
{
    double far_ms[LIPS_MAX], sum_ms = 0;
    unsigned n = 0;
    for (unsigned i = 0; i < l->n; i++) {
        int64_t at = (l->clap_us[i] - from_us) * MCU_TONE_RATE_HZ / 1000000 - AROUND_MS * MCU_TONE_RATE_HZ / 1000;
        size_t length = 2 * AROUND_MS * MCU_TONE_RATE_HZ / 1000;
        if (at < 0 || (size_t)at + length > samples) {
            continue;
        }
        double late_ms = onset_ms(pcm + at, length, hz) - AROUND_MS;
        if (!isnan(late_ms)) {
            sum_ms += late_ms;
            far_ms[n++] = fabs(late_ms);
        }
    }
    if (n == 0) {
        return json_pack("{si}", "claps", 0);
    }
    qsort(far_ms, n, sizeof far_ms[0], by_size);
    return json_pack("{si sf sf sf}", "claps", n, "mean_ms", sum_ms / n, "p95_ms", far_ms[(n - 1) * 95 / 100], "worst_ms",
                     far_ms[n - 1]);
}
