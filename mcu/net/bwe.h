/* bwe.h - what one transport carries towards the remote: what was sent and what is heard of it go in, a rate comes out.
 * Thread: the peer's loop; pure, stepped with now_ns. Rates and sizes are on the wire: RTP, SRTP tag, UDP and IPv4.
 * With transport-wide feedback: delay slope (bwe_trend.h), standing queue (bwe_queue.h), loss (bwe_loss.h), probes (bwe_probe.h)
 * on top of additive increase and multiplicative decrease; without it bwe_simple.h. Whatever says too little, the floor is 10
 * kbit/s. Source: draft-ietf-rmcat-gcc-02, RFC 8083, RFC 8298 (base delay). */
#ifndef MCU_NET_BWE_H
#define MCU_NET_BWE_H

#include "mcu/net/twcc.h"

#define MCU_BWE_FLOOR_BPS 10000
#define MCU_BWE_MAX_BPS 100000000
#define MCU_BWE_OVERHEAD 38 /* SRTP tag, UDP, IPv4: what a packet weighs beyond its RTP */

typedef enum {
    MCU_BWE_NONE = 0,
    MCU_BWE_START, /* nothing was heard yet */
    MCU_BWE_OPEN,
    MCU_BWE_OUTAGE, /* what we send is not heard of any more; ends with the next feedback */
    MCU_BWE_BROKEN, /* the circuit breaker is open: no pictures */
} mcu_bwe_state;
const char *mcu_bwe_state_name(mcu_bwe_state s);

typedef struct {
    mcu_bwe_state state;
    unsigned estimate_bps;
    unsigned proven_bps;   /* shown to pass within the last 10 s, by a probe or by traffic; 0 = nothing */
    unsigned full_bps;     /* where the path was found to end; 0 = it was not */
    unsigned drains_bps;   /* what comes out of the queue that drains; 0 = there is none, it is not known, or the line is thin */
    unsigned came_bps;     /* what came out of a queue within 2 s, however thin the line; 0 = not told, or less may be sent */
    unsigned window_bytes; /* pictures wait while more than this is under way; UINT32_MAX = no limit */
    unsigned in_flight;    /* bytes */
    int64_t queue_ns;      /* standing wait on the way */
    int64_t late_ns;       /* wait of the newest packet that was told of */
    int64_t rtt_ns;        /* 0 = unknown */
    int64_t path_rtt_ns;   /* least of the last 5 to 10 s, less the queue on the way there; 0 = unknown */
    int64_t spacing_ns;    /* usual distance of feedback */
    int64_t state_ns;      /* of the state's beginning */
    double loss;           /* of the last 2 s; < 0 unknown */
    bool policed;          /* the path drops what exceeds a rate */
    bool queued;           /* a queue stood while that was lost: it was full */
    bool feedback;         /* transport-wide feedback comes: probes show something */
} mcu_bwe_view;

typedef struct mcu_bwe mcu_bwe;
mcu_bwe *mcu_bwe_new(unsigned start_bps);
void mcu_bwe_free(mcu_bwe *b);
void mcu_bwe_set_start(mcu_bwe *b, unsigned bps); /* what is believed before anything is heard; later without effect */

/* A packet left, `size` bytes on the wire; `twcc_seq` is its number, < 0 = it has none. */
void mcu_bwe_sent(mcu_bwe *b, int twcc_seq, unsigned size, int64_t now_ns);
/* Each result of one feedback message, then its end. */
void mcu_bwe_result(mcu_bwe *b, const mcu_twcc_result *r, int64_t now_ns);
void mcu_bwe_feedback(mcu_bwe *b, int64_t now_ns);
/* A report block about our video, of which `packets` were sent so far: counts where there is no feedback. */
typedef struct {
    double loss;
    int64_t rtt_ns;       /* <= 0 unknown */
    uint32_t lsr;         /* of which sender report the round trip is (LSR); 0 = whichever */
    uint32_t highest_seq; /* extended */
} mcu_bwe_block;
void mcu_bwe_report(mcu_bwe *b, const mcu_bwe_block *block, uint64_t packets, int64_t now_ns);
/* False: 0 or beyond 10 Gbit/s, nobody can mean that; nothing changes. */
bool mcu_bwe_remb(mcu_bwe *b, uint64_t bps, int64_t now_ns);
void mcu_bwe_tick(mcu_bwe *b, int64_t now_ns); /* every 20 ms */

/* What would be good to know to pass; 0 = nothing more is wanted. */
void mcu_bwe_set_goal(mcu_bwe *b, unsigned bps);
/* Bytes of copies that a probe wants now; 0 = none. */
unsigned mcu_bwe_filling(mcu_bwe *b, int64_t now_ns);
unsigned mcu_bwe_filling_most(const mcu_bwe *b); /* size of one of them on the wire */
bool mcu_bwe_probing(const mcu_bwe *b);

void mcu_bwe_get(const mcu_bwe *b, int64_t now_ns, mcu_bwe_view *out);

#endif
