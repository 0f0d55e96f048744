/* offer_rate.h - how often WHIP and WHEP may offer: each address and each seat.  Thread: the gateway's loop. */
#ifndef SIGNALING_OFFER_RATE_H
#define SIGNALING_OFFER_RATE_H

#include "signaling/auth.h"
#include "signaling/http.h"

/* False = too many: counted, and answered with 429 and Retry-After. */
bool sig_offers_from_ok(sig_request *q); /* its address; before the token is looked at, which costs as well */
bool sig_offers_of_ok(sig_request *q, const sig_token *t);

#endif
