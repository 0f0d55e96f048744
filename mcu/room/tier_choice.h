/* tier_choice.h - which tier a receiver should watch: loss and REMB in, tier index out.  Pure; thread: its owner's.
 * Tiers are indexed from 0, the largest; n_tiers means audio only. Down after 1.5 s of trouble, up one step after 4 s of calm,
 * and after a fall the wait for the next step up doubles, to 60 s at most. */
#ifndef MCU_ROOM_TIER_CHOICE_H
#define MCU_ROOM_TIER_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#define MCU_TIERS_MAX 8

typedef struct {
    unsigned n_tiers;
    int bitrate_bps[MCU_TIERS_MAX];
    int audio_bps; /* on the wire, taken off the estimate first */
} mcu_tier_table;

typedef struct {
    double loss;       /* 0..1 of what we sent in the last second; < 0 unknown */
    unsigned remb_bps; /* 0 unknown */
    bool stalled;      /* nothing comes back from this receiver */
} mcu_link_view;

typedef struct {
    unsigned tier; /* now */
    unsigned top;  /* largest allowed (cap by host, user or level) */
    int64_t bad_since_ns, good_since_ns;
    int64_t up_wait_ns;
    int64_t last_up_ns;
} mcu_tier_choice;

void mcu_tier_choice_init(mcu_tier_choice *c, const mcu_tier_table *table, unsigned start, unsigned top, int64_t now_ns);
/* Moves the cap; the tier follows downwards at once. */
void mcu_tier_choice_cap(mcu_tier_choice *c, unsigned top);
/* Call about twice a second. Returns the tier to watch. */
unsigned mcu_tier_choice_step(mcu_tier_choice *c, const mcu_tier_table *table, const mcu_link_view *link, int64_t now_ns);

/* The largest tier that a line of `rate_bps` carries beside the sound; n_tiers (audio only) when none does. */
unsigned mcu_tier_that_fits(const mcu_tier_table *table, unsigned rate_bps);

/* What a sender should spend on its picture when `people` share the canvas and its largest tile has `tile_px` pixels, bit/s. */
unsigned mcu_uplink_bps(unsigned people, unsigned tile_px);

/* 0..5 for people: 5 fine, 0 nothing arrives. rtt_ms < 0 unknown. */
int mcu_link_quality(double loss_out, double loss_in, double rtt_ms, bool stalled, unsigned tier, unsigned n_tiers);

#endif
