/* While a queue drains: what comes out of it, and what may be under way. */
#include <glib.h>

#include "mcu/net/bwe_private.h"

#define DRAINED 0.9 /* of what came out of a queue that has gone */
#define TOLD_FRESH_NS (2000 * MS)
#define BUSY_MOST_NS (3000 * MS)
#define THINNER 0.7 /* of what came out before, and of what is sent */
#define THINNER_NS (400 * MS)
#define DRAINS_LEAST_BPS 100000.0
#define SINCE_MOST_NS (1000 * MS) /* what is not heard of for longer may not come in at all */

static bool is_fresh(const mcu_bwe *b, int64_t now_ns)
{
    return b->busy_told_ns != 0 && now_ns - b->busy_told_ns < TOLD_FRESH_NS;
}

bool mcu_bwe_drain_is_told(const mcu_bwe *b, int64_t now_ns)
{
    return b->draining && is_fresh(b, now_ns);
}

void mcu_bwe_drain_begin(mcu_bwe *b, int64_t now_ns)
{
    b->draining = true;
    b->drain_bps = b->busy_bps = b->busy_most_bps = 0;
    b->busy_told_ns = 0;
    b->drain_ns = now_ns;
    b->busy_from_ns = mcu_bwe_rate_newest_ns(&b->rate) - b->queue.newest_ns;
}

/* The estimate was set below what came out only to let the queue go. */
void mcu_bwe_drain_end(mcu_bwe *b, int64_t now_ns)
{
    if (mcu_bwe_drain_is_told(b, now_ns)) {
        b->est_bps = MIN(MAX(b->est_bps, DRAINED * b->busy_bps), MCU_BWE_MAX_BPS);
    }
    b->draining = false;
}

/* All of the time since the first packet that waited in it was sent, the path was busy. */
static int64_t busy_ns(const mcu_bwe *b)
{
    int64_t since_ns = mcu_bwe_rate_newest_ns(&b->rate) - b->busy_from_ns;
    return b->draining ? CLAMP(since_ns, b->queue.newest_ns, BUSY_MOST_NS) : b->queue.newest_ns;
}

/* A line that was full becomes a thinner one: what its queue held before says nothing of it. Not a longer path, where as much
 * comes out as is sent; and on a thin line a moment says too little. 0 = it did not. */
static double thinner_bps(const mcu_bwe *b, double bps)
{
    bool told = false;
    double lately_bps = mcu_bwe_rate_busy_bps(&b->rate, THINNER_NS, &told);
    bool thinner = b->draining && b->queue.newest_ns > THINNER_NS && told && lately_bps > DRAINS_LEAST_BPS &&
                   lately_bps < THINNER * MIN(bps, b->sent_bps);
    return thinner ? lately_bps : 0;
}

/* What comes out of a queue, if it is one, and not a longer path: there it is what was sent. */
double mcu_bwe_drain_busy_bps(mcu_bwe *b, int64_t now_ns)
{
    bool told = false;
    double bps = mcu_bwe_rate_busy_bps(&b->rate, busy_ns(b), &told);
    double thinner = told ? thinner_bps(b, bps) : 0;
    if (thinner > 0) {
        b->busy_from_ns = mcu_bwe_rate_newest_ns(&b->rate) - THINNER_NS;
        b->busy_most_bps = 0;
        bps = thinner;
    }
    if (told) {
        b->busy_bps = bps;
        b->busy_most_bps = MAX(b->busy_most_bps, bps);
        b->busy_told_ns = now_ns;
        b->drain_bps = MIN(b->drain_bps, bps);
    } else if (!mcu_bwe_drain_is_told(b, now_ns)) {
        b->busy_bps = MAX(b->busy_bps, bps); /* at least that */
    }
    return mcu_bwe_drain_is_told(b, now_ns) ? b->busy_bps : bps;
}

/* Not on a thin line: there what sound still brings in has to show the estimate what is right, and a picture that comes too soon
 * stands in the way of the next. */
unsigned mcu_bwe_drain_bps(const mcu_bwe *b)
{
    bool known = b->draining && b->busy_bps >= DRAINS_LEAST_BPS;
    return known ? (unsigned)MIN(b->busy_bps, MCU_BWE_MAX_BPS) : 0;
}

unsigned mcu_bwe_drain_came_bps(const mcu_bwe *b, int64_t now_ns)
{
    return is_fresh(b, now_ns) ? (unsigned)MIN(b->busy_bps, MCU_BWE_MAX_BPS) : 0;
}

/* While a queue drains no more is under way than the path holds without one. What came in since the newest packet that was told
 * of is under way no longer, although feedback that waits in a queue of the way up does not say so yet. */
unsigned mcu_bwe_drain_window_bytes(const mcu_bwe *b, int64_t now_ns)
{
    if (!b->draining) {
        return UINT32_MAX;
    }
    double usual_s = (double)(MAX(b->rtt_ns - b->queue.newest_ns, 0) + b->spacing_ns + MCU_BWE_DRAIN_TO_NS) * 1e-9;
    double since_s = (double)MIN(now_ns - b->newest_sent_ns - b->queue.newest_ns + MCU_BWE_DRAIN_TO_NS, SINCE_MOST_NS) * 1e-9;
    double bytes = MAX(usual_s * mcu_bwe_rate_bps(&b->rate), since_s * mcu_bwe_drain_bps(b)) / 8;
    return (unsigned)CLAMP(bytes, 2500, 10000000);
}
