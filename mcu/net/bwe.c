#include <glib.h>

#include "mcu/net/bwe_private.h"

#define AHEAD 1.5 /* of what comes in: the estimate is not led further by silence */
#define AHEAD_BPS 10000
#define GROWTH 0.08      /* a second */
#define NEAR_GROWTH 0.02 /* a second, near what was too much before */
#define NEAR_LEAST_BPS 4000.0
#define NEAR_FROM 0.8
#define NEAR_TO 1.1
#define SHOWN_TO 1.05
#define FORGET_FROM_BPS 120000 /* a probe of twice as much stands on a thinner line for as long as a picture */
#define PROVEN_NS (10000 * MS)
#define REMB_FRESH_NS (10000 * MS)
#define REMB_MAX UINT64_C(10000000000)
#define OUTAGE_NS (500 * MS)
#define OUTAGE_MAX_NS (2000 * MS)
#define OUTAGE_FEEDBACKS 8
#define SPACING_MOST 3 /* times what it was: a gap is not the usual distance */
#define SHORT_OUTAGE_NS (3000 * MS)
#define LONG_OUTAGE_NS (30000 * MS)
#define AFTER_LONG_BPS 150000.0
#define PROBE_CAME 0.9
#define PROBE_GREW_NS (15 * MS)
#define PROBE_QUEUE_NS (50 * MS)
#define BURST_NS (100 * MS)
#define PATH_STEP_NS (5000 * MS)
#define LATE_MOST 1000 /* numbers; beyond it so many were not told of that they wrapped */
#define OWN 0.75
#define OWN_MOST_NS (150 * MS)

const char *mcu_bwe_state_name(mcu_bwe_state s)
{
    static const char *const names[] = {"none", "start", "open", "outage", "broken"};
    return (unsigned)s < G_N_ELEMENTS(names) ? names[s] : "none";
}

mcu_bwe *mcu_bwe_new(unsigned start_bps)
{
    mcu_bwe *b = g_new0(mcu_bwe, 1);
    b->state = MCU_BWE_START;
    b->spacing_ns = 100 * MS;
    b->report_loss = -1;
    mcu_bwe_trend_init(&b->trend);
    mcu_bwe_queue_init(&b->queue);
    mcu_bwe_loss_init(&b->loss);
    mcu_bwe_probe_init(&b->probe);
    mcu_bwe_set_start(b, start_bps);
    return b;
}

void mcu_bwe_free(mcu_bwe *b)
{
    g_free(b);
}

void mcu_bwe_set_start(mcu_bwe *b, unsigned bps)
{
    if (b->state == MCU_BWE_START) {
        b->est_bps = CLAMP(bps, MCU_BWE_FLOOR_BPS, MCU_BWE_MAX_BPS);
        mcu_bwe_simple_init(&b->simple, (unsigned)b->est_bps);
    }
}

static void enter(mcu_bwe *b, mcu_bwe_state state, int64_t now_ns)
{
    if (b->state != state) {
        b->state = state;
        b->state_ns = now_ns;
    }
}

/* ---- sending ---- */

static uint32_t burst_up_to(mcu_bwe *b, unsigned seq, unsigned size, int64_t now_ns)
{
    while (b->tail != seq && now_ns - b->packets[b->tail % MCU_BWE_SENT].sent_ns > BURST_NS) {
        b->tail = (b->tail + 1) & 0xffff;
    }
    if (b->tail == seq || ((seq - b->tail) & 0xffff) >= MCU_BWE_SENT) {
        b->tail = seq;
        return size;
    }
    const mcu_bwe_packet *first = &b->packets[b->tail % MCU_BWE_SENT];
    return (uint32_t)MIN(b->total + size - first->total, UINT32_MAX);
}

