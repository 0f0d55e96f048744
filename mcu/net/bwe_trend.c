#include "mcu/net/bwe_trend.h"

#include <glib.h>
#include <math.h>

#define MS 1000000
#define GROUP_NS (5 * MS)       /* sent within: one group */
#define BURST_NS (5 * MS)       /* came this close to the one before, though sent later: a burst of the network */
#define BURST_MAX_NS (100 * MS) /* a burst is no longer */
#define SILENCE_NS (2000 * (int64_t)MS)
#define REORDERED_MAX 3
#define SMOOTHING 0.9
#define GAIN 4.0
#define MAX_DELTAS 60
#define THRESHOLD_MS 12.5
#define THRESHOLD_MIN_MS 6.0
#define THRESHOLD_MAX_MS 600.0
#define SPIKE_MS 15.0 /* further beyond the threshold: not noise to adapt to */
#define K_UP 0.0087
#define K_DOWN 0.039
#define OVER_MS 10.0

void mcu_bwe_trend_init(mcu_bwe_trend *t)
{
    *t = (mcu_bwe_trend){.threshold_ms = THRESHOLD_MS, .over_ms = -1, .use = MCU_BWE_USE_NORMAL};
}

static void start_over(mcu_bwe_trend *t)
{
    double threshold_ms = t->threshold_ms;
    mcu_bwe_trend_init(t);
    t->threshold_ms = threshold_ms;
}

static double slope(const mcu_bwe_trend *t)
{
    double x = 0, y = 0, num = 0, den = 0;
    for (unsigned i = 0; i < MCU_BWE_TREND_WINDOW; i++) {
        x += t->at_ms[i] / MCU_BWE_TREND_WINDOW;
        y += t->delay_ms[i] / MCU_BWE_TREND_WINDOW;
    }
    for (unsigned i = 0; i < MCU_BWE_TREND_WINDOW; i++) {
        num += (t->at_ms[i] - x) * (t->delay_ms[i] - y);
        den += (t->at_ms[i] - x) * (t->at_ms[i] - x);
    }
    return den > 0 ? num / den : 0;
}

static void adapt(mcu_bwe_trend *t, double modified_ms, int64_t now_ns)
{
    double off = fabs(modified_ms);
    double ms = t->threshold_ns == 0 ? 0 : MIN((double)(now_ns - t->threshold_ns) / MS, 100.0);
    t->threshold_ns = now_ns;
    if (off > t->threshold_ms + SPIKE_MS) {
        return;
    }
    t->threshold_ms += (off < t->threshold_ms ? K_DOWN : K_UP) * (off - t->threshold_ms) * ms;
    t->threshold_ms = CLAMP(t->threshold_ms, THRESHOLD_MIN_MS, THRESHOLD_MAX_MS);
}

static void detect(mcu_bwe_trend *t, double trend, double sent_ms, int64_t now_ns)
{
    double modified_ms = MIN(t->n, MAX_DELTAS) * trend * GAIN;
    if (modified_ms > t->threshold_ms) {
        t->over_ms = t->over_ms < 0 ? sent_ms / 2 : t->over_ms + sent_ms;
        t->over_count++;
        if (t->over_ms > OVER_MS && t->over_count > 1 && trend >= t->trend) {
            t->over_ms = 0;
            t->over_count = 0;
            t->use = MCU_BWE_USE_OVER;
        }
    } else {
        t->over_ms = -1;
        t->over_count = 0;
        t->use = modified_ms < -t->threshold_ms ? MCU_BWE_USE_UNDER : MCU_BWE_USE_NORMAL;
    }
    t->trend = trend;
    adapt(t, modified_ms, now_ns);
}

/* Two whole groups are known: how much longer was the second under way? */
static void compare(mcu_bwe_trend *t)
{
    const mcu_bwe_group *a = &t->previous, *b = &t->current;
    double sent_ms = (double)(b->sent_ns - a->sent_ns) / MS, came_ms = (double)(b->arrival_ns - a->arrival_ns) / MS;
    if (came_ms < 0) {
        if (++t->reordered >= REORDERED_MAX) {
            start_over(t);
        }
        return;
    }
    t->reordered = 0;
    if (t->n == 0) {
        t->zero_ns = b->arrival_ns;
    }
    t->accumulated_ms += came_ms - sent_ms;
    t->smoothed_ms = SMOOTHING * t->smoothed_ms + (1 - SMOOTHING) * t->accumulated_ms;
    t->at_ms[t->n % MCU_BWE_TREND_WINDOW] = (double)(b->arrival_ns - t->zero_ns) / MS;
    t->delay_ms[t->n % MCU_BWE_TREND_WINDOW] = t->smoothed_ms;
    t->n++;
    if (t->n >= MCU_BWE_TREND_WINDOW) {
        detect(t, slope(t), sent_ms, b->arrival_ns);
    }
}

static bool same_group(const mcu_bwe_group *g, int64_t sent_ns, int64_t arrival_ns)
{
    int64_t sent = sent_ns - g->sent_ns, came = arrival_ns - g->arrival_ns;
    bool burst = came <= BURST_NS && came < sent && arrival_ns - g->first_arrival_ns < BURST_MAX_NS;
    return burst || sent_ns - g->first_sent_ns <= GROUP_NS;
}

void mcu_bwe_trend_add(mcu_bwe_trend *t, int64_t sent_ns, int64_t arrival_ns)
{
    mcu_bwe_group *g = &t->current;
    bool silent = t->has_current && (arrival_ns - g->arrival_ns > SILENCE_NS || arrival_ns - g->arrival_ns < -SILENCE_NS);
    if (silent) {
        start_over(t);
    }
    if (t->has_current && sent_ns < g->first_sent_ns) {
        return; /* out of order */
    }
    if (t->has_current && same_group(g, sent_ns, arrival_ns)) {
        g->sent_ns = MAX(g->sent_ns, sent_ns);
        g->arrival_ns = MAX(g->arrival_ns, arrival_ns);
        return;
    }
    if (t->has_current) {
        if (t->has_previous) {
            compare(t);
        }
        t->previous = t->current;
        t->has_previous = t->has_current;
    }
    t->current = (mcu_bwe_group){sent_ns, sent_ns, arrival_ns, arrival_ns};
    t->has_current = true;
}
