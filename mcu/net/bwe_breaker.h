/* bwe_breaker.h - stops what goes on sending into a path that cannot take it, whatever the estimator thinks.  Thread: the peer's
 * loop; pure. Embedded struct, zero-initialise.  Source: RFC 8083 4.1 (reports come, but nothing of what is sent arrives), 4.2
 * (no reports), 4.3 (ten times what TCP would send). */
#ifndef MCU_NET_BWE_BREAKER_H
#define MCU_NET_BWE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t heard_ns, spacing_ns; /* reports or feedback */
    int64_t interval_ns;          /* when the present interval began */
    uint64_t bytes;               /* sent in it */
    unsigned bad;                 /* intervals in a row */
    int64_t open_until_ns;        /* 0 = closed */
    double loss, rtt_s;           /* over some seconds; 0 = none, unknown */
    int64_t ticked_ns;
    uint32_t highest;          /* sequence number that reports named, extended, */
    uint64_t packets;          /* and what had been sent by then */
    unsigned stuck;            /* reports since it moved that followed on packets */
    int64_t stuck_ns, busy_ns; /* the first and the newest of these; busy 0 = nothing was reported yet */
} mcu_bwe_breaker;

void mcu_bwe_breaker_heard(mcu_bwe_breaker *b, int64_t now_ns);
void mcu_bwe_breaker_sent(mcu_bwe_breaker *b, unsigned bytes);
/* A report on pictures: the highest number that it names, and the packets of them that have been sent so far. False: it names
 * none of those that were sent since the one before. */
bool mcu_bwe_breaker_reported(mcu_bwe_breaker *b, uint32_t highest_seq, uint64_t packets, int64_t now_ns);
/* Call often. True = no pictures may be sent. */
bool mcu_bwe_breaker_tick(mcu_bwe_breaker *b, double loss, int64_t rtt_ns, int64_t now_ns);
/* What may be sent without coming near to opening it; HUGE_VAL = nothing is lost. */
double mcu_bwe_breaker_cap_bps(const mcu_bwe_breaker *b);

#endif
