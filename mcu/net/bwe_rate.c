#include "mcu/net/bwe_rate.h"

#include <glib.h>

#define MS INT64_C(1000000)
#define WINDOW_NS (500 * MS)
#define FAST_WINDOW_NS (300 * MS)
#define FAST_BPS 300000
#define LEAST_PACKETS 8
#define SPAN_MAX_NS (3000 * MS)
#define TOLD_NS (150 * MS) /* at least */
#define TOLD_AGE_NS (1500 * MS)
#define BUSY_NS (150 * MS)      /* at least */
#define BUSY_TOLD_NS (300 * MS) /* at least */

void mcu_bwe_rate_add(mcu_bwe_rate *r, int64_t at_ns, unsigned bytes, bool after_gap)
{
    r->packets[r->n % MCU_BWE_RATE_PACKETS].at_ns = at_ns;
    r->packets[r->n % MCU_BWE_RATE_PACKETS].bytes = bytes;
    r->packets[r->n % MCU_BWE_RATE_PACKETS].after_gap = after_gap;
    r->n++;
}

void mcu_bwe_rate_clear(mcu_bwe_rate *r)
{
    r->n = 0;
}

int64_t mcu_bwe_rate_newest_ns(const mcu_bwe_rate *r)
{
    return r->n == 0 ? 0 : r->packets[(r->n - 1) % MCU_BWE_RATE_PACKETS].at_ns;
}

/* Of what came in the window; the oldest packet only marks its beginning. */
static uint64_t over(const mcu_bwe_rate *r, int64_t window_ns)
{
    uint64_t have = MIN(r->n, MCU_BWE_RATE_PACKETS);
    int64_t newest = r->packets[(r->n - 1) % MCU_BWE_RATE_PACKETS].at_ns, oldest = newest;
    uint64_t bytes = 0;
    for (uint64_t k = 1; k <= have; k++) {
        int64_t at_ns = r->packets[(r->n - k) % MCU_BWE_RATE_PACKETS].at_ns;
        int64_t age_ns = newest - at_ns;
        if ((age_ns >= window_ns && k > LEAST_PACKETS) || age_ns > SPAN_MAX_NS) {
            oldest = at_ns;
            break;
        }
        bytes += r->packets[(r->n - k) % MCU_BWE_RATE_PACKETS].bytes;
        oldest = MIN(oldest, at_ns);
    }
    int64_t span_ns = CLAMP(newest - oldest, window_ns, SPAN_MAX_NS);
    return bytes * 8 * 1000000000 / (uint64_t)span_ns;
}

unsigned mcu_bwe_rate_bps(const mcu_bwe_rate *r)
{
    if (r->n < LEAST_PACKETS) {
        return 0;
    }
    uint64_t bps = over(r, WINDOW_NS);
    if (bps > FAST_BPS) {
        bps = over(r, FAST_WINDOW_NS);
    }
    return (unsigned)MIN(bps, UINT32_MAX);
}

unsigned mcu_bwe_rate_long_bps(const mcu_bwe_rate *r)
{
    return r->n < LEAST_PACKETS ? 0 : (unsigned)MIN(over(r, SPAN_MAX_NS), UINT32_MAX);
}

typedef struct {
    uint64_t bytes;
    int64_t ns;
} span;

/* What came in since the packet before number `i`. */
static void count(span *t, const mcu_bwe_rate *r, uint64_t i)
{
    t->bytes += r->packets[i % MCU_BWE_RATE_PACKETS].bytes;
    t->ns += r->packets[i % MCU_BWE_RATE_PACKETS].at_ns - r->packets[(i - 1) % MCU_BWE_RATE_PACKETS].at_ns;
}

static unsigned bps_of(const span *t)
{
    return (unsigned)MIN(t->bytes * 8 * 1000000000 / (uint64_t)t->ns, UINT32_MAX);
}

unsigned mcu_bwe_rate_told_bps(const mcu_bwe_rate *r)
{
    uint64_t have = MIN(r->n, MCU_BWE_RATE_PACKETS);
    span told = {0};
    for (uint64_t k = 1; k < have && told.ns < WINDOW_NS; k++) {
        uint64_t i = r->n - k;
        int64_t at_ns = r->packets[i % MCU_BWE_RATE_PACKETS].at_ns;
        int64_t before_ns = r->packets[(i - 1) % MCU_BWE_RATE_PACKETS].at_ns;
        if (r->packets[(r->n - 1) % MCU_BWE_RATE_PACKETS].at_ns - before_ns > TOLD_AGE_NS) {
            break;
        }
        if (!r->packets[i % MCU_BWE_RATE_PACKETS].after_gap && at_ns > before_ns) {
            count(&told, r, i);
        }
    }
    return told.ns >= TOLD_NS ? bps_of(&told) : 0;
}

unsigned mcu_bwe_rate_busy_bps(const mcu_bwe_rate *r, int64_t waited_ns, bool *out_told)
{
    *out_told = false;
    uint64_t have = MIN(r->n, MCU_BWE_RATE_PACKETS);
    if (have == 0 || waited_ns < BUSY_NS) {
        return 0;
    }
    int64_t from_ns = r->packets[(r->n - 1) % MCU_BWE_RATE_PACKETS].at_ns - waited_ns;
    span all = {0}, told = {0};
    for (uint64_t k = 1; k < have && r->packets[(r->n - k - 1) % MCU_BWE_RATE_PACKETS].at_ns > from_ns; k++) {
        count(&all, r, r->n - k);
        if (!r->packets[(r->n - k) % MCU_BWE_RATE_PACKETS].after_gap) {
            count(&told, r, r->n - k);
        }
    }
    all.ns = waited_ns;
    *out_told = told.ns >= BUSY_TOLD_NS;
    return bps_of(*out_told ? &told : &all);
}
