/* weak_room.h - a room's sending side in simulated time: real sender (pacer, repair, probes, estimator), real tier choice and
 * views, over modelled links to receivers that give feedback, ask for repair and count what they could show; the encoders are
 * modelled by their sizes.  Thread: the test's. */
#ifndef TESTS_UNIT_WEAK_ROOM_H
#define TESTS_UNIT_WEAK_ROOM_H

#include "mcu/net/sender.h"
#include "mcu/room/ladder.h"
#include "tests/unit/link_model.h"

#define WEAK_ROOM_MAX 32

typedef struct weak_room weak_room;
typedef struct weak_receiver weak_receiver;

weak_room *weak_room_new(uint32_t seed);
void weak_room_free(weak_room *r);
weak_receiver *weak_room_join(weak_room *r, const link_profile *down, const link_profile *up, unsigned start_tier);
void weak_room_hands(weak_receiver *v); /* from now on: speaks with hands */
/* Before it runs: gives no transport-wide feedback, only a report every second. */
void weak_room_plain(weak_receiver *v);
bool weak_room_silent(const weak_receiver *v);
void weak_room_link(weak_receiver *v, const link_profile *down, const link_profile *up);
/* From now on the person's own media weigh so much on the way up, beside its feedback. */
void weak_room_sends(weak_receiver *v, unsigned bps);
/* What else comes down, of which the estimator hears nothing: reports, and what the page is told. */
void weak_room_beside(weak_receiver *v, unsigned bps);
void weak_room_run(weak_room *r, double seconds);
unsigned weak_room_keyframes(const weak_room *r, unsigned tier); /* shared ones */

/* What a receiver saw since the last call of weak_room_begin(). */
typedef struct {
    unsigned pictures;
    double seconds, frozen; /* share of time in gaps above 200 ms between pictures that could be shown */
    double longest_gap_ms;
    double fps;
    double latency_p50_ms, latency_p95_ms;     /* capture to complete */
    double queue_p95_ms;                       /* of the link's own queue */
    double audio_lost;                         /* share of sound packets */
    double lost;                               /* share of all packets that the link lost */
    double sent_bps;                           /* on the wire */
    unsigned switches;                         /* of tier */
    unsigned first_picture_ms, first_audio_ms; /* after begin() */
} weak_view;
void weak_room_begin(weak_receiver *v);
weak_view weak_room_end(weak_receiver *v);
void weak_view_print(const char *name, unsigned seed, const weak_view *w, unsigned tier);
unsigned weak_room_tier(const weak_receiver *v);
const mcu_tier_table *weak_room_tiers(void);
/* Runs until the receiver watches `tier` or a larger one; returns the seconds it took, > limit = never. */
double weak_room_until(weak_room *r, const weak_receiver *v, unsigned tier, double limit);
double weak_room_queue_ms(const weak_receiver *v); /* of its link, now */

#endif
