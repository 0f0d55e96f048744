/* Falling: a queue stands or grows. */
#include <glib.h>

#include "mcu/net/bwe_private.h"

#define DECREASE 0.85
#define DECREASE_LEAST 0.95
#define DRAIN_WITHIN_NS (1000 * MS)
#define GREW_NS (50 * MS)
#define FAR_LESS 0.7
#define DRAIN_LEAST 0.55 /* of the estimate with which a queue began to drain */
#define DRAIN_KNOWN_NS (5000 * MS)
#define GAP_NS (3000 * MS)
#define LATE_NS (200 * MS)
#define STANDING_NS (300 * MS)
#define WIDE 0.67               /* of the estimate: less than that is sent, */
#define WIDE_LEAST_BPS 250000.0 /* but more than a thin line carries, whose pictures would come late */
#define COMES_IN 0.5            /* of what was sent */
#define STUMBLE_NS (100 * MS)
#define STEEP 2 /* ms of queue in a ms of sending: a third comes in at most */
#define FLAT_PACKET_BITS (250 * 8.0)
#define FLAT_MORE_NS (50 * MS)
#define DRAIN_FROM_NS (150 * MS)
#define STEEP_FROM_NS (100 * MS)
#define FLAT_NS (25 * MS)

/* A line without a queue: a packet of sound alone takes as long as that on a thin one. */
int64_t mcu_bwe_flat_ns(const mcu_bwe *b)
{
    double packet_s = FLAT_PACKET_BITS / MAX(b->est_bps, 1);
    return FLAT_NS + MIN((int64_t)(packet_s * 1e9), FLAT_MORE_NS);
}

int64_t mcu_bwe_standing_ns(const mcu_bwe *b)
{
    return FLAT_NS + mcu_bwe_flat_ns(b);
}

double mcu_bwe_through_bps(const mcu_bwe *b, int64_t now_ns)
{
    return mcu_bwe_rate_bps(&b->rate) / (1 - mcu_bwe_loss_random(&b->loss, now_ns));
}

/* Does most of what is sent go into a queue? */
static void note_growth(mcu_bwe *b)
{
    int64_t sent_ns = b->newest_sent_ns - b->noted_sent_ns;
    if (sent_ns > 0) {
        b->steep = b->queue.newest_ns - b->noted_late_ns > STEEP * sent_ns;
        b->noted_sent_ns = b->newest_sent_ns;
        b->noted_late_ns = b->queue.newest_ns;
    }
}

/* On a thin line a keyframe alone does that. */
static bool is_steep(const mcu_bwe *b)
{
    return b->steep && b->est_bps > WIDE_LEAST_BPS;
}

void mcu_bwe_fall_note(mcu_bwe *b, int64_t now_ns)
{
    note_growth(b);
    unsigned came_bps = mcu_bwe_rate_long_bps(&b->rate);
    b->carried_bps = b->draining ? MAX(b->carried_bps, came_bps) : came_bps;
    if (b->queue.newest_ns > (is_steep(b) ? STEEP_FROM_NS : DRAIN_FROM_NS) && b->queue.queue_ns > mcu_bwe_standing_ns(b)) {
        if (!b->draining) {
            mcu_bwe_drain_begin(b, now_ns);
        }
    } else if (b->draining && b->queue.queue_ns < MCU_BWE_DRAIN_TO_NS) {
        mcu_bwe_drain_end(b, now_ns);
    }
}

bool mcu_bwe_fall_is_idle(const mcu_bwe *b)
{
    bool less = mcu_bwe_rate_long_bps(&b->rate) < MCU_BWE_IDLE * MAX(b->full_bps, b->carried_bps);
    return less || (b->draining && b->sent_bps > b->est_bps); /* no less can be sent */
}

/* Where far less is sent than the path carried, and comes in, what grows slowly is a stumble of a host or a radio, until it has
 * grown for longer. */
static int64_t grown_ns(const mcu_bwe *b)
{
    double came_bps = mcu_bwe_rate_bps(&b->rate);
    bool wide = came_bps > WIDE_LEAST_BPS && came_bps < WIDE * b->est_bps && came_bps > COMES_IN * b->sent_bps;
    return wide && !b->steep ? MAX(STUMBLE_NS, mcu_bwe_flat_ns(b)) : mcu_bwe_flat_ns(b);
}

