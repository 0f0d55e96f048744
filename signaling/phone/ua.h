/* ua.h - the SIP stack: opens the ports, keeps strangers out, gives every event to the call or trunk that it is for.  Thread: the
 * loop's. A message of an address that is none of the trunks' is dropped by the kernel: it gets no answer. */
#ifndef SIGNALING_PHONE_UA_H
#define SIGNALING_PHONE_UA_H

#include <sofia-sip/nua.h>
#include <stdbool.h>

#include "signaling/phone/phone.h"

/* NULL: a port is taken, or the certificate cannot be read. */
tel_ua *tel_ua_new(tel_phone *p, GError **error);
/* Ends registrations and calls, at most `wait_ms`; runs the loop meanwhile. */
void tel_ua_free(tel_ua *u, int wait_ms);
/* "<sip:...>" by which the other side of a call reaches us over its transport: "udp", "tcp" or "tls", in any case. g_free. The
 * stack's own choice may be a port of another transport. */
char *tel_ua_contact(const tel_ua *u, const char *transport);
nua_t *tel_ua_stack(const tel_ua *u);
tel_trunk *tel_ua_trunk(const tel_ua *u, unsigned i); /* NULL = there are not so many */
/* The first that is up but `not`; NULL = none. */
tel_trunk *tel_ua_pick_trunk(const tel_ua *u, const tel_trunk * not );

#endif
