#include "mcu/net/bwe_probe.h"

#include <glib.h>
#include <math.h>

#define MS INT64_C(1000000)
#define LENGTH_NS (200 * MS)
#define FILLING_PACKETS 8 /* at least, so that enough of them arrive */
#define STEP 2.0          /* of what is known */
#define STEP_AGAIN 1.5    /* after a failure */
#define STEP_CAREFUL                                                                                                             \
    1.25 /* after more, and where little is known: too far a step stands in the line as long as a picture does                   \
          */
#define THIN_BPS 120000
#define LEAST_BPS 100000 /* of the first one */
#define WAIT_NS (3000 * MS)
#define BUSY 0.75       /* of what there is, so much is used */
#define BUSY_BPS 100000 /* what is wider drains sooner, and was perhaps much wider a moment ago; of 128 kbit/s 104 are seen */
#define BUSY_WAIT_NS (10000 * MS)
#define WAIT_MAX_NS (30000 * MS)
#define PATIENT 7 /* failures in a row before the waits grow: what was cut for some seconds is found soon when it is back */
#define STEP_WAIT_NS (50 * MS) /* between the steps of a climb */
#define LEAST_PACKETS 5
#define KNOWN_PCT 80     /* of packets, before it is judged early */
#define TOLD_PCT 60      /* of packets, or nothing is known of it */
#define RANDOM_MUCH 0.25 /* loss: few of a probe come, by chance too few */
#define RANDOM_LITTLE 0.01
#define UNCLEAR_MOST 4 /* such ones in a row do not count */
#define UNCLEAR_WAIT_NS (300 * MS)
#define CAME 0.8
#define AS_SENT 0.9 /* slower than this: the path is full, and this much of what came is safe */
#define SAFE 0.95
#define LATE_NS (500 * MS)

void mcu_bwe_probe_init(mcu_bwe_probe *p)
{
    *p = (mcu_bwe_probe){.wait_ns = WAIT_NS};
}

unsigned mcu_bwe_probe_filling_most(const mcu_bwe_probe *p)
{
    uint64_t bytes = (uint64_t)p->cluster.bps * (uint64_t)LENGTH_NS / 8 / 1000000000;
    return (unsigned)((double)bytes * (1 - p->cluster.random) / FILLING_PACKETS);
}

static unsigned step_bps(const mcu_bwe_probe *p, unsigned est_bps, unsigned full_bps)
{
    double bps = p->failures == 0                          ? MAX(STEP * est_bps, LEAST_BPS)
                 : p->failures == 1 && est_bps >= THIN_BPS ? STEP_AGAIN * est_bps
                                                           : STEP_CAREFUL * est_bps;
    bps = full_bps > 0 ? MIN(bps, STEP_CAREFUL * MAX(est_bps, full_bps)) : bps;
    return (unsigned)MIN(bps, p->goal_bps);
}

/* A line that is thin and in use: what a probe puts in it stands in the way for a second. */
static bool is_busy(unsigned bps, unsigned media_bps)
{
    return bps < BUSY_BPS && media_bps > BUSY * bps;
}

bool mcu_bwe_probe_start(mcu_bwe_probe *p, unsigned est_bps, unsigned full_bps, unsigned media_bps, double random,
                         int64_t queue_ns, int64_t now_ns)
{
    mcu_bwe_cluster *c = &p->cluster;
    bool soon = p->failures > 0 && full_bps > 0 && is_busy(full_bps, media_bps) && now_ns - p->failed_ns < BUSY_WAIT_NS;
    if (c->open || p->goal_bps == 0 || now_ns < p->next_ns || soon) {
        return c->sending;
    }
    *c = (mcu_bwe_cluster){.id = c->id % MCU_BWE_CLUSTERS + 1,
                           .sending = true,
                           .open = true,
                           .bps = step_bps(p, est_bps, full_bps),
                           .random = random,
                           .start_ns = now_ns,
                           .end_ns = now_ns + (int64_t)((double)LENGTH_NS / (1 - random)),
                           .queue_ns = queue_ns};
    return true;
}

static bool is_sending(mcu_bwe_cluster *c, int64_t now_ns)
{
    c->sending = c->sending && now_ns < c->end_ns;
    return c->sending;
}

unsigned mcu_bwe_probe_sent(mcu_bwe_probe *p, unsigned size, int64_t now_ns)
{
    mcu_bwe_cluster *c = &p->cluster;
    if (!is_sending(c, now_ns)) {
        return 0;
    }
    if (c->sent == 0) {
        c->first_sent_ns = now_ns;
    }
    c->last_sent_ns = now_ns;
    c->last_sent_size = size;
    c->sent++;
    c->sent_bytes += size;
    return c->id;
}

