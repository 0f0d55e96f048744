#include "signaling/freeze.h"

#include <string.h>

#include "mcu/base/status.h"
#include "signaling/room.h"
#include "signaling/supervisor.h"

typedef struct {
    sig_gateway *gateway;
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1];
    const char *what;
    sig_freeze_fn fn;
    void *user;
} freezing;

static void finish(freezing *f, const char *code, const char *message)
{
    f->fn(f->user, code, message);
    g_free(f);
}

static void on_reply(void *user, const json_t *reply, const char *code, const char *message)
{
    finish(user, reply ? NULL : code, message);
}

static void on_recorded(void *user)
{
    freezing *f = user;
    sig_room *r = sig_supervisor_room(f->gateway->supervisor, f->room);
    json_t *m = r ? json_pack("{s:s, s:s, s:s}", "type", "freeze", "seat", f->seat, "what", f->what) : NULL;
    if (!m || !sig_room_call(r, m, false, on_reply, f)) {
        finish(f, mcu_error_name(MCU_ERROR_NOT_FOUND), "Nobody is in this room now.");
    }
}

bool sig_freeze(sig_gateway *g, const sig_audit_entry *e, const char *what, sig_freeze_fn fn, void *user)
{
    static const char *const words[] = {"camera", "screen", "off"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(what, words[i]) == 0) {
            freezing *f = g_new0(freezing, 1);
            *f = (freezing){.gateway = g, .what = words[i], .fn = fn, .user = user};
            g_strlcpy(f->room, e->room, sizeof f->room);
            g_strlcpy(f->seat, e->target, sizeof f->seat);
            sig_audit_first(g, e, on_recorded, f);
            return true;
        }
    }
    return false;
}
