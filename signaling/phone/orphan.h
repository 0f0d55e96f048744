/* orphan.h - a call in a room whose tessera-phone has ended: its sound goes on there, its dialog is spoken in from here.  Thread:
 * the loop's. The stack cannot take such a dialog up: what the other side sends in it is answered 481, as RFC 3261 12.2.2 has it.
 * So each is asked by OPTIONS inside the dialog whether it is still there, and hung up by a BYE when its room says so. */
#ifndef SIGNALING_PHONE_ORPHAN_H
#define SIGNALING_PHONE_ORPHAN_H

#include <jansson.h>
#include <sofia-sip/nua.h>

#include "signaling/phone/phone.h"

typedef struct tel_orphan tel_orphan;

/* The gateway's `adopt`: "call", "dialog", "bound". A call that is known goes on as it is; one that cannot be taken up is told as
 * `ended`. */
void tel_orphan_adopt(tel_phone *p, const json_t *m);
void tel_orphan_free(void *orphan); /* of the table */
void tel_orphan_event(tel_orphan *o, nua_event_t event, int status);
void tel_orphan_hang_up(tel_orphan *o, const char *reason);
void tel_orphan_tell(const tel_orphan *o); /* to a gateway that is new */

#endif
