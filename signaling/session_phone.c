/* A person's own telephone in place of the browser's microphone and sound: being called, hanging up, its microphone. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/session_private.h"
#include "signaling/unmute.h"

void sig_session_refuse_call(sig_session *s, const json_t *request, const sig_refusal *why)
{
    json_t *id = json_object_get(request, "id");
    sig_session_send(s, json_pack("{s:s, s:s, s:s, s:s, s:b, s:O*}", "type", "error", "code", why->code, "reason", why->word,
                                  "message", why->text, "fatal", 0, "id", id));
}

static void call_me(sig_session *s, const json_t *m)
{
    const char *number = json_string_value(json_object_get(m, "number"));
    sig_refusal why;
    if (sig_phone_call_me(s->gateway->phone, sig_room_id(s->room), s->seat, number ? number : "", &why)) {
        sig_session_ok(s, m);
    } else {
        sig_session_refuse_call(s, m, &why);
    }
}

static void answer(sig_session *s, const json_t *m, bool done)
{
    if (done) {
        sig_session_ok(s, m);
    } else {
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_CONFLICT), "You are not on the telephone.");
    }
}

void sig_session_phone(sig_session *s, const json_t *m)
{
    const char *op = json_string_value(json_object_get(m, "op"));
    sig_phone *p = s->gateway->phone;
    const char *room = sig_room_id(s->room);
    if (!sig_session_may(s, SIG_MAY_PHONE, m)) {
        return;
    }
    if (strcmp(op, "call") == 0) {
        call_me(s, m);
    } else if (strcmp(op, "hang_up") == 0) {
        answer(s, m, sig_phone_let_go(p, room, s->seat));
    } else {
        bool on = json_is_true(json_object_get(m, "on")), done = sig_phone_switch_audio(p, room, s->seat, on);
        if (done && on) {
            (void)sig_unmute_self(s->gateway, room, s->seat);
        }
        answer(s, m, done);
    }
}
