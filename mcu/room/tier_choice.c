#include "mcu/room/tier_choice.h"

#include "mcu/base/media.h"

#define DOWN_AFTER (1500 * MCU_NS_PER_MS)
#define UP_AFTER (4 * MCU_NS_PER_SEC)
#define UP_AFTER_MAX (60 * MCU_NS_PER_SEC)
#define FRESH_UP (10 * MCU_NS_PER_SEC)

#define LOSS_BAD 0.10
#define LOSS_CALM 0.03
#define REMB_BAD 0.95
#define REMB_CALM 1.20

void mcu_tier_choice_init(mcu_tier_choice *c, const mcu_tier_table *table, unsigned start, unsigned top, int64_t now_ns)
{
    *c = (mcu_tier_choice){.top = top, .up_wait_ns = UP_AFTER, .good_since_ns = now_ns};
    c->tier = start < top ? top : start;
    if (c->tier > table->n_tiers) {
        c->tier = table->n_tiers;
    }
}

void mcu_tier_choice_cap(mcu_tier_choice *c, unsigned top)
{
    c->top = top;
    if (c->tier < top) {
        c->tier = top;
    }
}

static int wire_bps(const mcu_tier_table *table, unsigned tier)
{
    return table->audio_bps + (tier < table->n_tiers ? table->bitrate_bps[tier] : 0);
}

static bool in_trouble(const mcu_tier_choice *c, const mcu_tier_table *table, const mcu_link_view *link)
{
    if (link->stalled || link->loss > LOSS_BAD) {
        return true;
    }
    return link->remb_bps != 0 && link->remb_bps < REMB_BAD * wire_bps(table, c->tier);
}

static bool room_above(const mcu_tier_choice *c, const mcu_tier_table *table, const mcu_link_view *link)
{
    if (link->stalled || link->loss < 0 || link->loss > LOSS_CALM) {
        return false;
    }
    return link->remb_bps == 0 || link->remb_bps > REMB_CALM * wire_bps(table, c->tier - 1);
}

static void step_down(mcu_tier_choice *c, int64_t now_ns)
{
    bool undone = c->last_up_ns != 0 && now_ns - c->last_up_ns < FRESH_UP;
    c->tier++;
    c->bad_since_ns = 0;
    c->good_since_ns = 0;
    if (undone) {
        c->up_wait_ns = c->up_wait_ns * 2 > UP_AFTER_MAX ? UP_AFTER_MAX : c->up_wait_ns * 2;
    }
}

unsigned mcu_tier_choice_step(mcu_tier_choice *c, const mcu_tier_table *table, const mcu_link_view *link, int64_t now_ns)
{
    if (c->tier < table->n_tiers && in_trouble(c, table, link)) {
        c->good_since_ns = 0;
        if (c->bad_since_ns == 0) {
            c->bad_since_ns = now_ns;
        } else if (now_ns - c->bad_since_ns >= DOWN_AFTER) {
            step_down(c, now_ns);
        }
        return c->tier;
    }
    c->bad_since_ns = 0;
    if (c->tier <= c->top || !room_above(c, table, link)) {
        c->good_since_ns = 0;
        return c->tier;
    }
    if (c->good_since_ns == 0) {
        c->good_since_ns = now_ns;
    } else if (now_ns - c->good_since_ns >= c->up_wait_ns) {
        c->tier--;
        c->last_up_ns = now_ns;
        c->good_since_ns = 0;
    }
    return c->tier;
}

unsigned mcu_tier_that_fits(const mcu_tier_table *table, unsigned rate_bps)
{
    unsigned tier = 0;
    while (tier < table->n_tiers && (unsigned)wire_bps(table, tier) > rate_bps) {
        tier++;
    }
    return tier;
}

unsigned mcu_uplink_bps(unsigned people, unsigned tile_px)
{
    if (people <= 2 || tile_px > 640 * 480) {
        return 1200000;
    }
    if (people <= 4 || tile_px > 480 * 360) {
        return 700000;
    }
    return people <= 9 || tile_px > 320 * 240 ? 400000 : 250000;
}

int mcu_link_quality(double loss_out, double loss_in, double rtt_ms, bool stalled, unsigned tier, unsigned n_tiers)
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
    if (tier >= n_tiers && q > 2) {
        q = 2;
    }
    return q;
}
