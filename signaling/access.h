/* access.h - whether a token opens a seat now: what it says, and what the facts say about it.  Thread: the gateway's loop. */
#ifndef SIGNALING_ACCESS_H
#define SIGNALING_ACCESS_H

#include "signaling/gateway.h"

/* `room` NULL = any; another room's token is FOREIGN. Counts refusals by kind. */
sig_token_status sig_access_check(const sig_gateway *g, const char *token, const char *room, sig_token *out);
/* "auto", "audio" or a configured tier. */
bool sig_access_tier_known(const sig_gateway *g, const char *tier);
/* Whether a page of `origin` may talk to the server that was asked for as `host`; NULL origin = not a browser. */
bool sig_access_origin_allowed(const sig_settings *s, const char *origin, const char *host);

#endif