void mcu_bwe_sent(mcu_bwe *b, int twcc_seq, unsigned size, int64_t now_ns)
{
    if (twcc_seq >= 0) {
        unsigned seq = (unsigned)twcc_seq & 0xffff;
        uint32_t burst = burst_up_to(b, seq, size, now_ns);
        b->packets[seq % MCU_BWE_SENT] = (mcu_bwe_packet){.sent_ns = now_ns,
                                                          .total = b->total + size,
                                                          .burst = burst,
                                                          .cluster = (uint8_t)mcu_bwe_probe_sent(&b->probe, size, now_ns)};
        b->unheard_ns = b->unheard_ns == 0 ? now_ns : b->unheard_ns;
    }
    b->total += size;
    mcu_bwe_breaker_sent(&b->breaker, size);
    b->second_bytes += size;
    if (now_ns - b->second_ns >= 1000 * MS) {
        b->sent_bps = b->second_ns == 0
                          ? 0
                          : (unsigned)MIN(b->second_bytes * 8 * 1000 / (uint64_t)((now_ns - b->second_ns) / MS), UINT32_MAX);
        b->second_bytes = 0;
        b->second_ns = now_ns;
    }
}

void mcu_bwe_set_goal(mcu_bwe *b, unsigned bps)
{
    b->probe.goal_bps = bps;
}

bool mcu_bwe_probing(const mcu_bwe *b)
{
    return b->probe.cluster.sending;
}

static bool proven(const mcu_bwe *b, unsigned bps, int64_t now_ns)
{
    return b->proven_bps >= bps && now_ns - b->proven_ns < PROVEN_NS;
}

unsigned mcu_bwe_filling(mcu_bwe *b, int64_t now_ns)
{
    bool may = b->state == MCU_BWE_OPEN && b->feedback && !b->draining && b->queue.queue_ns < mcu_bwe_flat_ns(b) &&
               b->loss.policer == MCU_BWE_POLICER_NONE && !proven(b, b->probe.goal_bps, now_ns);
    if (!b->probe.cluster.sending &&
        (!may || !mcu_bwe_probe_start(&b->probe, (unsigned)b->est_bps, (unsigned)b->full_bps, mcu_bwe_rate_long_bps(&b->rate),
                                      mcu_bwe_loss_random(&b->loss, now_ns), b->queue.queue_ns, now_ns))) {
        return 0;
    }
    return mcu_bwe_probe_due(&b->probe, now_ns);
}

unsigned mcu_bwe_filling_most(const mcu_bwe *b)
{
    return mcu_bwe_probe_filling_most(&b->probe);
}

/* ---- feedback ---- */

/* A packet of a picture is on a thin line for longer than one of sound; counted less than whole, since the line may be wider. */
static int64_t own_ns(const mcu_bwe *b, unsigned bytes)
{
    return MIN((int64_t)(OWN * bytes * 8e9 / MAX(b->est_bps, 1)), OWN_MOST_NS);
}

void mcu_bwe_result(mcu_bwe *b, const mcu_twcc_result *r, int64_t now_ns)
{
    const mcu_bwe_packet *s = &b->packets[r->seq % MCU_BWE_SENT];
    int16_t ahead = (int16_t)(r->seq - b->told_seq);
    b->untold = b->untold || ahead > 1;
    b->gap_ns = b->untold ? now_ns : b->gap_ns;
    b->told_seq = ahead > 0 || ahead < -LATE_MOST ? r->seq : b->told_seq; /* one that was overtaken opens no gap behind it */
    if (s->sent_ns != r->sent_ns) {
        return; /* not the packet that it was */
    }
    if (r->received) {
        int64_t took_ns = own_ns(b, r->size);
        mcu_bwe_trend_add(&b->trend, r->sent_ns, r->arrival_ns - took_ns);
        mcu_bwe_queue_add(&b->queue, r->sent_ns, r->arrival_ns, took_ns);
        mcu_bwe_rate_add(&b->rate, r->arrival_ns, r->size, b->untold);
        b->untold = false;
        b->newest_sent_ns = MAX(b->newest_sent_ns, r->sent_ns);
        b->last_sent_ns = r->sent_ns;
    }
    b->told_total = MAX(b->told_total, s->total);
    mcu_bwe_probe_told(&b->probe, s->cluster, r->size, r->received, r->arrival_ns);
    if (b->state != MCU_BWE_OUTAGE && r->sent_ns >= b->ignore_before_ns) {
        mcu_bwe_loss_add(&b->loss, r->received, r->size, s->burst, now_ns);
    }
}

