/* freeze.h - a host or an operator has a still of somebody's picture held in the room, or let go.  Thread: the gateway's loop. */
#ifndef SIGNALING_FREEZE_H
#define SIGNALING_FREEZE_H

#include "signaling/audit.h"

/* code NULL = it holds; else why not, as in room.h's sig_reply_fn. */
typedef void (*sig_freeze_fn)(void *user, const char *code, const char *message);

/* `what`: "camera", "screen" or "off". Recorded first, as `e` says, which names the room and the seat. Calls `fn` once, later or
 * at once; never after false, which leaves `fn` uncalled: `what` is none of these. */
bool sig_freeze(sig_gateway *g, const sig_audit_entry *e, const char *what, sig_freeze_fn fn, void *user);

#endif
