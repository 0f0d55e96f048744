/* phone_link.h - the gateway's end of the socket to tessera-phone: listens as DATA/rooms/phone, one at a time, the newest wins.
 * Thread: the gateway's loop. Protocol: signaling/PHONE-PROTOCOL.md. What it says is checked like any remote input: it reads
 * strangers' SIP. */
#ifndef SIGNALING_PHONE_LINK_H
#define SIGNALING_PHONE_LINK_H

#include <event2/event.h>
#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "mcu/base/ipc.h"

typedef struct sig_phone_link sig_phone_link;

typedef struct {
    void (*on_hello)(void *user); /* our hello has gone out */
    /* The descriptors are the caller's, until it returns. `id` > 0 wants sig_phone_link_ok() or _refuse(), once, also later. */
    void (*on_message)(void *user, const char *type, const json_t *m, json_int_t id, const int *fds, unsigned n_fds);
    void (*on_lost)(void *user);
} sig_phone_link_events;

/* `config` is kept. */
sig_phone_link *sig_phone_link_new(struct event_base *base, int dir_fd, int64_t generation, json_t *config,
                                   const sig_phone_link_events *events, void *user, GError **error);
void sig_phone_link_free(sig_phone_link *l);
bool sig_phone_link_up(const sig_phone_link *l);

bool sig_phone_link_send(sig_phone_link *l, json_t *take_message);
void sig_phone_link_ok(sig_phone_link *l, json_int_t id, json_t *take_members); /* NULL = none */
void sig_phone_link_refuse(sig_phone_link *l, json_int_t id, const char *code);

#endif