static void resume(mcu_bwe *b, int64_t now_ns)
{
    int64_t lasted_ns = now_ns - b->state_ns;
    if (lasted_ns > LONG_OUTAGE_NS) {
        b->est_bps = MIN(b->est_bps, AFTER_LONG_BPS);
    } else if (lasted_ns > SHORT_OUTAGE_NS) {
        b->est_bps = MAX(b->est_bps / 2, MCU_BWE_FLOOR_BPS);
    }
    b->ignore_before_ns = now_ns;
    b->proven_bps = 0;
    b->full_bps = 0;
    b->shown_full = false;
    mcu_bwe_trend_init(&b->trend);
    /* After long the path may be another one; after a moment what is heard is late because a queue stands. */
    if (lasted_ns > SHORT_OUTAGE_NS) {
        b->draining = false;
        mcu_bwe_queue_forget(&b->queue);
        mcu_bwe_rate_clear(&b->rate);
    }
    mcu_bwe_probe_abort(&b->probe, now_ns);
    mcu_bwe_probe_hurry(&b->probe, now_ns);
    enter(b, MCU_BWE_OPEN, now_ns);
}

/* The path did not end where it was thought to. */
static void forget_the_end(mcu_bwe *b, double passes_bps)
{
    if (passes_bps > NEAR_TO * b->full_bps) {
        b->full_bps = 0;
        b->shown_full = false;
    }
}

static void increase(mcu_bwe *b, double through, double seconds)
{
    bool near = b->full_bps > 0 && b->est_bps > NEAR_FROM * b->full_bps && b->est_bps < NEAR_TO * b->full_bps;
    double by = near ? MAX(NEAR_LEAST_BPS, NEAR_GROWTH * b->est_bps) : MAX(1000, GROWTH * b->est_bps);
    double ahead = AHEAD * through + AHEAD_BPS;
    if (b->shown_full) {
        ahead = MIN(ahead, SHOWN_TO * b->full_bps);
    }
    double most = MAX(b->est_bps, ahead);
    b->est_bps = MIN(MIN(b->est_bps + by * seconds, most), MCU_BWE_MAX_BPS);
    forget_the_end(b, b->est_bps);
}

/* What passes without a queue is carried, whatever was thought before: so a mistaken decrease is undone by the traffic itself. */
static void learn_from_traffic(mcu_bwe *b, double through, int64_t now_ns)
{
    if (through > b->est_bps) {
        b->est_bps = MIN(through, MCU_BWE_MAX_BPS);
    }
    if (through >= b->proven_bps || now_ns - b->proven_ns >= PROVEN_NS) {
        b->proven_bps = (unsigned)MIN(through, MCU_BWE_MAX_BPS);
        b->proven_ns = now_ns;
    }
}

static void judge_probe(mcu_bwe *b, int64_t now_ns)
{
    unsigned bps = 0;
    int64_t grown_ns = b->queue.newest_ns - b->probe.cluster.queue_ns;
    b->probe.cluster.grew = b->probe.cluster.grew || grown_ns > PROBE_GREW_NS;
    if (grown_ns > PROBE_QUEUE_NS) {
        mcu_bwe_probe_abort(&b->probe, now_ns);
    }
    if (!mcu_bwe_probe_judge(&b->probe, mcu_bwe_loss_random(&b->loss, now_ns), mcu_bwe_rate_long_bps(&b->rate), b->rtt_ns, now_ns,
                             &bps) ||
        bps == 0) {
        return;
    }
    if (b->probe.cluster.grew && bps < PROBE_CAME * b->probe.cluster.bps) {
        b->full_bps = bps; /* that is what there is, until a probe passes */
        b->shown_full = true;
        b->est_bps = MIN(b->est_bps, MAX(bps, mcu_bwe_through_bps(b, now_ns)));
    } else if (bps > FORGET_FROM_BPS) {
        forget_the_end(b, bps);
    }
    b->shown_full = b->shown_full && bps < SHOWN_TO * b->full_bps;
    b->est_bps = CLAMP(bps, b->est_bps, MCU_BWE_MAX_BPS);
    if (bps >= b->proven_bps || now_ns - b->proven_ns >= PROVEN_NS) {
        b->proven_bps = bps;
        b->proven_ns = now_ns;
    }
}

