#include "mcu/room/tier_choice.h"

#include <glib.h>

#define SHORT_AFTER (600 * MCU_NS_PER_MS) /* a little too little: a mistaken decrease is undone by then */
#define FAR_AFTER (200 * MCU_NS_PER_MS)
#define ENTRY (1 * MCU_NS_PER_SEC)
#define UP_AFTER (3 * MCU_NS_PER_SEC)
#define UP_AFTER_UNDONE (10 * MCU_NS_PER_SEC)
#define UP_AFTER_STILL (5 * MCU_NS_PER_SEC) /* the same where nothing moves any more */
#define UP_AFTER_MAX (60 * MCU_NS_PER_SEC)
#define FRESH_UP (10 * MCU_NS_PER_SEC)
#define TRIAL_AFTER (4 * MCU_NS_PER_SEC)
#define CARRIED_KEPT (60 * MCU_NS_PER_SEC)

#define SHORT 0.88 /* of what the tier needs: what is left after a mistaken decrease is enough */
#define FAR_SHORT 0.7
#define SHORT_LAST 0.65 /* the same of the last picture that moves, which waits behind the sound */
#define DRAINED_MS 80
#define FITS 0.9         /* of the estimate may be used after a fall */
#define FITS_LATE 0.75   /* the same while a queue stands and hides what comes out: in part that is of the line before it */
#define SHOWN 1.1        /* of what the tier needs, for a step up */
#define SHOWN_NEXT 0.95  /* the same of the step above the slowest picture: a little of what it needs is seldom used */
#define SHOWN_HANDS 1.25 /* the same where pictures go last */
#define SILENT_MORE 1.08
#define LAST_LESS 0.8   /* of what the last picture that moves needs: slower is more than a still */
#define REPAIR_LAST 0.2 /* of the last picture that moves: its copies take what there is room for */
#define GOAL 1.2
#define TRIAL 0.75 /* of it, where nothing can be shown but by trying */
#define TRIAL_LOSS 0.03

#define SMALL_BPS 300000 /* pictures of less are small ones */

#define PACKET_BYTES 1100
#define HEADER_BITS (66 * 8) /* IPv4 20, UDP 8, RTP 12, extensions 16, SRTP tag 10 */

int mcu_tier_wire_bps(int bitrate_bps, int fps)
{
    int packets = bitrate_bps / 8 / PACKET_BYTES;
    return bitrate_bps + (packets > fps ? packets + fps / 2 : fps) * HEADER_BITS;
}

void mcu_tier_choice_init(mcu_tier_choice *c, const mcu_tier_table *table, unsigned start, unsigned top, int64_t now_ns)
{
    *c = (mcu_tier_choice){.top = top, .up_wait_ns = UP_AFTER, .good_since_ns = now_ns};
    c->tier = start < top ? top : start;
    if (c->tier > table->n_tiers) {
        c->tier = table->n_tiers;
    }
    c->carried = MIN(start, table->n_tiers);
}

void mcu_tier_choice_cap(mcu_tier_choice *c, unsigned top)
{
    c->top = top;
    c->tier = MAX(c->carried, top);
}

static void follow_link(mcu_tier_choice *c, unsigned to)
{
    c->tier = c->carried = to;
}

/* What a link carried is not believed of it for ever. */
static void forget(mcu_tier_choice *c, int64_t now_ns)
{
    if (c->carried >= c->tier) {
        c->capped_ns = 0;
    } else if (c->capped_ns == 0) {
        c->capped_ns = now_ns;
    } else if (now_ns - c->capped_ns >= CARRIED_KEPT) {
        c->carried = c->tier;
    }
}

/* Nothing smaller moves. */
static bool is_last(const mcu_tier_table *table, unsigned tier)
{
    return tier + 1 == table->n_tiers || table->still[tier + 1];
}

/* `repair` as in mcu_peer_link. */
static double need_bps(const mcu_tier_table *table, unsigned tier, double repair)
{
    if (tier >= table->n_tiers) {
        return table->audio_bps;
    }
    repair = is_last(table, tier) || table->still[tier] ? MIN(repair, REPAIR_LAST) : repair;
    return (table->silent[tier] ? 0 : table->audio_bps) + table->wire_bps[tier] * (1 + repair);
}

/* There is nothing below. */
static unsigned lowest(const mcu_tier_table *table)
{
    return table->pictures_last && table->n_tiers > 0 ? table->n_tiers - 1 : table->n_tiers;
}

/* Nobody's sound is given up for a picture that only just fits. */
static double margin(const mcu_tier_table *table, unsigned tier)
{
    return table->silent[tier] ? SILENT_MORE : !table->pictures_last && is_last(table, tier) ? LAST_LESS : 1;
}

/* The largest from `from` on that `bps` carries. */
static unsigned largest(const mcu_tier_table *table, unsigned from, double repair, double bps)
{
    while (from < lowest(table) && margin(table, from) * need_bps(table, from, repair) > bps) {
        from++;
    }
    return from;
}

