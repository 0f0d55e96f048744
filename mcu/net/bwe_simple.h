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
    } sent[4];       /* at the reports before, newest first */
    double full_bps; /* what came through the last full queue, */
    int64_t full_ns; /* and when; 0 = there was none */
    struct {
        unsigned reports;   /* that are late one after the other, the newest included */
        bool known;         /* a queue was full in the minute before the first of them */
        double before_bps;  /* of that one: the estimate before it, */
        double through_bps; /* and what came through, or later where some is lost */
        int64_t rtt_ns;     /* hardly another */
        int64_t stands_ns;  /* since then, while little is sent */
    } late;
    int64_t forgiven_ns; /* the newest that was alone and forgotten */
} mcu_bwe_simple;

void mcu_bwe_simple_init(mcu_bwe_simple *s, unsigned start_bps);
/* A report about our video. `rtt_ns` <= 0 unknown; `sent_bps`: what we really send; `remb_bps` 0 = none: what the remote measured
 * may be used at once. */
void mcu_bwe_simple_report(mcu_bwe_simple *s, double loss, int64_t rtt_ns, unsigned sent_bps, unsigned remb_bps, int64_t now_ns);

#endif
