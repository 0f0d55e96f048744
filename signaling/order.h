/* order.h - what a room's process is to do, once the audit trail has it.  Thread: the gateway's loop. */
#ifndef SIGNALING_ORDER_H
#define SIGNALING_ORDER_H

#include <jansson.h>

#include "signaling/audit.h"

/* code NULL = it is done; else why not, as in room.h's sig_reply_fn. */
typedef void (*sig_order_fn)(void *user, const char *code, const char *message);

/* Recorded first, as `e` says, which names the room; then told to the room. Calls `fn` once, later; with `absent` when nobody is
 * in the room then. */
void sig_order(sig_gateway *g, const sig_audit_entry *e, json_t *take_message, int absent, sig_order_fn fn, void *user);

/* Has a still of somebody's picture held in the room, or let go: `what` is "camera", "screen" or "off", `e` names the seat.
 * False, which leaves `fn` uncalled: it is none of these. */
bool sig_order_freeze(sig_gateway *g, const sig_audit_entry *e, const char *what, sig_order_fn fn, void *user);

#endif
