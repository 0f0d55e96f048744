#include "mcu/net/bwe_simple.h"

#include <glib.h>
#include <stdbool.h>

#define MS INT64_C(1000000)
#define LOSS_CALM 0.02
#define LOSS_BAD 0.10
#define GROWTH 1.08    /* a second */
#define AHEAD 1.5      /* of what is sent, */
#define AHEAD_WIDE 2.2 /* where the next larger tier is twice as much: it is tried from three quarters of it on */
#define WIDE_BPS 150000
#define FULL_NS (60000 * MS) /* so long no more than came through a full queue is tried */
#define CUT 0.85
#define CUT_WAIT_NS (800 * MS) /* reports of every second are a little early, or late */
#define LATE_NS (100 * MS)     /* a round trip this much above 1.3 times the least: a queue stands */
#define SAME_NS (5000 * MS)    /* it is the same queue */
#define DRAINS 20              /* a twentieth of a round trip less than before: the queue goes */
#define FLOOR_BPS 10000.0

void mcu_bwe_simple_init(mcu_bwe_simple *s, unsigned start_bps)
{
    *s = (mcu_bwe_simple){.bps = start_bps};
}

static void cut(mcu_bwe_simple *s, double to, int64_t now_ns)
{
    if (s->cut_ns == 0 || now_ns - s->cut_ns >= CUT_WAIT_NS) {
        s->bps = MIN(s->bps, MAX(to, FLOOR_BPS));
        s->cut_ns = now_ns;
    }
}

static void grow(mcu_bwe_simple *s, unsigned sent_bps, unsigned remb_bps, double seconds, int64_t now_ns)
{
    bool full = s->full_ns != 0 && now_ns - s->full_ns < FULL_NS;
    double most = MAX(s->bps, sent_bps * (sent_bps < WIDE_BPS ? AHEAD : AHEAD_WIDE) + 10000);
    most = full ? MAX(s->bps, MIN(most, s->full_bps)) : most;
    s->bps = MIN(s->bps * (1 + (GROWTH - 1) * seconds) + 1000 * seconds, most);
    s->bps = MAX(s->bps, remb_bps);
}

/* It lets through what it loses the rest of; while it drains less is sent than that, and nothing needs to be done. */
static void on_queue(mcu_bwe_simple *s, double loss, bool drains, unsigned sent_bps, int64_t now_ns)
{
    if (drains) {
        return;
    }
    double through = sent_bps * (1 - CLAMP(loss, 0, 1));
    s->full_bps = s->full_ns != 0 && now_ns - s->full_ns < SAME_NS ? (s->full_bps + through) / 2 : through;
    s->full_ns = now_ns;
    cut(s, s->full_bps * CUT, now_ns);
}

void mcu_bwe_simple_report(mcu_bwe_simple *s, double loss, int64_t rtt_ns, unsigned sent_bps, unsigned remb_bps, int64_t now_ns)
{
    double seconds = s->report_ns == 0 ? 0 : CLAMP((double)(now_ns - s->report_ns) * 1e-9, 0, 5);
    int64_t before_ns = s->rtt_ns;
    unsigned sent_then_bps = MAX(sent_bps, s->sent_bps); /* a queue makes what is told late */
    s->report_ns = now_ns;
    s->sent_bps = sent_bps;
    if (rtt_ns > 0) {
        s->least_rtt_ns = s->least_rtt_ns == 0 ? rtt_ns : MIN(s->least_rtt_ns, rtt_ns);
        s->rtt_ns = rtt_ns;
    }
    if (rtt_ns > 0 && rtt_ns > s->least_rtt_ns * 13 / 10 + LATE_NS) {
        on_queue(s, loss, rtt_ns < before_ns - before_ns / DRAINS, sent_then_bps, now_ns);
    } else if (loss > LOSS_BAD) {
        cut(s, s->bps * (1 - loss / 2), now_ns);
    } else if (loss < LOSS_CALM) {
        grow(s, sent_bps, remb_bps, seconds, now_ns);
    }
}
