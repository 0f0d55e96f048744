/* adoption.h - room processes found running at a start: connected, asked who they are, handed over.  Thread: the gateway's loop.
 */
#ifndef SIGNALING_ADOPTION_H
#define SIGNALING_ADOPTION_H

#include "signaling/gateway.h"
#include "signaling/room_link.h"

typedef struct sig_adoption sig_adoption;

typedef struct {
    /* One has said hello, as long as it may have taken. `room` is "" for an idle one. */
    void (*found)(void *user, const char *room, const char *build, sig_room_link *take_link);
    void (*fewer)(void *user);   /* one less is silent: after found(), or because it has ended */
    void (*overdue)(void *user); /* once, 1 s after the start; who is still silent 9 s later is killed */
} sig_adoption_events;

sig_adoption *sig_adoption_new(sig_gateway *g, const sig_adoption_events *events, void *user);
void sig_adoption_free(sig_adoption *a);
void sig_adoption_start(sig_adoption *a); /* connects to every socket in the rooms folder; no event comes from within */
unsigned sig_adoption_silent(const sig_adoption *a); /* processes that have not said hello yet */

#endif
