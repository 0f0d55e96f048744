/* bwe_probe.h - shows what the path carries beyond what we send: for a moment everything leaves at a set rate, filled up with
 * copies, and is counted where it arrives.  Thread: the peer's loop; pure. Embedded struct.
 * Only towards a goal: what the next larger picture needs. A failure costs little, since a step is at most
 * twice what is known, one and a half times after a failure, a quarter more after two or where that is little, and ends when a
 * queue grows; after many the waits grow. */
#ifndef MCU_NET_BWE_PROBE_H
#define MCU_NET_BWE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#define MCU_BWE_CLUSTERS 31 /* 1.. : what fits beside a packet's kind */

typedef struct {
    unsigned id;        /* 0 = none yet */
    bool sending, open; /* still leaving; not judged yet */
    bool grew;          /* a queue did, on its way */
    unsigned bps;
    double random; /* loss when it began */
    int64_t start_ns, end_ns;
    unsigned sent, told, received;
    uint64_t sent_bytes, received_bytes;
    int64_t first_sent_ns, last_sent_ns, first_arrival_ns, last_arrival_ns;
    unsigned last_sent_size, first_arrival_size;
    int64_t queue_ns; /* when it began */
} mcu_bwe_cluster;

typedef struct {
    unsigned goal_bps; /* 0 = nothing to show */
    mcu_bwe_cluster cluster;
    int64_t next_ns, wait_ns, failed_ns;
    unsigned failures; /* in a row */
    unsigned unclear;  /* in a row: chance took them, or what would have told of them */
} mcu_bwe_probe;

void mcu_bwe_probe_init(mcu_bwe_probe *p);
/* Begins a cluster if one is due. `est_bps`: what is known; a step at most doubles it. `full_bps`: where the path was found to
 * end, 0 = it was not; a step goes a quarter beyond that, and not soon where `media_bps`, what came in lately, nearly fills it.
 * True = it is sending. */
bool mcu_bwe_probe_start(mcu_bwe_probe *p, unsigned est_bps, unsigned full_bps, unsigned media_bps, double random,
                         int64_t queue_ns, int64_t now_ns);
/* What leaves while it is sending belongs to it; returns the cluster's id, 0 = none. */
unsigned mcu_bwe_probe_sent(mcu_bwe_probe *p, unsigned size, int64_t now_ns);
void mcu_bwe_probe_told(mcu_bwe_probe *p, unsigned id, unsigned size, bool received, int64_t arrival_ns);
/* How many bytes of filling are due now; 0 = none. */
unsigned mcu_bwe_probe_due(mcu_bwe_probe *p, int64_t now_ns);
/* A packet of filling may be so large on the wire: what is thin is not measured by two or three packets. */
unsigned mcu_bwe_probe_filling_most(const mcu_bwe_probe *p);
/* A queue grows: enough is known. */
void mcu_bwe_probe_abort(mcu_bwe_probe *p, int64_t now_ns);
/* True once when a cluster is judged: `bps` = what came through, 0 = it showed nothing. `random` loss is not held against it;
 * `media_bps`: what came in lately without it. */
bool mcu_bwe_probe_judge(mcu_bwe_probe *p, double random, unsigned media_bps, int64_t rtt_ns, int64_t now_ns, unsigned *bps);
/* What was lost may be back: look at once. */
void mcu_bwe_probe_hurry(mcu_bwe_probe *p, int64_t now_ns);

#endif
