/* room_link.h - one connected room process: framing, hello, requests with replies and deadlines.  Thread: the gateway's loop.
 * What a room says is checked like any remote input: it decodes strangers' streams. Protocol: mcu/ROOM-PROTOCOL.md. */
#ifndef SIGNALING_ROOM_LINK_H
#define SIGNALING_ROOM_LINK_H

#include <event2/event.h>
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct sig_room_link sig_room_link;
typedef struct sig_room_request sig_room_request;

typedef struct {
    void (*on_hello)(void *user, const char *room, const char *build); /* "" = idle */
    void (*on_message)(void *user, const char *type, const json_t *message);
    /* The process is gone or not usable; every request has failed. The owner frees the link, here or later. */
    void (*on_closed)(void *user);
} sig_room_link_events;

/* Connects to `name` in the rooms folder and says hello. */
sig_room_link *sig_room_link_connect(struct event_base *base, int dir_fd, const char *name, int64_t generation,
                                     const sig_room_link_events *events, void *user, GError **error);
void sig_room_link_set_events(sig_room_link *l, const sig_room_link_events *events, void *user);
void sig_room_link_free(sig_room_link *l); /* allowed inside its callbacks; requests still open fail first */

void sig_room_link_set_pid(sig_room_link *l, int64_t pid); /* as the launcher reported it */
int64_t sig_room_link_pid(const sig_room_link *l);         /* 0 = not known */
uint64_t sig_room_link_inode(const sig_room_link *l);      /* of the socket file; 0 = not known */
const char *sig_room_link_name(const sig_room_link *l);    /* of the socket file */
bool sig_room_link_rename(sig_room_link *l, const char *name);
void sig_room_link_unlink(sig_room_link *l); /* removes the socket file */

const char *sig_room_link_signing_key(const sig_room_link *l); /* of this process, in hexadecimal; "" = it has none */

bool sig_room_link_send(sig_room_link *l, json_t *take_message);
bool sig_room_link_send_fd(sig_room_link *l, json_t *take_message, int fd); /* borrowed */

/* `reply` is borrowed; on failure it is NULL and `code`, `message` say why ("unavailable" after a timeout or death). */
typedef void (*sig_reply_fn)(void *user, const json_t *reply, const char *code, const char *message);
/* Adds an "id". NULL = not sent, `fn` will not be called. */
sig_room_request *sig_room_link_request(sig_room_link *l, json_t *take_message, int timeout_ms, sig_reply_fn fn, void *user);
/* The same with descriptors, borrowed. */
sig_room_request *sig_room_link_request_fds(sig_room_link *l, json_t *take_message, const int *fds, unsigned n_fds,
                                            int timeout_ms, sig_reply_fn fn, void *user);
void sig_room_request_cancel(sig_room_request *r); /* `fn` will not be called; NULL is fine */

#endif