void mcu_bwe_probe_told(mcu_bwe_probe *p, unsigned id, unsigned size, bool received, int64_t arrival_ns)
{
    mcu_bwe_cluster *c = &p->cluster;
    if (!c->open || id != c->id) {
        return;
    }
    c->told++;
    if (!received) {
        return;
    }
    if (c->received == 0 || arrival_ns < c->first_arrival_ns) {
        c->first_arrival_ns = arrival_ns;
        c->first_arrival_size = size;
    }
    if (c->received == 0 || arrival_ns > c->last_arrival_ns) {
        c->last_arrival_ns = arrival_ns;
    }
    c->received++;
    c->received_bytes += size;
}

unsigned mcu_bwe_probe_due(mcu_bwe_probe *p, int64_t now_ns)
{
    mcu_bwe_cluster *c = &p->cluster;
    if (!is_sending(c, now_ns)) {
        return 0;
    }
    uint64_t should = (uint64_t)c->bps * (uint64_t)(now_ns - c->start_ns + 5 * MS) / 8 / 1000000000;
    return should > c->sent_bytes ? (unsigned)(should - c->sent_bytes) : 0;
}

void mcu_bwe_probe_abort(mcu_bwe_probe *p, int64_t now_ns)
{
    if (p->cluster.sending) {
        p->cluster.sending = false;
        p->cluster.end_ns = now_ns;
    }
}

static double rate(uint64_t bytes, unsigned without, int64_t span_ns)
{
    return span_ns > 0 ? (double)(bytes - without) * 8e9 / (double)span_ns : 0;
}

/* What would have told of it was lost on its way back. */
static bool is_untold(const mcu_bwe_cluster *c)
{
    return c->told * 100 < c->sent * TOLD_PCT;
}

/* As libwebrtc's probe estimator: the last sent and the first received only mark the ends. */
static unsigned measure(const mcu_bwe_cluster *c, double random)
{
    double through = 1 - random;
    if (is_untold(c) || c->received < LEAST_PACKETS * through ||
        c->received < CAME * through * c->told - sqrt(through * random * c->told)) {
        return 0;
    }
    double sent = rate(c->sent_bytes, c->last_sent_size, c->last_sent_ns - c->first_sent_ns);
    double came = rate(c->received_bytes, c->first_arrival_size, c->last_arrival_ns - c->first_arrival_ns) / through;
    if (sent <= 0 || came <= 0) {
        return 0;
    }
    double bps = came < AS_SENT * sent ? SAFE * came : MIN(came, sent);
    if (!c->grew) { /* no queue beyond that before it: chance took the rest, where it takes something */
        bps = random > RANDOM_LITTLE ? sent : MIN(came / AS_SENT, sent);
    }
    return (unsigned)MIN(bps, (double)UINT32_MAX);
}

static void plan(mcu_bwe_probe *p, unsigned bps, double random, bool busy, int64_t now_ns)
{
    bool unclear = !p->cluster.grew && (is_untold(&p->cluster) || random > RANDOM_MUCH);
    if (bps >= AS_SENT * p->cluster.bps) {
        p->wait_ns = WAIT_NS;
        p->failures = 0;
        p->next_ns = now_ns + STEP_WAIT_NS;
    } else if (unclear && ++p->unclear < UNCLEAR_MOST) {
        p->next_ns = now_ns + UNCLEAR_WAIT_NS;
    } else {
        p->unclear = 0;
        p->wait_ns = busy ? MAX(p->wait_ns, BUSY_WAIT_NS) : p->wait_ns;
        p->next_ns = now_ns + p->wait_ns;
        p->failed_ns = now_ns;
        p->wait_ns = ++p->failures < PATIENT && !busy ? WAIT_NS : MIN(p->wait_ns * 3 / 2, WAIT_MAX_NS);
    }
}

bool mcu_bwe_probe_judge(mcu_bwe_probe *p, double random, unsigned media_bps, int64_t rtt_ns, int64_t now_ns, unsigned *bps)
{
    mcu_bwe_cluster *c = &p->cluster;
    if (!c->open || now_ns < c->end_ns) {
        return false;
    }
    c->sending = false;
    bool known = c->sent > 0 && c->told * 100 >= c->sent * KNOWN_PCT && now_ns - c->end_ns > rtt_ns + 100 * MS;
    if (!known && now_ns - c->end_ns < rtt_ns + LATE_NS) {
        return false;
    }
    *bps = measure(c, random);
    c->open = false;
    plan(p, *bps, random, c->grew && is_busy(*bps, media_bps), now_ns);
    return true;
}

void mcu_bwe_probe_hurry(mcu_bwe_probe *p, int64_t now_ns)
{
    p->next_ns = MIN(p->next_ns, now_ns);
    p->wait_ns = WAIT_NS;
    p->failures = 0;
}
