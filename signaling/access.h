/* access.h - whether a token opens a seat now: what it says, and what the facts say about it.  Thread: the gateway's loop. */
#ifndef SIGNALING_ACCESS_H
#define SIGNALING_ACCESS_H

#include "signaling/gateway.h"

/* `room` NULL = any; another room's token is FOREIGN. Counts refusals by kind. */
sig_token_status sig_access_check(const sig_gateway *g, const char *token, const char *room, sig_token *out);
/* Why a device may not come now with a token that was good: its role, or a locked door. NULL = it may. A refusal is audited. */
const char *sig_access_refusal(const sig_gateway *g, const sig_token *t, bool publishes);
/* "auto", "audio" or a configured tier. */
bool sig_access_tier_known(const sig_gateway *g, const char *tier);
/* Whether a page of `origin` may talk to the server that was asked for as `host`; NULL origin = not a browser. */
bool sig_access_origin_allowed(const sig_settings *s, const char *origin, const char *host);

#endif