bool mcu_bwe_fall_due(const mcu_bwe *b, int64_t now_ns)
{
    const mcu_bwe_queue *q = &b->queue;
    bool standing = q->above_since_ns != 0 && now_ns - q->above_since_ns >= STANDING_NS;
    bool late = q->newest_ns > (is_steep(b) ? STEEP_FROM_NS : LATE_NS) && q->queue_ns > mcu_bwe_standing_ns(b);
    bool grows =
        b->trend.use == MCU_BWE_USE_OVER && q->queue_ns > grown_ns(b) && !b->probe.cluster.open; /* a probe is judged as such */
    return standing || late || grows;
}

/* While a queue drains next to nothing is sent into it: what comes in says little of the path then, and how long those waited
 * that left before the last decrease was its reason. */
static bool is_known(const mcu_bwe *b)
{
    return b->draining && b->drain_bps > 0 && b->sent_bps < MCU_BWE_IDLE * b->est_bps && b->newest_sent_ns < b->decreased_ns;
}

/* As much less as lets the queue go within DRAIN_WITHIN_NS. */
static double decrease(int64_t queue_ns)
{
    return CLAMP(1 - (double)queue_ns / (double)DRAIN_WITHIN_NS, DECREASE, DECREASE_LEAST);
}

/* What the path takes, if a part of it may not have been told. */
static double takes_bps(const mcu_bwe *b, double through, double busy, int64_t now_ns)
{
    double bps = through > 0 ? MAX(through, busy) : b->est_bps;
    if (now_ns - b->gap_ns < GAP_NS) {
        unsigned told_bps = mcu_bwe_rate_told_bps(&b->rate);
        bps = MAX(bps, told_bps > 0 ? MIN(told_bps, b->est_bps) : b->est_bps); /* more came in than was told */
    }
    return bps;
}

void mcu_bwe_fall(mcu_bwe *b, double through, int64_t now_ns)
{
    int64_t wait_ns = CLAMP(b->rtt_ns, 10 * MS, 200 * MS) + b->spacing_ns;
    bool drains = b->queue.queue_ns < b->before_ns - 10 * MS;
    if (drains) {
        b->before_ns = b->queue.queue_ns;
    }
    double busy = mcu_bwe_drain_busy_bps(b, now_ns); /* what was sent before may have been less than passes */
    bool shown =
        mcu_bwe_drain_is_told(b, now_ns) && b->busy_most_bps < FAR_LESS * b->est_bps; /* never more came out than far less */
    if ((drains && !shown) || (b->decreased_ns != 0 && now_ns - b->decreased_ns < wait_ns)) {
        return;
    }
    if (!shown && b->draining && through < MCU_BWE_IDLE * b->full_bps && b->queue.queue_ns <= b->before_ns + GREW_NS) {
        return; /* what comes in is all that was sent into the queue, which is the old one */
    }
    double base = shown ? MAX(through, busy) : takes_bps(b, through, busy, now_ns);
    double to = base * decrease(b->queue.queue_ns);
    if (b->draining && now_ns - b->drain_ns < DRAIN_KNOWN_NS) { /* one that stands for longer does not drain */
        double least = is_known(b) ? MAX(b->drain_bps, b->busy_bps) : b->busy_bps;
        to = MAX(to, DRAIN_LEAST * least);
    }
    b->full_bps = base;
    b->est_bps = MAX(MIN(b->est_bps, to), MCU_BWE_FLOOR_BPS);
    b->proven_bps = MIN(b->proven_bps, (unsigned)b->est_bps);
    b->decreased_ns = now_ns;
    b->before_ns = b->queue.queue_ns;
    b->drain_bps = b->draining && b->drain_bps <= 0 ? b->est_bps : b->drain_bps;
}

void mcu_bwe_fall_undo(mcu_bwe *b, int64_t now_ns)
{
    double carried_bps = mcu_bwe_drain_is_told(b, now_ns) ? MIN(b->carried_bps, b->busy_most_bps) : b->carried_bps;
    b->est_bps = MAX(b->est_bps, DECREASE * carried_bps);
    b->full_bps = 0;
    b->shown_full = false;
    mcu_bwe_probe_hurry(&b->probe, now_ns);
}
