/* call.h - one telephone call from its INVITE to its end: SIP dialog, prompts, then a leg of a room.  Thread: the loop's. */
#ifndef SIGNALING_PHONE_CALL_H
#define SIGNALING_PHONE_CALL_H

#include <jansson.h>
#include <sofia-sip/nua.h>

#include "signaling/phone/phone.h"

/* A caller: the gateway is asked what it may hear. Takes the handle over, also when the call is refused. */
void tel_call_incoming(tel_phone *p, tel_trunk *t, nua_handle_t *nh, const sip_t *sip);
/* The gateway's `dial`: "call", "number", "languages", "bound". What goes wrong is told as `ended`. */
void tel_call_dial(tel_phone *p, const json_t *m);
/* The gateway's `adopt`: "call", "dialog", "bound": in a room, of a tessera-phone that has ended. A call that is known goes on as
 * it is; one that cannot be taken up is told as `ended`. */
void tel_call_adopt(tel_phone *p, const json_t *m);
void tel_call_free(void *call); /* of the table; ends its dialog, if it has one */

void tel_call_event(tel_call *c, nua_event_t event, int status, const sip_t *sip, nua_handle_t *nh, tagi_t tags[]);

/* The gateway's words about a call. */
void tel_call_hang_up(tel_call *c, const char *reason);
void tel_call_ask_keyframe(tel_call *c);                 /* of a video endpoint that takes no RTCP for it */
void tel_call_transfer(tel_call *c, const char *number); /* the other side is to call that one instead */
void tel_call_hand_again(tel_call *c);                   /* its room has ended and begun anew */
void tel_call_tell(const tel_call *c);                   /* to a gateway that is new */

#endif