static void control(mcu_bwe *b, int64_t now_ns)
{
    double through = mcu_bwe_through_bps(b, now_ns);
    double seconds = b->updated_ns == 0 ? 0 : CLAMP((double)(now_ns - b->updated_ns) * 1e-9, 0, 1);
    bool flat = b->queue.queue_ns < mcu_bwe_flat_ns(b) && b->trend.use == MCU_BWE_USE_NORMAL;
    b->updated_ns = now_ns;
    mcu_bwe_fall_note(b, now_ns);
    mcu_bwe_loss_judge(&b->loss, b->queue.queue_ns < mcu_bwe_standing_ns(b), mcu_bwe_rate_bps(&b->rate), now_ns);
    if (mcu_bwe_fall_due(b, now_ns)) {
        mcu_bwe_fall(b, through, now_ns);
        return;
    }
    b->before_ns = 0;
    if (b->trend.use == MCU_BWE_USE_NORMAL && through > 0) {
        increase(b, through, seconds);
    }
    if (flat) {
        learn_from_traffic(b, through, now_ns);
    }
}

static int64_t least_of(int64_t a, int64_t b)
{
    return a == 0 ? b : b == 0 ? a : MIN(a, b);
}

static int64_t path_rtt_ns(const mcu_bwe *b)
{
    return least_of(b->path_rtt_ns[0], b->path_rtt_ns[1]);
}

static void note_path(mcu_bwe *b, int64_t now_ns)
{
    if (b->newest_sent_ns == 0 || b->last_sent_ns != b->newest_sent_ns) {
        return; /* what the queue says is of another packet */
    }
    int64_t step = now_ns / PATH_STEP_NS, took_ns = MAX(now_ns - b->newest_sent_ns - b->queue.newest_ns, 1);
    if (step != b->path_step) {
        b->path_rtt_ns[1] = step == b->path_step + 1 ? b->path_rtt_ns[0] : 0;
        b->path_rtt_ns[0] = 0;
        b->path_step = step;
    }
    b->path_rtt_ns[0] = least_of(b->path_rtt_ns[0], took_ns);
}

void mcu_bwe_feedback(mcu_bwe *b, int64_t now_ns)
{
    if (b->feedback_ns != 0) {
        int64_t gap_ns = MIN(now_ns - b->feedback_ns, MIN(SPACING_MOST * b->spacing_ns, 1000 * MS));
        b->spacing_ns += (gap_ns - b->spacing_ns) / 8;
    }
    b->feedback_ns = now_ns;
    b->feedback = true;
    b->unheard_ns = 0;
    mcu_bwe_breaker_heard(&b->breaker, now_ns);
    if (b->newest_sent_ns != 0) {
        int64_t rtt_ns = now_ns - b->newest_sent_ns;
        b->rtt_ns = b->rtt_ns == 0 ? rtt_ns : b->rtt_ns + (rtt_ns - b->rtt_ns) / 8;
    }
    if (b->state == MCU_BWE_START) {
        enter(b, MCU_BWE_OPEN, now_ns);
    } else if (b->state == MCU_BWE_OUTAGE) {
        resume(b, now_ns);
    }
    if (mcu_bwe_queue_end(&b->queue, mcu_bwe_fall_is_idle(b), now_ns)) {
        mcu_bwe_fall_undo(b, now_ns);
    }
    note_path(b, now_ns);
    control(b, now_ns);
    judge_probe(b, now_ns);
}

/* ---- without transport-wide feedback ---- */

static unsigned fresh_remb(const mcu_bwe *b, int64_t now_ns)
{
    return b->remb_ns != 0 && now_ns - b->remb_ns < REMB_FRESH_NS ? b->remb_bps : 0;
}

void mcu_bwe_report(mcu_bwe *b, const mcu_bwe_block *block, uint64_t packets, int64_t now_ns)
{
    if (b->feedback) {
        return;
    }
    mcu_bwe_breaker_heard(&b->breaker, now_ns);
    bool news = mcu_bwe_breaker_reported(&b->breaker, block->highest_seq, packets, now_ns);
    b->report_loss = block->loss;
    bool known = block->lsr != 0 && block->lsr == b->lsr; /* reports between two of ours repeat it */
    int64_t rtt_ns = known ? 0 : block->rtt_ns;
    b->lsr = block->lsr;
    b->rtt_ns = rtt_ns > 0 ? rtt_ns : b->rtt_ns;
    if (news) { /* else nothing arrived of which it could tell loss */
        mcu_bwe_simple_report(&b->simple, block->loss, rtt_ns, b->sent_bps, fresh_remb(b, now_ns), now_ns);
    }
    if (b->state == MCU_BWE_START) {
        enter(b, MCU_BWE_OPEN, now_ns);
    }
}

