/* link.h - what the path to a receiver carries.  Thread: any; a plain struct. */
#ifndef MCU_NET_LINK_H
#define MCU_NET_LINK_H

#include <stdbool.h>

#define MCU_PEER_LINK_LATE_MS 200 /* of queue_ms: from this on a picture that is sent is late */

/* As far as is known. */
typedef struct {
    unsigned estimate_bps; /* on the wire */
    unsigned proven_bps;   /* shown to pass lately; 0 = nothing */
    double queue_ms;       /* how long what we send waits on its way */
    unsigned drains_bps;   /* what comes out of that queue; 0 = not known, or a thin line */
    unsigned came_bps;     /* the same, however thin, or of one that has gone within 2 s; 0 = not known */
    double loss;           /* of the last 2 s; < 0 unknown */
    bool queued;           /* a queue stood while that was lost: it was full */
    double repair;         /* what sending again weighs beside the pictures, as a share of them */
    bool outage;           /* nothing of what we send is heard of */
    bool broken;           /* the circuit breaker is open (RFC 8083) */
    bool probes;           /* more can be shown to pass by mcu_peer_set_goal() */
    bool unheard;          /* nothing was heard yet: the estimate is a guess */
} mcu_peer_link;

#endif
