/* pool.h - idle room processes, started ahead so that opening a room is instant.  Thread: the gateway's loop. */
#ifndef SIGNALING_POOL_H
#define SIGNALING_POOL_H

#include "signaling/gateway.h"
#include "signaling/room_link.h"

typedef struct sig_pool sig_pool;

sig_pool *sig_pool_new(sig_gateway *g);
void sig_pool_free(sig_pool *p); /* closes the links; the processes end by themselves */
void sig_pool_start(sig_pool *p);

/* Hands a connected idle process to `fn`, now or when one is there. One open request per `user`. */
typedef void (*sig_pool_fn)(void *user, sig_room_link *take_link);
void sig_pool_request(sig_pool *p, sig_pool_fn fn, void *user);
void sig_pool_cancel(sig_pool *p, const void *user);
void sig_pool_add(sig_pool *p, sig_room_link *take_link); /* one found running at start */
bool sig_pool_ready(const sig_pool *p);                   /* as many as configured stand by */
void sig_pool_drain(sig_pool *p);                         /* ends them; starts no more */
bool sig_pool_drained(const sig_pool *p);

#endif
