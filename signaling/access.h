/* access.h - whether a token opens a seat now: what it says, and what the facts say about it.  Thread: the gateway's loop. */
#ifndef SIGNALING_ACCESS_H
#define SIGNALING_ACCESS_H

#include "signaling/gateway.h"
#include "signaling/operator.h"

/* `room` NULL = any; another room's token is FOREIGN. Counts refusals by kind. */
sig_token_status sig_access_check(const sig_gateway *g, const char *token, const char *room, sig_token *out);
/* Why a device may not come now with a token that was good: its role, or a locked door. NULL = it may. A refusal is audited. */
const char *sig_access_refusal(const sig_gateway *g, const sig_token *t, bool publishes);
typedef enum {
    SIG_REVIEW_NO_LINK = 0, /* the bearer is no token of a link, or not good any more */
    SIG_REVIEW_ALLOWED,     /* `out` is the seat, bound to its room, also after the visit */
    SIG_REVIEW_REFUSED,     /* a good link that does not show recordings: audited */
} sig_review;
/* Whether a link's token may look at its visit's recordings. `bearer` NULL is fine. */
sig_review sig_access_review(const sig_gateway *g, const char *bearer, sig_operator *out);
bool sig_access_reviews(const sig_gateway *g, const char *token, sig_operator *out); /* the same, asked without an attempt */
/* "auto", "audio" or a configured tier. */
bool sig_access_tier_known(const sig_gateway *g, const char *tier);
/* Whether a page of `origin` may talk to the server that was asked for as `host`; NULL origin = not a browser. */
bool sig_access_origin_allowed(const sig_settings *s, const char *origin, const char *host);

#endif
