/* client.h - who sent a request, also behind a trusted proxy, and whether the operator's API answers there.  Thread: the
 * gateway's loop. What a proxy that is not trusted says is not believed. */
#ifndef SIGNALING_CLIENT_H
#define SIGNALING_CLIENT_H

#include "signaling/http.h"

#define SIG_CLIENT_KEY 33 /* hex digits of an address, and the end */

/* The host that the client asked for: of X-Forwarded-Host when a trusted proxy says so, else of Host. NULL = unknown. */
const char *sig_client_host(const sig_request *q);
/* Where it comes from, as far as those who are trusted say; an IPv6 address counts by its network of 64 bits, which one person
 * has whole. For limits. */
void sig_client_key(const sig_request *q, char out[SIG_CLIENT_KEY]);
bool sig_client_is_on_admin_port(const sig_request *q); /* the operator's own listener */
/* On the operator's own listener always. On the server's port only, when there is no such listener, for clients on this host
 * itself and of the networks that [admin] allow names. A trusted proxy has to name its client: one on another host that does not
 * is refused, one on this host cannot be told from it. */
bool sig_client_may_operate(const sig_request *q);
/* At start: warns when this host itself is a trusted proxy and there is no such listener. A request for which it names nobody
 * is then the operator's own. */
void sig_client_warn(const sig_settings *s);

#endif
