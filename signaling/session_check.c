/* The check before a visit: a short media connection that the room sends back to its sender. It takes no seat. */
#include <string.h>

#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/access.h"
#include "signaling/session_private.h"
#include "signaling/supervisor.h"

#define CHECK_MS 15000

void sig_session_check(sig_session *s, const json_t *m)
{
    sig_token t;
    sig_token_status status = sig_access_check(s->gateway, json_string_value(json_object_get(m, "token")), NULL, &t);
    if (status != SIG_TOKEN_OK) {
        sig_session_error(s, sig_token_status_code(status), sig_token_status_text(status), true);
        return;
    }
    sig_room *room = sig_supervisor_room(s->gateway->supervisor, t.room);
    if (!room || !sig_room_takes_people(room)) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_UNAVAILABLE), "the server is going down", true);
        return;
    }
    sig_random_id(SIG_CHECK_PREFIX, s->session);
    g_strlcpy(s->seat, t.seat, sizeof s->seat);
    if (!sig_room_check_begin(room, s)) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_FULL), "others check their connection now: try again", true);
        return;
    }
    s->room = room;
    s->state = SIG_SESSION_CHECKING;
    sig_timer_arm(s->deadline, CHECK_MS);
    sig_room_start(room);
    mcu_info("session.check", "room=%s seat=%s session=%s", sig_room_id(room), s->seat, s->session);
    sig_session_send(s, json_pack("{s:s, s:s, s:o}", "type", "checking", "session", s->session, "iceServers",
                                  sig_ice_for_seat(s->gateway->ice, s->seat, sig_now_s())));
}