static void step_down(mcu_tier_choice *c, const mcu_tier_table *table, unsigned to, int64_t now_ns)
{
    bool undone = c->up_ns != 0 && !c->given_up && now_ns - c->up_ns < FRESH_UP && to <= c->up_from + 1;
    if (undone) {
        c->given_up = true;
        int64_t least_ns = to >= mcu_tiers_moving(table) ? UP_AFTER_STILL : UP_AFTER_UNDONE;
        int64_t wait_ns = c->up_wait_ns < least_ns ? least_ns : c->up_wait_ns * 2;
        c->up_wait_ns = wait_ns < UP_AFTER_MAX ? wait_ns : UP_AFTER_MAX;
        c->undone = c->tier;
    } else if (c->up_ns != 0 && now_ns - c->up_ns > UP_AFTER_MAX) {
        c->up_wait_ns = UP_AFTER;
        c->undone = 0;
    }
    follow_link(c, to);
    c->down_ns = now_ns;
    c->bad_since_ns = c->good_since_ns = 0;
}

static double enough(const mcu_tier_choice *c, const mcu_tier_table *table)
{
    return !table->pictures_last && is_last(table, c->tier) ? SHORT_LAST : SHORT;
}

/* Returns whether there is trouble; steps down when it has lasted long enough. */
static bool down(mcu_tier_choice *c, const mcu_tier_table *table, const mcu_peer_link *link, int64_t now_ns)
{
    double has = link->estimate_bps, needs = need_bps(table, c->tier, link->repair);
    c->lacks = has < needs;
    if (has >= enough(c, table) * needs || c->tier >= lowest(table)) {
        c->bad_since_ns = 0;
        return false;
    }
    if (c->bad_since_ns == 0) {
        c->bad_since_ns = now_ns;
    }
    bool entering = c->up_ns != 0 && now_ns - c->up_ns < ENTRY; /* its keyframe stands in the line for a moment */
    int64_t patience_ns = entering                                 ? SHORT_AFTER
                          : link->queue_ms > MCU_PEER_LINK_LATE_MS ? 0
                          : has < FAR_SHORT * needs                ? FAR_AFTER
                                                                   : SHORT_AFTER;
    if (now_ns - c->bad_since_ns >= patience_ns) {
        c->late = link->queue_ms > MCU_PEER_LINK_LATE_MS || link->came_bps > 0;
        bool hidden = link->queue_ms > MCU_PEER_LINK_LATE_MS && link->came_bps < link->estimate_bps;
        step_down(c, table, largest(table, c->tier + 1, link->repair, (hidden ? FITS_LATE : FITS) * has), now_ns);
    }
    return true;
}

/* A long wait is that of what had to be undone, and of what is larger. */
static bool may_rise_to(const mcu_tier_choice *c, unsigned tier, int64_t now_ns)
{
    int64_t wait_ns = tier <= c->undone ? c->up_wait_ns : UP_AFTER;
    return c->down_ns == 0 || now_ns - c->down_ns >= wait_ns;
}

static bool may_rise(const mcu_tier_choice *c, int64_t now_ns)
{
    return c->tier > c->top && may_rise_to(c, c->tier - 1, now_ns);
}

/* Where a probe cannot show it: calm for a while, and the estimate is led by what is sent, so it cannot be far above it. */
static bool worth_a_trial(mcu_tier_choice *c, const mcu_tier_table *table, const mcu_peer_link *link, int64_t now_ns)
{
    bool calm =
        link->loss >= 0 && link->loss <= TRIAL_LOSS && link->estimate_bps >= TRIAL * need_bps(table, c->tier - 1, link->repair);
    if (!calm) {
        c->good_since_ns = 0;
    } else if (c->good_since_ns == 0) {
        c->good_since_ns = now_ns;
    }
    return calm && now_ns - c->good_since_ns >= TRIAL_AFTER;
}

/* Sound comes back beside a picture without a change of it. */
static bool sound_fits(const mcu_tier_choice *c, const mcu_tier_table *table, const mcu_peer_link *link)
{
    return c->tier > c->top && c->tier < table->n_tiers && table->silent[c->tier] &&
           need_bps(table, c->tier - 1, link->repair) <= link->proven_bps / SHOWN;
}

static unsigned shown(const mcu_tier_choice *c, const mcu_tier_table *table, const mcu_peer_link *link)
{
    double more = table->pictures_last ? SHOWN_HANDS : SHOWN;
    unsigned to = largest(table, c->top, link->repair, link->proven_bps / more);
    bool first = c->tier == table->n_tiers && c->tier > c->top && need_bps(table, c->tier - 1, link->repair) <= link->proven_bps;
    to = first ? MIN(to, c->tier - 1) : to; /* any picture is much more than none */
    bool next = is_last(table, c->tier) && c->tier > c->top && !table->pictures_last &&
                SHOWN_NEXT * need_bps(table, c->tier - 1, link->repair) <= link->proven_bps;
    to = next ? MIN(to, c->tier - 1) : to;
    return to >= c->tier && sound_fits(c, table, link) ? c->tier - 1 : to;
}

