/* What a person says to being recorded, and what a host does about the recording and about stills of pictures. The answer comes
 * when it holds; the session may be gone by then, so it is looked up again. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/freeze.h"
#include "signaling/recording.h"
#include "signaling/session_private.h"
#include "signaling/supervisor.h"

typedef struct {
    sig_gateway *gateway;
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1], session[SIG_ID_MAX + 1];
    json_t *request;
} asked;

static asked *asked_by(const sig_session *s, const json_t *request)
{
    asked *a = g_new0(asked, 1);
    a->gateway = s->gateway;
    a->request = json_incref((json_t *)(uintptr_t)request);
    g_strlcpy(a->room, sig_room_id(s->room), sizeof a->room);
    g_strlcpy(a->seat, s->seat, sizeof a->seat);
    g_strlcpy(a->session, s->session, sizeof a->session);
    return a;
}

static void on_done(void *user, const char *code, const char *message)
{
    asked *a = user;
    sig_room *room = sig_supervisor_room(a->gateway->supervisor, a->room);
    sig_session *s = room ? sig_room_client(room, a->seat) : NULL;
    if (s && strcmp(sig_session_id(s), a->session) == 0) {
        if (code) {
            sig_session_refuse(s, a->request, code, message);
        } else {
            sig_session_ok(s, a->request);
        }
    }
    json_decref(a->request);
    g_free(a);
}

void sig_session_consent(sig_session *s, const json_t *m)
{
    const char *version = json_string_value(json_object_get(m, "version"));
    if (strcmp(version, SIG_CONSENT_VERSION) != 0) {
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_CONFLICT), "The text has changed: reload the page and read it again.");
        return;
    }
    sig_recording_consent(sig_room_recording(s->room), s->seat, json_is_true(json_object_get(m, "agree")), "button", s->seat,
                          on_done, asked_by(s, m));
}

void sig_session_record(sig_session *s, const json_t *m)
{
    const char *action = json_string_value(json_object_get(m, "value"));
    if (!action) {
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_BAD_REQUEST), "value: must be start, stop, pause or resume");
        return;
    }
    sig_recording_command(sig_room_recording(s->room), action, s->seat, on_done, asked_by(s, m));
}

void sig_session_freeze(sig_session *s, const json_t *m)
{
    const json_t *value = json_object_get(m, "value");
    const char *what = json_is_false(value) ? "off" : json_string_value(value);
    asked *a = asked_by(s, m);
    const sig_audit_entry e = {.room = a->room,
                               .actor = a->seat,
                               .operation = sig_permission_name(SIG_MAY_FREEZE),
                               .target = json_string_value(json_object_get(m, "seat"))};
    if (!sig_freeze(s->gateway, &e, what ? what : "", on_done, a)) {
        on_done(a, mcu_error_name(MCU_ERROR_BAD_REQUEST), "value: must be camera, screen or false");
    }
}
