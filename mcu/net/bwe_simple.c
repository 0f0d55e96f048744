#include "mcu/net/bwe_simple.h"

#include <glib.h>
#include <stdbool.h>

#define MS INT64_C(1000000)
#define LOSS_CALM 0.02
#define LOSS_BAD 0.10
#define GROWTH 1.08 /* a second */
#define CUT 0.85
#define CUT_WAIT_NS (1000 * MS)
#define LATE_NS (100 * MS) /* a round trip this much above 1.3 times the least: a queue stands */
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

static void grow(mcu_bwe_simple *s, unsigned sent_bps, unsigned remb_bps, double seconds)
{
    double most = MAX(s->bps, sent_bps * 1.5 + 10000);
    s->bps = MIN(s->bps * (1 + (GROWTH - 1) * seconds) + 1000 * seconds, most);
    s->bps = MAX(s->bps, remb_bps);
}

void mcu_bwe_simple_report(mcu_bwe_simple *s, double loss, int64_t rtt_ns, unsigned sent_bps, unsigned remb_bps, int64_t now_ns)
{
    double seconds = s->report_ns == 0 ? 0 : CLAMP((double)(now_ns - s->report_ns) * 1e-9, 0, 5);
    s->report_ns = now_ns;
    if (rtt_ns > 0) {
        s->least_rtt_ns = s->least_rtt_ns == 0 ? rtt_ns : MIN(s->least_rtt_ns, rtt_ns);
    }
    bool queue = rtt_ns > 0 && rtt_ns > s->least_rtt_ns * 13 / 10 + LATE_NS;
    if (queue) {
        cut(s, MIN(s->bps, sent_bps * (1 - CLAMP(loss, 0, 1))) * CUT, now_ns); /* what a full queue lets through */
    } else if (loss > LOSS_BAD) {
        cut(s, s->bps * (1 - loss / 2), now_ns);
    } else if (loss < LOSS_CALM) {
        grow(s, sent_bps, remb_bps, seconds);
    }
}
