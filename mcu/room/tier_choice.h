/* tier_choice.h - which tier a receiver should watch: what its path carries in, tier index out.  Pure; thread: its owner's.
 * Tiers are indexed from 0, the largest; n_tiers means audio only. Sound is budgeted first, on the wire. Down at once to what
 * fits; up only to what was shown to pass, for the two slowest that move also by a queue that has gone, not sooner than 3 s after
 * a fall, and after a step that had to be undone not sooner than 10 s (5 where nothing moves then), doubling to 60; what falls
 * much deeper than it rose was not undone: the link is another. */
#ifndef MCU_ROOM_TIER_CHOICE_H
#define MCU_ROOM_TIER_CHOICE_H

#include "mcu/net/peer.h"

#define MCU_TIERS_MAX 8
#define MCU_RUNGS_MAX (2 * MCU_TIERS_MAX)

typedef struct {
    unsigned n_tiers;
    int wire_bps[MCU_RUNGS_MAX]; /* of the pictures, with headers */
    bool silent[MCU_RUNGS_MAX];  /* the pictures come without sound */
    bool still[MCU_RUNGS_MAX];   /* they do not move: a new one every few seconds; only at the end */
    int audio_bps;               /* on the wire */
    bool pictures_last;          /* the smallest is kept, however thin the link */
} mcu_tier_table;

typedef struct {
    unsigned tier;     /* now */
    unsigned top;      /* largest allowed (cap by host, user or level) */
    unsigned carried;  /* what it would be without that: as the link was last seen to carry it */
    int64_t capped_ns; /* since when it is less */
    int64_t bad_since_ns, good_since_ns;
    int64_t up_ns, down_ns; /* of the last step each way, 0 = none */
    int64_t up_wait_ns;     /* after a fall, */
    unsigned undone;        /* to this tier, which was given up again, and larger ones; smaller ones come back sooner */
    unsigned up_from;       /* before the last step up, */
    bool given_up;          /* which was undone: a fall goes on in steps, and that is not the next mistake */
    bool late;              /* the last fall was with a queue, whose end was not seen yet */
    bool outage;            /* seen at the last step */
    bool lacks;             /* less than it needs, then */
    double repair;          /* as it was said at the last step */
} mcu_tier_choice;

/* What a packet of pictures weighs beyond the coded bytes: headers on the wire. */
int mcu_tier_wire_bps(int bitrate_bps, int fps);

void mcu_tier_choice_init(mcu_tier_choice *c, const mcu_tier_table *table, unsigned start, unsigned top, int64_t now_ns);
/* Moves the cap; the tier follows at once: downwards, and back to what the link carried up to a minute before. */
void mcu_tier_choice_cap(mcu_tier_choice *c, unsigned top);
/* Call about ten times a second. Returns the tier to watch. */
unsigned mcu_tier_choice_step(mcu_tier_choice *c, const mcu_tier_table *table, const mcu_peer_link *link, int64_t now_ns);
/* What must be shown to pass before the next step up, bit/s; 0 = nothing is to be tried now. */
unsigned mcu_tier_choice_goal(const mcu_tier_choice *c, const mcu_tier_table *table, int64_t now_ns);

/* How many of the tiers move. */
unsigned mcu_tiers_moving(const mcu_tier_table *table);
/* The largest tier that a line of `rate_bps` carries beside the sound; n_tiers (audio only) when none does. */
unsigned mcu_tier_that_fits(const mcu_tier_table *table, unsigned rate_bps);

/* The best that a link can be called which carries the chosen tier and no more: 5 all that is allowed, 4 a large picture, 2 a
 * small one, 1 none that moves. The choice follows the estimate with patience, and so do the words. */
int mcu_link_carries(const mcu_tier_choice *c, const mcu_tier_table *table);
/* 0..5 for people: 5 fine, 0 nothing arrives. rtt_ms < 0 unknown. */
int mcu_link_quality(double loss_out, double loss_in, double rtt_ms, bool stalled, int carries);

#endif
