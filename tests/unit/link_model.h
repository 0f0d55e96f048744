/* link_model.h - one direction of a modelled link: a queue at a rate, delay, jitter, loss alone and in bursts, a policer,
 * outages. Thread: the test's; stepped with now_ns; the same seed gives the same link. */
#ifndef TESTS_UNIT_LINK_MODEL_H
#define TESTS_UNIT_LINK_MODEL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    unsigned rate_bps;            /* 0 = any */
    unsigned queue_ms;            /* what its queue holds at that rate */
    unsigned delay_ms, jitter_ms; /* jitter keeps the order */
    double loss;                  /* 0..1 */
    double burst;                 /* mean length of a loss, packets; 0 or 1 = each for itself (Gilbert) */
    unsigned policer_bps, policer_bytes;
    bool down;
} link_profile;

typedef struct link_model link_model;
link_model *link_model_new(const link_profile *profile, uint32_t seed);
void link_model_free(link_model *l);
void link_model_set(link_model *l, const link_profile *profile);
/* `size` bytes of RTP or RTCP; on the wire it weighs more. */
void link_model_send(link_model *l, const uint8_t *data, size_t size, int64_t now_ns);
/* The next datagram that has arrived by `now_ns`; NULL = none. Borrowed until the next call. */
const uint8_t *link_model_receive(link_model *l, size_t *size, int64_t *arrival_ns, int64_t now_ns);
double link_model_queue_ms(const link_model *l, int64_t now_ns);
unsigned link_model_lost(const link_model *l); /* so far, for any reason */
unsigned link_model_carried(const link_model *l);
uint32_t link_model_random(uint32_t *state); /* xorshift; state != 0 */

#endif
