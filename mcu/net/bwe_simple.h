/* bwe_simple.h - estimator for receivers without transport-wide feedback: their REMB, and loss and round trips of their reports.
 * Thread: the peer's loop; pure. Embedded struct. Slower and blinder: it cannot tell random loss from a full queue except by the
 * round-trip time, and what passes only by sending it.  Source: draft-ietf-rmcat-gcc-02 6 (loss-based),
 * draft-alvestrand-rmcat-remb-03. */
#ifndef MCU_NET_BWE_SIMPLE_H
#define MCU_NET_BWE_SIMPLE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    double bps;
    int64_t least_rtt_ns; /* 0 = unknown */
    int64_t rtt_ns;       /* newest */
    int64_t report_ns;    /* newest */
    int64_t cut_ns;
    struct {
        int64_t at_ns;
        unsigned bps;
    } sent[8]; /* at earlier reports, newest first, half a second apart at least: what filled a queue of 3 s is still there */
    double full_bps; /* what came through the last full queue, */
    int64_t full_ns; /* and when; 0 = there was none */
    struct {
        unsigned reports;   /* one after the other that were late, the newest included; 0 = it was in time */
        int64_t first_ns;   /* when the first of them came */
        bool lossy;         /* something was lost meanwhile */
        bool known;         /* a queue was full in the minute before */
        double before_bps;  /* the estimate before it, */
        double through_bps; /* and what came through at first */
        int64_t rtt_ns;     /* the round trip that those since then are within a tenth of, */
        int64_t steady_ns;  /* since when they are, */
        int64_t little_ns;  /* and since when little is sent besides */
    } late;
    int64_t forgiven_ns; /* when a report that was late alone was forgotten; 0 = never */
} mcu_bwe_simple;

void mcu_bwe_simple_init(mcu_bwe_simple *s, unsigned start_bps);
/* A report about our video. `rtt_ns` <= 0: it tells of no round trip that was not told of before; `sent_bps`: what we really
 * send; `remb_bps` 0 = none: what the remote measured may be used at once. */
void mcu_bwe_simple_report(mcu_bwe_simple *s, double loss, int64_t rtt_ns, unsigned sent_bps, unsigned remb_bps, int64_t now_ns);

#endif
