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

static bool too_much(const mcu_bwe_breaker *b, double loss, int64_t rtt_ns, int64_t interval_ns)
{
    if (loss <= 0 || rtt_ns <= 0) {
        return false;
    }
    double tcp_bps = PACKET_BITS / ((double)rtt_ns * 1e-9 * sqrt(2 * loss / 3));
    return (double)b->bytes * 8e9 / (double)interval_ns > TIMES_TCP * tcp_bps;
}

bool mcu_bwe_breaker_tick(mcu_bwe_breaker *b, double loss, int64_t rtt_ns, int64_t now_ns)
{
    if (b->interval_ns == 0) {
        b->interval_ns = now_ns;
    } else if (now_ns - b->interval_ns >= INTERVAL_NS) {
        b->bad = too_much(b, loss, rtt_ns, now_ns - b->interval_ns) ? b->bad + 1 : 0;
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
