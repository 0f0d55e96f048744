/* unmute.h - how a person ends a host's mute.  Thread: the gateway's loop.
 * One rule for pages and telephones: whom a host has muted is told so and how to be heard again, and an Unmute of one's own,
 * pressed or keyed, is enough, whether a host is there or not. A host's mute silences a forgotten microphone; it neither opens
 * one, nor does it keep somebody from speaking: for that there is the door. */
#ifndef SIGNALING_UNMUTE_H
#define SIGNALING_UNMUTE_H

#include "signaling/gateway.h"

typedef enum {
    SIG_UNMUTE_NONE = 0,
    SIG_UNMUTE_NOT_MUTED, /* by a host */
    SIG_UNMUTE_DONE,      /* once that is written */
    SIG_UNMUTE_LISTENS,   /* the role is one that nobody hears */
    SIG_UNMUTE_FAILED,    /* it cannot be written, or the seat has gone */
} sig_unmute;

sig_unmute sig_unmute_self(sig_gateway *g, const char *room, const char *seat);

#endif
