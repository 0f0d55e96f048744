/* Chat, a raised hand, a shared screen, and what the person has switched on; each after the table of permissions. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/recording.h"
#include "signaling/session_private.h"
#include "signaling/unmute.h"

const sig_seat_facts *sig_session_facts(const sig_session *s)
{
    return sig_facts_seat(s->gateway->facts, sig_room_id(s->room), s->seat);
}

bool sig_session_may(sig_session *s, sig_permission p, const json_t *request)
{
    const sig_seat_facts *f = sig_session_facts(s);
    if (f && sig_may(p, sig_role_of(f->role), f->host)) {
        return true;
    }
    const sig_audit_entry e = {
        .room = sig_room_id(s->room), .actor = s->seat, .role = f ? f->role : "none", .operation = sig_permission_name(p)};
    sig_audit_refused(s->gateway, &e);
    sig_session_refuse(s, request, mcu_error_name(MCU_ERROR_FORBIDDEN), sig_permission_refusal(p));
    return false;
}

/* ---- chat ---- */

/* Something to read, and nothing that is not text: line breaks and tabs are. */
static bool is_readable(const char *text)
{
    bool seen = false;
    for (const char *p = text; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_iscntrl(c) && c != '\n' && c != '\t') {
            return false;
        }
        seen = seen || g_unichar_isgraph(c);
    }
    return seen;
}

void sig_session_chat(sig_session *s, const json_t *m)
{
    const char *text = json_string_value(json_object_get(m, "text"));
    if (!sig_session_may(s, SIG_MAY_CHAT, m)) {
        return;
    }
    if (strlen(text) != json_string_length(json_object_get(m, "text")) || !is_readable(text)) {
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_BAD_REQUEST), "text: is not text");
        return;
    }
    if (!sig_room_may_write(s->room, s->seat, mcu_now_ns())) {
        sig_session_refuse(s, m, "rate_limited", "That was too fast: five messages in ten seconds.");
        return;
    }
    mcu_counter_add(mcu_counter_get("tessera_chat_messages_total", NULL, "Chat messages handed on."), 1);
    sig_room_say(s->room, json_pack("{s:s, s:s, s:s, s:s, s:I}", "type", "chat", "seat", s->seat, "name",
                                    sig_session_facts(s)->name, "text", text, "at", (json_int_t)(mcu_wall_ns() / 1000000)));
    sig_recording_mark_chat(sig_room_recording(s->room), s->seat);
    sig_session_ok(s, m);
}

/* ---- flags of the session in the room ---- */

static bool has_media(sig_session *s, const json_t *m)
{
    const sig_live *l = sig_room_live(s->room, s->seat);
    if (l && strcmp(l->session, s->session) == 0) {
        return true;
    }
    sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_CONFLICT), "The media connection is not there yet.");
    return false;
}

static void set_flag(sig_session *s, const json_t *m, const char *flag, bool on)
{
    if (has_media(s, m)) {
        sig_room_tell(s->room,
                      json_pack("{s:s, s:s, s:s, s:b}", "type", "state", "seat", s->seat, "session", s->session, flag, on));
        sig_session_ok(s, m);
    }
}

void sig_session_hand(sig_session *s, const json_t *m)
{
    if (sig_session_may(s, SIG_MAY_HAND, m)) {
        set_flag(s, m, "hand", json_is_true(json_object_get(m, "raised")));
    }
}

void sig_session_share(sig_session *s, const json_t *m)
{
    if (sig_session_may(s, SIG_MAY_SHARE, m)) {
        set_flag(s, m, "share", json_is_true(json_object_get(m, "on")));
    }
}

/* ---- microphone and camera ---- */

bool sig_session_close_microphone(sig_session *s)
{
    if (!s->muted || s->opens) {
        return false;
    }
    s->shut = true;
    sig_room_tell(s->room,
                  json_pack("{s:s, s:s, s:s, s:b}", "type", "state", "seat", s->seat, "session", s->session, "audio", 0));
    return true;
}

void sig_session_state_changed(sig_session *s, const json_t *m)
{
    bool audio = json_is_true(json_object_get(m, "audio")), video = json_is_true(json_object_get(m, "video"));
    if ((audio && !sig_session_may(s, SIG_MAY_AUDIO, m)) || (video && !sig_session_may(s, SIG_MAY_VIDEO, m))) {
        return;
    }
    /* A camera switched while the page still has its microphone on is no answer to the question. */
    bool presses = audio && json_is_true(json_object_get(m, "unmute"));
    bool answers = presses || (audio && (!s->said_audio || video == s->said_video));
    s->said_audio = audio;
    s->said_video = video;
    s->shut = s->shut && audio && !answers;
    sig_room_tell(s->room, json_pack("{s:s, s:s, s:s, s:b, s:b}", "type", "state", "seat", s->seat, "session", s->session,
                                     "audio", audio && !s->shut, "video", video));
    if (presses || (answers && s->asked_to_speak)) {
        s->opens = sig_unmute_self(s->gateway, sig_room_id(s->room), s->seat) == SIG_UNMUTE_DONE;
    }
}
