#include "mcu/net/bwe_simple.h"

#include <glib.h>
#include <string.h>

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
#define STANDS 10              /* a tenth more or less: it stands still */
#define STANDS_NS (6000 * MS)  /* two seconds of queue have gone by then, */
#define STANDS_SENT 0.6        /* where so much is sent of what comes through it */
#define TOLD_NS (1000 * MS)    /* a report is of the second before */
#define FLOOR_BPS 10000.0

void mcu_bwe_simple_init(mcu_bwe_simple *s, unsigned start_bps)
{
    *s = (mcu_bwe_simple){.bps = start_bps};
}

static double through(double loss, unsigned sent_bps)
{
    return sent_bps * (1 - CLAMP(loss, 0, 1));
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
    double came_bps = through(loss, sent_bps);
    s->full_bps = s->full_ns != 0 && now_ns - s->full_ns < SAME_NS ? (s->full_bps + came_bps) / 2 : came_bps;
    s->full_ns = now_ns;
    cut(s, s->full_bps * CUT, now_ns);
}

/* One report alone was late, of a device that was busy, say. Only one a minute: a short queue that is full again and again looks
 * alike. */
static void forgive(mcu_bwe_simple *s, int64_t now_ns)
{
    bool again = s->forgiven_ns != 0 && now_ns - s->forgiven_ns < FULL_NS;
    if (s->late.reports == 1 && !s->late.known && !again) {
        s->full_ns = 0;
        s->bps = MAX(s->bps, s->late.before_bps);
        s->forgiven_ns = now_ns;
    }
    s->late.reports = 0;
}

/* What a path that is longer now has in common with a queue is that reports are late; but it stays as it is when little is sent.
 */
static bool is_longer_path(mcu_bwe_simple *s, double loss, int64_t rtt_ns, unsigned sent_bps, int64_t now_ns)
{
    s->late.through_bps = loss < LOSS_CALM ? s->late.through_bps : MIN(s->late.through_bps, through(loss, sent_bps));
    bool moves = rtt_ns > s->late.rtt_ns + s->late.rtt_ns / STANDS || rtt_ns < s->late.rtt_ns - s->late.rtt_ns / STANDS;
    if (s->late.reports == 1 || moves || sent_bps > STANDS_SENT * s->late.through_bps) {
        s->late.rtt_ns = rtt_ns;
        s->late.stands_ns = now_ns;
    }
    return now_ns - s->late.stands_ns >= STANDS_NS;
}

static bool queue_stands(mcu_bwe_simple *s, double loss, int64_t rtt_ns, unsigned sent_bps, int64_t now_ns)
{
    if (rtt_ns <= s->least_rtt_ns * 13 / 10 + LATE_NS) {
        forgive(s, now_ns);
        return false;
    }
    if (s->late.reports++ == 0) {
        s->late.known = s->full_ns != 0 && now_ns - s->full_ns < FULL_NS;
        s->late.before_bps = s->bps;
        s->late.through_bps = through(loss, sent_bps);
    }
    if (is_longer_path(s, loss, rtt_ns, sent_bps, now_ns)) {
        s->least_rtt_ns = rtt_ns;
        s->full_ns = 0;
        s->late.reports = 0;
    }
    return s->late.reports > 0;
}

/* A queue makes what is told late: it is of what was sent before it. */
static unsigned sent_then(mcu_bwe_simple *s, unsigned sent_bps, int64_t rtt_ns, int64_t now_ns)
{
    unsigned most_bps = sent_bps;
    for (unsigned k = 0; k < G_N_ELEMENTS(s->sent) && s->sent[k].at_ns != 0 && now_ns - s->sent[k].at_ns <= rtt_ns + TOLD_NS;
         k++) {
        most_bps = MAX(most_bps, s->sent[k].bps);
    }
    memmove(s->sent + 1, s->sent, sizeof s->sent - sizeof s->sent[0]);
    s->sent[0].bps = sent_bps;
    s->sent[0].at_ns = now_ns;
    return most_bps;
}

void mcu_bwe_simple_report(mcu_bwe_simple *s, double loss, int64_t rtt_ns, unsigned sent_bps, unsigned remb_bps, int64_t now_ns)
{
    double seconds = s->report_ns == 0 ? 0 : CLAMP((double)(now_ns - s->report_ns) * 1e-9, 0, 5);
    int64_t before_ns = s->rtt_ns;
    unsigned sent_then_bps = sent_then(s, sent_bps, MAX(rtt_ns, s->rtt_ns), now_ns);
    s->report_ns = now_ns;
    if (rtt_ns > 0) {
        s->least_rtt_ns = s->least_rtt_ns == 0 ? rtt_ns : MIN(s->least_rtt_ns, rtt_ns);
        s->rtt_ns = rtt_ns;
    }
    if (rtt_ns > 0 && queue_stands(s, loss, rtt_ns, sent_then_bps, now_ns)) {
        on_queue(s, loss, rtt_ns < before_ns - before_ns / DRAINS, sent_then_bps, now_ns);
    } else if (loss > LOSS_BAD) {
        cut(s, s->bps * (1 - loss / 2), now_ns);
    } else if (loss < LOSS_CALM) {
        grow(s, sent_bps, remb_bps, seconds, now_ns);
    }
}
