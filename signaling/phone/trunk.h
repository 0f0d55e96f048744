/* trunk.h - one SIP trunk: whether it answers (REGISTER with refresh, OPTIONS), and whose messages are its own.  Thread: the
 * loop's. */
#ifndef SIGNALING_PHONE_TRUNK_H
#define SIGNALING_PHONE_TRUNK_H

#include <sofia-sip/nua.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "signaling/phone/phone.h"

tel_trunk *tel_trunk_new(tel_phone *p, const tel_trunk_config *config, nua_t *nua); /* config is borrowed */
void tel_trunk_free(tel_trunk *t);
const tel_trunk_config *tel_trunk_settings(const tel_trunk *t);
bool tel_trunk_up(const tel_trunk *t); /* as far as is known: one that is asked nothing is taken to be up */
bool tel_trunk_owns(const tel_trunk *t, const struct sockaddr *from);
void tel_trunk_tell(const tel_trunk *t); /* its state, to the gateway */

/* What came for one of its handles. */
void tel_trunk_event(tel_trunk *t, nua_event_t event, int status, const sip_t *sip, nua_handle_t *nh);

/* "Digest:\"realm\":user:password" for a challenge of the trunk's own realm; NULL = somebody else asks: nothing is shown to it.
 * Wipe and g_free. */
char *tel_trunk_credentials(const tel_trunk *t, const sip_t *challenge);

#endif
