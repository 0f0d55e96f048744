#include "mcu/net/bwe_breaker.h"

#include <glib.h>
#include <math.h>

#define MS INT64_C(1000000)
#define INTERVAL_NS (5000 * MS) /* RFC 3550 6.2: of reports, at most */
#define SPACING_MIN_NS (500 * MS)
#define CB_INTERVAL 3
#define OPEN_NS (30000 * MS)
#define PACKET_BITS (1200 * 8)
#define TIMES_TCP 10
#define KEPT_BELOW 0.8 /* of what opens it: answers and probes come beside what is planned */

void mcu_bwe_breaker_heard(mcu_bwe_breaker *b, int64_t now_ns)
{
    int64_t since_ns = b->heard_ns == 0 ? INTERVAL_NS : now_ns - b->heard_ns;
    b->spacing_ns = b->spacing_ns == 0 ? since_ns : b->spacing_ns + (since_ns - b->spacing_ns) / 8;
    b->spacing_ns = CLAMP(b->spacing_ns, SPACING_MIN_NS, INTERVAL_NS);
    b->heard_ns = now_ns;
}

void mcu_bwe_breaker_sent(mcu_bwe_breaker *b, unsigned bytes)
{
    b->bytes += bytes;
}

/* RFC 8083 4.1: pictures that rest, or one packet that was lost before they did, say nothing. */
bool mcu_bwe_breaker_reported(mcu_bwe_breaker *b, uint32_t highest_seq, uint64_t packets, int64_t now_ns)
{
    bool more = packets > b->packets, moved = b->busy_ns == 0 || highest_seq != b->highest;
    b->packets = packets;
    if (moved || (more && now_ns - b->busy_ns > 2 * INTERVAL_NS)) {
        b->stuck = 0;
    }
    b->highest = moved ? highest_seq : b->highest;
    b->busy_ns = moved || more ? now_ns : b->busy_ns;
    if (moved || !more) {
        return true;
    }
    b->stuck_ns = b->stuck == 0 ? now_ns : b->stuck_ns;
    if (++b->stuck >= CB_INTERVAL && now_ns - b->stuck_ns >= CB_INTERVAL * INTERVAL_NS) {
        b->stuck = 0;
        b->open_until_ns = now_ns + OPEN_NS;
    }
    return false;
}

/* Over about an interval: by chance ten seconds lose a third more of 5 % than the next ten. */
static void average(mcu_bwe_breaker *b, double loss, int64_t rtt_ns, int64_t now_ns)
{
    double share = (double)CLAMP(now_ns - b->ticked_ns, 0, INTERVAL_NS) / (double)INTERVAL_NS;
    b->ticked_ns = now_ns;
    b->loss += loss < 0 ? 0 : (loss - b->loss) * share;
    b->rtt_s += rtt_ns <= 0 ? 0 : ((double)rtt_ns * 1e-9 - b->rtt_s) * (b->rtt_s > 0 ? share : 1);
}

/* RFC 8083 4.3, by the simplified equation of TCP; HUGE_VAL = nothing is lost. */
static double opens_at_bps(const mcu_bwe_breaker *b)
{
    bool known = b->loss > 0 && b->rtt_s > 0;
    return known ? TIMES_TCP * PACKET_BITS / (b->rtt_s * sqrt(2 * b->loss / 3)) : HUGE_VAL;
}

bool mcu_bwe_breaker_tick(mcu_bwe_breaker *b, double loss, int64_t rtt_ns, int64_t now_ns)
{
    average(b, loss, rtt_ns, now_ns);
    if (b->interval_ns == 0) {
        b->interval_ns = now_ns;
    } else if (now_ns - b->interval_ns >= INTERVAL_NS) {
        double sent_bps = (double)b->bytes * 8e9 / (double)(now_ns - b->interval_ns);
        b->bad = sent_bps > opens_at_bps(b) ? b->bad + 1 : 0;
        b->bytes = 0;
        b->interval_ns = now_ns;
    }
    if (b->bad >= CB_INTERVAL) {
        b->bad = 0;
        b->open_until_ns = now_ns + OPEN_NS;
    }
    bool silent = b->heard_ns != 0 && now_ns - b->heard_ns > CB_INTERVAL * b->spacing_ns + INTERVAL_NS;
    return silent || now_ns < b->open_until_ns;
}

double mcu_bwe_breaker_cap_bps(const mcu_bwe_breaker *b)
{
    return KEPT_BELOW * opens_at_bps(b);
}
