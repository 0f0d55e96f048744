/* What a person says to being recorded, and what a host does about the recording and about stills of pictures. The answer comes
 * when it holds. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/order.h"
#include "signaling/recording.h"
#include "signaling/session_asked.h"
#include "signaling/session_private.h"

void sig_session_consent(sig_session *s, const json_t *m)
{
    const char *version = json_string_value(json_object_get(m, "version"));
    if (strcmp(version, SIG_CONSENT_VERSION) != 0) {
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_CONFLICT), "The text has changed: reload the page and read it again.");
        return;
    }
    /* An answer that comes late changes nothing that was said otherwise. */
    if (!sig_recording_asks(sig_room_recording(s->room))) {
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_CONFLICT), "Nothing is being recorded: there is nothing to agree to.");
        return;
    }
    sig_recording_consent(sig_room_recording(s->room), s->seat, json_is_true(json_object_get(m, "agree")), "button", s->seat,
                          sig_asked_done, sig_asked_new(s, m));
}

void sig_session_record(sig_session *s, const json_t *m)
{
    const char *action = json_string_value(json_object_get(m, "value"));
    if (!action) {
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_BAD_REQUEST), "value: must be start, stop, pause or resume");
        return;
    }
    sig_recording_command(sig_room_recording(s->room), action, s->seat, sig_asked_done, sig_asked_new(s, m));
}

void sig_session_freeze(sig_session *s, const json_t *m)
{
    const json_t *value = json_object_get(m, "value");
    const char *what = json_is_false(value) ? "off" : json_string_value(value);
    const sig_audit_entry e = {.room = sig_room_id(s->room),
                               .actor = s->seat,
                               .operation = sig_permission_name(SIG_MAY_FREEZE),
                               .target = json_string_value(json_object_get(m, "seat"))};
    sig_asked *a = sig_asked_new(s, m);
    if (!sig_order_freeze(s->gateway, &e, what ? what : "", sig_asked_done, a)) {
        sig_asked_done(a, mcu_error_name(MCU_ERROR_BAD_REQUEST), "value: must be camera, screen or false");
    }
}
