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
#define FULL_NS (60000 * MS) /* so long no more is tried than came through a full queue, */
#define TRIED 0.95           /* or a little less: it is not to fill again */
#define CUT 0.85
#define CUT_WAIT_NS (800 * MS) /* reports of every second are a little early, or late */
#define LATE_NS (100 * MS)     /* a round trip this much above 1.3 times the least: a queue stands */
#define SAME_NS (5000 * MS)    /* it is the same queue */
#define DRAINS 20              /* a twentieth of a round trip less than before: the queue goes */
#define ALONE_NS (2500 * MS)   /* what is in time again so soon may have been late by chance */
#define THROUGH_NS (1500 * MS) /* by then loss has said what comes through */
#define STEADY 10              /* a tenth of a round trip more or less is none */
#define LITTLE 0.6             /* of what came through: a queue of two seconds has gone */
#define LITTLE_NS (6000 * MS)  /* after so long */
#define STEADY_NS (4000 * MS)  /* a queue that does not go by CUT goes, */
#define CUT_STEADY 0.5         /* or shows that it is none, by this */
#define TOLD_NS (1000 * MS)    /* what a report tells of lies a round trip and so much back */
#define SENT_NS (500 * MS)     /* between two notes of what is sent, however often reports come */
#define FLOOR_BPS 10000.0

void mcu_bwe_simple_init(mcu_bwe_simple *s, unsigned start_bps)
{
    *s = (mcu_bwe_simple){.bps = start_bps};
}

/* ---- what was sent ---- */

/* A queue makes reports late: they are of what was sent before it. */
static unsigned sent_before(const mcu_bwe_simple *s, unsigned sent_bps, int64_t now_ns)
{
    unsigned most_bps = sent_bps;
    for (unsigned k = 0; k < G_N_ELEMENTS(s->sent); k++) {
        bool within = s->sent[k].at_ns != 0 && now_ns - s->sent[k].at_ns <= s->rtt_ns + TOLD_NS;
        most_bps = within ? MAX(most_bps, s->sent[k].bps) : most_bps;
    }
    return most_bps;
}

static void note_sent(mcu_bwe_simple *s, unsigned sent_bps, int64_t now_ns)
{
    if (now_ns - s->sent[0].at_ns >= SENT_NS) {
        memmove(s->sent + 1, s->sent, sizeof s->sent - sizeof s->sent[0]);
        s->sent[0].bps = sent_bps;
        s->sent[0].at_ns = now_ns;
    }
}

static double through(double loss, unsigned sent_bps)
{
    return sent_bps * (1 - CLAMP(loss, 0, 1));
}

/* ---- what passes ---- */

static bool was_full(const mcu_bwe_simple *s, int64_t now_ns)
{
    return s->full_ns != 0 && now_ns - s->full_ns < FULL_NS;
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
    double most = MAX(s->bps, sent_bps * (sent_bps < WIDE_BPS ? AHEAD : AHEAD_WIDE) + 10000);
    most = was_full(s, now_ns) ? MAX(s->bps, MIN(most, TRIED * s->full_bps)) : most;
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
    bool same = s->full_ns != 0 && now_ns - s->full_ns < SAME_NS;
    s->full_bps = same ? (s->full_bps + MIN(came_bps, s->full_bps)) / 2 : came_bps;
    s->full_ns = now_ns;
    bool steady = now_ns - s->late.steady_ns >= STEADY_NS;
    cut(s, s->full_bps * (steady ? CUT_STEADY : CUT), now_ns);
}

/* ---- reports that are late ---- */

