#include "signaling/order.h"

#include <string.h>

#include "mcu/base/status.h"
#include "signaling/room.h"
#include "signaling/supervisor.h"

typedef struct {
    sig_gateway *gateway;
    char room[SIG_ID_MAX + 1];
    json_t *message;
    int absent;
    sig_order_fn fn;
    void *user;
} order;

static void finish(order *o, const char *code, const char *message)
{
    o->fn(o->user, code, message);
    json_decref(o->message);
    g_free(o);
}

static void on_reply(void *user, const json_t *reply, const char *code, const char *message)
{
    finish(user, reply ? NULL : code, message);
}

static void on_recorded(void *user)
{
    order *o = user;
    sig_room *r = sig_supervisor_room(o->gateway->supervisor, o->room);
    if (!r || !sig_room_call(r, json_incref(o->message), false, on_reply, o)) {
        finish(o, mcu_error_name(o->absent), "Nobody is in this visit now.");
    }
}

void sig_order(sig_gateway *g, const sig_audit_entry *e, json_t *take_message, int absent, sig_order_fn fn, void *user)
{
    order *o = g_new0(order, 1);
    *o = (order){.gateway = g, .message = take_message, .absent = absent, .fn = fn, .user = user};
    g_strlcpy(o->room, e->room, sizeof o->room);
    sig_audit_first(g, e, on_recorded, o);
}

bool sig_order_freeze(sig_gateway *g, const sig_audit_entry *e, const char *what, sig_order_fn fn, void *user)
{
    if (strcmp(what, "camera") != 0 && strcmp(what, "screen") != 0 && strcmp(what, "off") != 0) {
        return false;
    }
    json_t *m = json_pack("{s:s, s:s, s:s}", "type", "freeze", "seat", e->target, "what", what);
    sig_order(g, e, m, MCU_ERROR_NOT_FOUND, fn, user);
    return true;
}
