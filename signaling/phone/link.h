/* link.h - the socket to the gateway: connects, says hello, comes back after a gateway's end.  Thread: the loop's.
 * Calls go on without it: they are only not told. Protocol: signaling/PHONE-PROTOCOL.md. */
#ifndef SIGNALING_PHONE_LINK_H
#define SIGNALING_PHONE_LINK_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct tel_link tel_link;

typedef struct {
    void (*on_hello)(void *user, json_t *config); /* also of a later gateway */
    void (*on_message)(void *user, const char *type, const json_t *m);
    void (*on_lost)(void *user); /* every request has failed; it connects again by itself */
} tel_link_events;

/* `reply` borrowed, NULL on failure; `code` then says why ("unavailable" without a gateway or after 5 s). */
typedef void (*tel_reply_fn)(void *user, const json_t *reply, const char *code);

/* Connects to `name` in the folder, again every 100 ms until it is there. */
tel_link *tel_link_new(int dir_fd, const char *name, const tel_link_events *events, void *user);
void tel_link_free(tel_link *l);
bool tel_link_up(const tel_link *l);

bool tel_link_send(tel_link *l, json_t *take_message);
/* Adds an "id"; `fn` is always called once, later, unless cancelled by `user`. */
void tel_link_request(tel_link *l, json_t *take_message, const int *fds, unsigned n_fds, tel_reply_fn fn, void *user);
void tel_link_cancel(tel_link *l, const void *user); /* requests of `user` are not answered any more */

#endif