static void note_late(mcu_bwe_simple *s, double loss, unsigned sent_bps, int64_t now_ns)
{
    if (s->late.reports++ == 0) {
        s->late.first_ns = now_ns;
        s->late.lossy = false;
        s->late.known = was_full(s, now_ns);
        s->late.before_bps = s->bps;
        s->late.through_bps = through(loss, sent_bps);
        s->late.rtt_ns = 0;
    }
    s->late.lossy = s->late.lossy || loss >= LOSS_CALM;
    if (loss >= LOSS_CALM && now_ns - s->late.first_ns <= THROUGH_NS) {
        s->late.through_bps = MIN(s->late.through_bps, through(loss, sent_bps));
    }
    bool steady = ABS(s->rtt_ns - s->late.rtt_ns) <= s->late.rtt_ns / STEADY && loss < LOSS_BAD;
    bool little = sent_bps <= LITTLE * s->late.through_bps;
    s->late.rtt_ns = steady ? s->late.rtt_ns : s->rtt_ns;
    s->late.steady_ns = steady ? s->late.steady_ns : now_ns;
    s->late.little_ns = steady && little ? s->late.little_ns : now_ns;
}

/* A path that is longer now makes reports late as a queue does, but it stays as it is when little is sent. */
static bool is_longer_path(const mcu_bwe_simple *s, int64_t now_ns)
{
    return now_ns - s->late.little_ns >= LITTLE_NS;
}

/* One report alone was late, of a device that was busy, say. Only one a minute: a short queue that is full again and again looks
 * alike. */
static bool is_forgiven(const mcu_bwe_simple *s, double loss, int64_t now_ns)
{
    bool alone = s->late.reports == 1 && now_ns - s->late.first_ns <= ALONE_NS && !s->late.lossy && loss < LOSS_CALM;
    return alone && !s->late.known && (s->forgiven_ns == 0 || now_ns - s->forgiven_ns >= FULL_NS);
}

static void end_late(mcu_bwe_simple *s, double loss, int64_t now_ns)
{
    if (is_forgiven(s, loss, now_ns)) {
        s->full_ns = 0;
        s->bps = MAX(s->bps, s->late.before_bps);
        s->forgiven_ns = now_ns;
    }
    s->late.reports = 0;
}

static void note_round_trip(mcu_bwe_simple *s, double loss, unsigned sent_bps, int64_t now_ns)
{
    s->least_rtt_ns = s->least_rtt_ns == 0 ? s->rtt_ns : MIN(s->least_rtt_ns, s->rtt_ns);
    if (s->rtt_ns <= s->least_rtt_ns * 13 / 10 + LATE_NS) {
        end_late(s, loss, now_ns);
        return;
    }
    note_late(s, loss, sent_bps, now_ns);
    if (is_longer_path(s, now_ns)) {
        s->least_rtt_ns = s->rtt_ns;
        s->full_ns = 0;
        s->late.reports = 0;
    }
}

void mcu_bwe_simple_report(mcu_bwe_simple *s, double loss, int64_t rtt_ns, unsigned sent_bps, unsigned remb_bps, int64_t now_ns)
{
    double seconds = s->report_ns == 0 ? 0 : CLAMP((double)(now_ns - s->report_ns) * 1e-9, 0, 5);
    bool told = rtt_ns > 0, drains = told && rtt_ns < s->rtt_ns - s->rtt_ns / DRAINS;
    s->report_ns = now_ns;
    s->rtt_ns = told ? rtt_ns : s->rtt_ns;
    unsigned before_bps = loss < LOSS_CALM ? MAX(sent_bps, s->sent[0].bps) : sent_before(s, sent_bps, now_ns); /* what lost it */
    note_sent(s, sent_bps, now_ns);
    if (told) {
        note_round_trip(s, loss, before_bps, now_ns);
    }
    if (s->late.reports > 0) {
        if (told) { /* else it is not known whether the queue goes */
            on_queue(s, loss, drains, before_bps, now_ns);
        }
    } else if (loss > LOSS_BAD) {
        cut(s, s->bps * (1 - loss / 2), now_ns);
    } else if (loss < LOSS_CALM) {
        grow(s, sent_bps, remb_bps, seconds, now_ns);
    }
}