static void step_up(mcu_tier_choice *c, unsigned to, int64_t now_ns)
{
    c->up_from = c->tier;
    follow_link(c, to);
    c->up_ns = now_ns;
    c->given_up = false;
    c->good_since_ns = 0;
}

/* The queue has gone with which it fell: what came in meanwhile was the line's rate, of which less was used to let it go. */
static void correct(mcu_tier_choice *c, const mcu_tier_table *table, const mcu_peer_link *link, int64_t now_ns)
{
    if (!c->late || link->queue_ms > DRAINED_MS) {
        return;
    }
    c->late = false;
    unsigned last = mcu_tiers_moving(table) - 1;
    double believed_bps = FITS * link->estimate_bps;
    bool told = link->came_bps > believed_bps && !table->pictures_last;          /* hands want room beside them */
    unsigned from = MAX(told && last > 0 ? last - 1 : last, c->top);             /* larger ones want to be shown */
    unsigned to = largest(table, from, 0, told ? link->came_bps : believed_bps); /* what was lost was lost in the queue */
    to = MAX(to, c->undone + 1);
    if (to <= last && to < c->tier) {
        step_up(c, to, now_ns);
    }
}

static void up(mcu_tier_choice *c, const mcu_tier_table *table, const mcu_peer_link *link, int64_t now_ns)
{
    correct(c, table, link, now_ns);
    if (!may_rise(c, now_ns)) {
        return;
    }
    unsigned to = c->tier;
    if (link->probes) {
        to = shown(c, table, link);
    }
    bool to_move = is_last(table, c->tier - 1); /* a thin line hardly has room for stills and a probe */
    if (to == c->tier && (to_move || !link->probes) && worth_a_trial(c, table, link, now_ns)) {
        to = c->tier - 1;
    }
    while (to < c->tier && !may_rise_to(c, to, now_ns)) {
        to++;
    }
    if (to < c->tier) {
        step_up(c, to, now_ns);
    }
}

unsigned mcu_tier_choice_step(mcu_tier_choice *c, const mcu_tier_table *table, const mcu_peer_link *link, int64_t now_ns)
{
    c->repair = link->repair;
    forget(c, now_ns);
    if (link->broken && c->tier < table->n_tiers) {
        step_down(c, table, table->n_tiers, now_ns);
    }
    if (link->unheard || link->broken) {
        return c->tier;
    }
    if (link->outage) {
        c->outage = true; /* pictures wait by themselves */
        return c->tier;
    }
    if (c->outage) {
        c->outage = false;
        if (link->estimate_bps < SHORT * need_bps(table, c->tier, link->repair)) {
            follow_link(c, largest(table, c->tier, link->repair, FITS * link->estimate_bps));
            c->bad_since_ns = c->down_ns = 0; /* no fall: the way back is free */
        }
    }
    if (!down(c, table, link, now_ns)) {
        up(c, table, link, now_ns);
    }
    return c->tier;
}

unsigned mcu_tier_choice_goal(const mcu_tier_choice *c, const mcu_tier_table *table, int64_t now_ns)
{
    bool kept = c->lacks && c->tier < table->n_tiers && (table->pictures_last || is_last(table, c->tier));
    if (kept) { /* what is sent anyway, paced to an estimate that it cannot raise by itself */
        return (unsigned)(GOAL * need_bps(table, c->tier, c->repair));
    }
    return may_rise(c, now_ns) ? (unsigned)(GOAL * need_bps(table, c->tier - 1, c->repair)) : 0;
}

unsigned mcu_tiers_moving(const mcu_tier_table *table)
{
    unsigned n = table->n_tiers;
    while (n > 0 && table->still[n - 1]) {
        n--;
    }
    return n;
}

unsigned mcu_tier_that_fits(const mcu_tier_table *table, unsigned rate_bps)
{
    return largest(table, 0, 0, rate_bps);
}

int mcu_link_carries(const mcu_tier_choice *c, const mcu_tier_table *table)
{
    if (c->tier <= c->top) {
        return 5;
    }
    if (c->tier >= table->n_tiers || table->still[c->tier]) {
        return 1;
    }
    return table->wire_bps[c->tier] >= SMALL_BPS ? 4 : 2;
}

int mcu_link_quality(double loss_out, double loss_in, double rtt_ms, bool stalled, int carries)
{
    if (stalled) {
        return 0;
    }
    double loss = loss_out > loss_in ? loss_out : loss_in;
    int q = loss < 0.01 ? 5 : loss < 0.03 ? 4 : loss < 0.08 ? 3 : loss < 0.20 ? 2 : 1;
    if (rtt_ms > 600 && q > 2) {
        q = 2;
    } else if (rtt_ms > 300 && q > 3) {
        q = 3;
    }
    return q < carries ? q : carries;
}
