/* supervisor.h - all rooms of this gateway: adopts the running, starts the wanted, ends the finished.  Thread: the gateway's
 * loop. */
#ifndef SIGNALING_SUPERVISOR_H
#define SIGNALING_SUPERVISOR_H

#include "signaling/gateway.h"
#include "signaling/pool.h"
#include "signaling/room.h"

sig_supervisor *sig_supervisor_new(sig_gateway *g);
void sig_supervisor_free(sig_supervisor *s);

/* Connects to every room process found in the rooms folder; `ready` is called once when they have said who is there, at the
 * latest after 1 s. Clients should not be let in before. */
void sig_supervisor_start(sig_supervisor *s, void (*ready)(void *user), void *user);

/* The room of an id that has not ended; made on demand. NULL = unknown or ended. */
sig_room *sig_supervisor_room(sig_supervisor *s, const char *id);
sig_pool *sig_supervisor_pool(const sig_supervisor *s);
void sig_supervisor_each(sig_supervisor *s, void (*fn)(sig_room *r, void *user), void *user);
unsigned sig_supervisor_occupied(const sig_supervisor *s); /* rooms with people, and processes that have not said */
unsigned sig_supervisor_running(const sig_supervisor *s);  /* rooms with a process */

void sig_supervisor_changed(sig_supervisor *s, const sig_change *change); /* a fact has become true */
void sig_supervisor_layouts_changed(sig_supervisor *s);                   /* the gateway's: those that run are told */
void sig_supervisor_adopted(sig_supervisor *s);                           /* by a room: it knows who is there */
void sig_supervisor_room_gone(sig_supervisor *s, sig_room *r);            /* by a room: its process has ended as told */
bool sig_supervisor_ready(const sig_supervisor *s);

/* Ends all rooms and processes; `done` is called when none is left or after 6 s. */
void sig_supervisor_drain(sig_supervisor *s, void (*done)(void *user), void *user);

#endif
