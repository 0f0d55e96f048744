/* bwe_private.h - the inside of the estimator, shared by bwe.c, bwe_fall.c and bwe_drain.c.  Thread: the peer's loop; pure. */
#ifndef MCU_NET_BWE_PRIVATE_H
#define MCU_NET_BWE_PRIVATE_H

#include "mcu/net/bwe.h"
#include "mcu/net/bwe_breaker.h"
#include "mcu/net/bwe_loss.h"
#include "mcu/net/bwe_probe.h"
#include "mcu/net/bwe_queue.h"
#include "mcu/net/bwe_rate.h"
#include "mcu/net/bwe_simple.h"
#include "mcu/net/bwe_trend.h"

#define MS INT64_C(1000000)
#define MCU_BWE_SENT 8192
#define MCU_BWE_DRAIN_TO_NS (60 * MS) /* a queue has gone */
#define MCU_BWE_IDLE 0.7              /* of what was too much, or of the estimate: so little says nothing of the path */

typedef struct {
    int64_t sent_ns;
    uint64_t total; /* bytes up to and with it */
    uint32_t burst; /* bytes of the 100 ms up to and with it */
    uint8_t cluster;
} mcu_bwe_packet;

struct mcu_bwe {
    mcu_bwe_state state;
    int64_t state_ns;
    double est_bps;
    double full_bps; /* what came in when it was too much; 0 = not met */
    bool shown_full; /* by a probe */
    mcu_bwe_trend trend;
    mcu_bwe_queue queue;
    mcu_bwe_rate rate;
    mcu_bwe_loss loss;
    mcu_bwe_probe probe;
    mcu_bwe_simple simple;
    uint32_t lsr; /* of the newest report's round trip */
    mcu_bwe_breaker breaker;
    unsigned remb_bps;
    int64_t remb_ns; /* 0 = never */
    bool feedback;   /* ever */
    bool draining;
    unsigned carried_bps;                         /* the most that came in since it stands, and just before */
    double drain_bps;                             /* the estimate after the first decrease since it drains; 0 = there was none */
    double busy_bps, busy_most_bps;               /* what comes out of the queue since it drains, and the most that did; */
    int64_t busy_told_ns;                         /* when feedback last told of enough of it, 0 = at least that */
    int64_t drain_ns, busy_from_ns;               /* it began then; by the remote's clock, busy since then */
    int64_t feedback_ns, spacing_ns, unheard_ns;  /* newest, usual distance, oldest packet sent since */
    int64_t updated_ns, decreased_ns, before_ns;  /* before_ns: queue at the last decrease */
    int64_t rtt_ns, newest_sent_ns, last_sent_ns; /* last: of the last one that was told of, in any order */
    int64_t path_rtt_ns[2], path_step;            /* the least of this step and of the one before; 0 = none */
    bool steep;                                   /* most of what was sent lately went into a queue, */
    int64_t noted_sent_ns, noted_late_ns;         /* since this packet was the newest, and how long it waited */
    int64_t ignore_before_ns;                     /* packets of an outage say nothing about loss */
    unsigned proven_bps;
    int64_t proven_ns;
    double report_loss;
    uint64_t total, told_total;
    uint16_t told_seq;
    bool untold;           /* of packets before told_seq; none was heard of since */
    int64_t gap_ns;        /* when packets were last found that nothing was told of */
    uint64_t second_bytes; /* for who gives no feedback: what we send */
    int64_t second_ns;
    unsigned sent_bps;
    mcu_bwe_packet packets[MCU_BWE_SENT];
    unsigned tail; /* number of the first packet within BURST_NS */
};

/* bwe_fall.c: less. */
int64_t mcu_bwe_flat_ns(const mcu_bwe *b);                    /* a line without a queue waits no longer */
int64_t mcu_bwe_standing_ns(const mcu_bwe *b);                /* from this on a queue stands */
double mcu_bwe_through_bps(const mcu_bwe *b, int64_t now_ns); /* what the path takes, when it loses some of it by chance */
void mcu_bwe_fall_note(mcu_bwe *b, int64_t now_ns);           /* after each feedback: does a queue drain? */
bool mcu_bwe_fall_is_idle(const mcu_bwe *b);                  /* a queue would drain: much less is sent than was carried */
bool mcu_bwe_fall_due(const mcu_bwe *b, int64_t now_ns);
void mcu_bwe_fall(mcu_bwe *b, double through, int64_t now_ns);
void mcu_bwe_fall_undo(mcu_bwe *b, int64_t now_ns); /* what was taken for a queue is a longer path */

/* bwe_drain.c: while a queue drains. */
void mcu_bwe_drain_begin(mcu_bwe *b, int64_t now_ns);
void mcu_bwe_drain_end(mcu_bwe *b, int64_t now_ns);
double mcu_bwe_drain_busy_bps(mcu_bwe *b, int64_t now_ns);    /* notes what comes out of it, also before it is known to drain */
bool mcu_bwe_drain_is_told(const mcu_bwe *b, int64_t now_ns); /* feedback told of it lately */
unsigned mcu_bwe_drain_came_bps(const mcu_bwe *b, int64_t now_ns);     /* out of it, or of one that has just gone; 0 = not told */
unsigned mcu_bwe_drain_bps(const mcu_bwe *b);                          /* out of it, at least; 0 = not known, or thin */
unsigned mcu_bwe_drain_window_bytes(const mcu_bwe *b, int64_t now_ns); /* what may be under way; UINT32_MAX = no limit */

#endif
