/* Who hears a person and what the person hears: a whisper, an interpretation, clinical sound, noise. A host may change it for
 * others. The room does it; it is recorded first. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/audit.h"
#include "signaling/session_private.h"
#include "signaling/supervisor.h"

static const struct {
    const char *member;
    sig_permission permission; /* for oneself */
} members[] = {
    {"whisper", SIG_MAY_WHISPER},   {"channel", SIG_MAY_INTERPRET}, {"hears", SIG_MAY_LISTEN},
    {"clinical", SIG_MAY_CLINICAL}, {"denoise", SIG_MAY_DENOISE},
};

/* The session may be gone when the room answers, so it is looked up again. */
typedef struct {
    sig_gateway *gateway;
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1], session[SIG_ID_MAX + 1];
    json_t *request, *order;
} wish;

static sig_session *session_of(const wish *w)
{
    sig_room *room = sig_supervisor_room(w->gateway->supervisor, w->room);
    sig_session *s = room ? sig_room_client(room, w->seat) : NULL;
    return s && strcmp(sig_session_id(s), w->session) == 0 ? s : NULL;
}

static void finish(wish *w, const char *code, const char *message)
{
    sig_session *s = session_of(w);
    if (s && code) {
        sig_session_refuse(s, w->request, code, message);
    } else if (s) {
        sig_session_ok(s, w->request);
    }
    json_decref(w->request);
    json_decref(w->order);
    g_free(w);
}

static void on_done(void *user, const json_t *reply, const char *code, const char *message)
{
    finish(user, reply ? NULL : code, message);
}

static void on_recorded(void *user)
{
    wish *w = user;
    sig_room *room = sig_supervisor_room(w->gateway->supervisor, w->room);
    if (!room || !sig_room_call(room, json_incref(w->order), false, on_done, w)) {
        finish(w, mcu_error_name(MCU_ERROR_UNAVAILABLE), "The visit is not running.");
    }
}

json_t *sig_sound_order(const char *seat, const json_t *m, sig_permission *first)
{
    json_t *order = json_pack("{s:s, s:s}", "type", "seat_sound", "seat", seat);
    *first = SIG_MAY_NONE;
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        json_t *v = json_object_get(m, members[i].member);
        if (v) {
            json_object_set(order, members[i].member, v);
            *first = *first == SIG_MAY_NONE ? members[i].permission : *first;
        }
    }
    return order;
}

/* False: refused. Of oneself each thing is allowed by itself; for another nobody whispers. */
static bool may(sig_session *s, const json_t *m, bool own)
{
    if (!own) {
        if (json_object_get(m, "whisper")) {
            sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_FORBIDDEN), "Nobody whispers for somebody else.");
            return false;
        }
        return sig_session_may(s, SIG_MAY_SOUND, m);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        if (json_object_get(m, members[i].member) && !sig_session_may(s, members[i].permission, m)) {
            return false;
        }
    }
    return true;
}

void sig_session_sound(sig_session *s, const json_t *m)
{
    const char *seat = json_string_value(json_object_get(m, "seat"));
    bool own = !seat || strcmp(seat, s->seat) == 0;
    if (!may(s, m, own)) {
        return;
    }
    sig_permission first;
    json_t *order = sig_sound_order(own ? s->seat : seat, m, &first);
    if (first == SIG_MAY_NONE) {
        json_decref(order);
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_BAD_REQUEST), "There is nothing to change.");
        return;
    }
    wish *w = g_new0(wish, 1);
    w->gateway = s->gateway;
    w->request = json_incref((json_t *)(uintptr_t)m);
    w->order = order;
    g_strlcpy(w->room, sig_room_id(s->room), sizeof w->room);
    g_strlcpy(w->seat, s->seat, sizeof w->seat);
    g_strlcpy(w->session, s->session, sizeof w->session);
    const char *whisper = json_string_value(json_object_get(m, "whisper"));
    const sig_audit_entry e = {.room = w->room,
                               .actor = w->seat,
                               .operation = sig_permission_name(own ? first : SIG_MAY_SOUND),
                               .target = whisper ? whisper
                                         : own   ? w->seat
                                                 : seat};
    sig_audit_first(w->gateway, &e, on_recorded, w);
}