bool mcu_bwe_remb(mcu_bwe *b, uint64_t bps, int64_t now_ns)
{
    if (bps == 0 || bps > REMB_MAX) {
        return false;
    }
    b->remb_bps = (unsigned)CLAMP(bps, MCU_BWE_FLOOR_BPS, MCU_BWE_MAX_BPS);
    b->remb_ns = now_ns;
    return true;
}

/* ---- time ---- */

static bool lost_contact(const mcu_bwe *b, int64_t now_ns)
{
    int64_t usual_ns = MAX(OUTAGE_NS, MAX(3 * b->rtt_ns, OUTAGE_FEEDBACKS * b->spacing_ns));
    return b->feedback && b->unheard_ns != 0 && now_ns - b->unheard_ns > MIN(usual_ns, OUTAGE_MAX_NS + 3 * b->rtt_ns);
}

void mcu_bwe_tick(mcu_bwe *b, int64_t now_ns)
{
    double loss = b->feedback ? mcu_bwe_loss_fraction(&b->loss, now_ns) : b->report_loss;
    bool broken = mcu_bwe_breaker_tick(&b->breaker, loss, b->rtt_ns, now_ns);
    if (b->state == MCU_BWE_OPEN && lost_contact(b, now_ns)) {
        mcu_bwe_probe_abort(&b->probe, now_ns);
        enter(b, MCU_BWE_OUTAGE, now_ns);
    } else if (b->state == MCU_BWE_OPEN && broken) {
        enter(b, MCU_BWE_BROKEN, now_ns);
    } else if (b->state == MCU_BWE_BROKEN && !broken) {
        enter(b, MCU_BWE_OPEN, now_ns);
    }
}

static unsigned estimate_bps(const mcu_bwe *b, int64_t now_ns)
{
    double bps = b->feedback ? MIN(b->est_bps, mcu_bwe_loss_cap_bps(&b->loss)) : b->simple.bps;
    bps = MIN(bps, mcu_bwe_breaker_cap_bps(&b->breaker));
    unsigned remb_bps = fresh_remb(b, now_ns);
    if (remb_bps != 0) {
        bps = MIN(bps, remb_bps);
    }
    return (unsigned)CLAMP(bps, MCU_BWE_FLOOR_BPS, MCU_BWE_MAX_BPS);
}

void mcu_bwe_get(const mcu_bwe *b, int64_t now_ns, mcu_bwe_view *out)
{
    unsigned est_bps = estimate_bps(b, now_ns);
    *out = (mcu_bwe_view){
        .state = b->state,
        .state_ns = b->state_ns,
        .estimate_bps = est_bps,
        .proven_bps = b->feedback && now_ns - b->proven_ns < PROVEN_NS ? MIN(b->proven_bps, est_bps) : 0,
        .full_bps = (unsigned)b->full_bps,
        .drains_bps = mcu_bwe_drain_bps(b),
        .came_bps = est_bps < (unsigned)b->est_bps ? 0 : mcu_bwe_drain_came_bps(b, now_ns), /* something else bounds it */
        .window_bytes = mcu_bwe_drain_window_bytes(b, now_ns),
        .in_flight = (unsigned)MIN(b->total - b->told_total, UINT32_MAX),
        .queue_ns = b->queue.queue_ns,
        .late_ns = b->queue.newest_ns,
        .rtt_ns = b->rtt_ns,
        .path_rtt_ns = path_rtt_ns(b),
        .spacing_ns = b->spacing_ns,
        .loss = b->feedback ? mcu_bwe_loss_fraction(&b->loss, now_ns) : b->report_loss,
        .policed = b->loss.policer != MCU_BWE_POLICER_NONE,
        .queued = mcu_bwe_loss_queued(&b->loss, now_ns),
        .feedback = b->feedback,
    };
}
