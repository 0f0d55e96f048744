/* What a joined client may say, one function a message. */
#include <string.h>

#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/access.h"
#include "signaling/session_private.h"
#include "signaling/supervisor.h"

static const char *text(const json_t *m, const char *member)
{
    const char *v = json_string_value(json_object_get(m, member));
    return v ? v : "";
}

/* ---- join ---- */

static bool resumes(sig_session *s, const char *wanted)
{
    const sig_live *l = sig_room_live(s->room, s->seat);
    return l && l->up && strcmp(l->kind, "ws") == 0 && strcmp(l->session, wanted) == 0;
}

static void say_joined(sig_session *s, bool resumed)
{
    sig_gateway *g = s->gateway;
    const char *room = sig_room_id(s->room);
    const sig_room_facts *r = sig_facts_room(g->facts, room);
    const sig_seat_facts *f = sig_facts_seat(g->facts, room, s->seat);
    s->muted = f->muted;
    sig_session_send(s, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:s, s:b}", "type", "joined", "room", r->id,
                                  "roomName", r->name, "seat", f->id, "name", f->name, "role", f->role, "host", f->host, "muted",
                                  f->muted, "iceServers", sig_ice_for_seat(g->ice, f->id, sig_now_s()), "tiers",
                                  sig_settings_tier_names(g->settings), "session", s->session, "resumed", resumed));
}

static void on_join(sig_session *s, const json_t *m)
{
    sig_token t;
    if (s->state == SIG_SESSION_JOINED) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_CONFLICT), "already joined", false);
        return;
    }
    sig_token_status status = sig_access_check(s->gateway, text(m, "token"), NULL, &t);
    if (status != SIG_TOKEN_OK) {
        sig_session_error(s, sig_token_status_code(status), sig_token_status_text(status), true);
        return;
    }
    sig_room *room = sig_supervisor_room(s->gateway->supervisor, t.room);
    if (!room) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_UNAVAILABLE), "the server is going down", true);
        return;
    }
    s->room = room;
    s->state = SIG_SESSION_JOINED;
    event_del(s->join_deadline);
    g_strlcpy(s->seat, t.seat, sizeof s->seat);
    bool resumed = resumes(s, text(m, "session"));
    if (resumed) {
        g_strlcpy(s->session, text(m, "session"), sizeof s->session);
    } else {
        sig_random_id("", s->session);
    }
    sig_room_start(room); /* while the browser prepares its offer */
    sig_room_attach(room, s->seat, s);
    mcu_info("session.joined", "room=%s seat=%s session=%s resumed=%d", sig_room_id(room), s->seat, s->session, resumed);
    say_joined(s, resumed);
    sig_room_greet(room, s);
}

/* ---- media ---- */

static void on_answer(void *user, const json_t *reply, const char *code, const char *message)
{
    sig_session *s = user;
    s->offer = NULL;
    if (!reply) {
        sig_session_error(s, code, message, false);
        return;
    }
    sig_room_note_session(s->room, s->seat, s->session, "ws");
    sig_session_send(s, json_pack("{s:s, s:s, s:s}", "type", "answer", "sdp", text(reply, "sdp"), "session", s->session));
}

static void on_offer(sig_session *s, const json_t *m)
{
    if (s->offer) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_CONFLICT), "an offer is still under way", false);
        return;
    }
    s->offer = sig_room_call(s->room,
                             json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "type", "offer", "seat", s->seat, "session", s->session,
                                       "kind", "ws", "sdp", text(m, "sdp"), "trickle", 1),
                             true, on_answer, s);
    if (!s->offer) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_UNAVAILABLE), "the room is busy", false);
    }
}

static void on_candidate(sig_session *s, const json_t *m)
{
    sig_room_tell(s->room, json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "candidate", "seat", s->seat, "session", s->session,
                                     "candidate", text(m, "candidate"), "mid", text(m, "mid")));
}

static void on_state(sig_session *s, const json_t *m)
{
    sig_room_tell(s->room,
                  json_pack("{s:s, s:s, s:s, s:b, s:b}", "type", "state", "seat", s->seat, "session", s->session, "audio",
                            json_is_true(json_object_get(m, "audio")), "video", json_is_true(json_object_get(m, "video"))));
}

static void on_tier_reply(void *user, const json_t *reply, const char *code, const char *message)
{
    sig_session *s = user;
    s->tier_call = NULL;
    if (!reply) {
        sig_session_error(s, code, message, false);
    }
}

static void on_tier(sig_session *s, const json_t *m)
{
    const char *tier = text(m, "tier");
    if (!sig_access_tier_known(s->gateway, tier)) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_BAD_REQUEST), "tier: is none of the configured tiers", false);
        return;
    }
    sig_call_cancel(s->tier_call); /* the newest wish counts */
    s->tier_call = sig_room_call(s->room, json_pack("{s:s, s:s, s:s}", "type", "tier", "seat", s->seat, "tier", tier), false,
                                 on_tier_reply, s);
    if (!s->tier_call) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_UNAVAILABLE), "the room is not running", false);
    }
}

/* ---- the rest ---- */

static void ignore_reply(void *user, const json_t *reply, const char *code, const char *message)
{
    (void)user;
    (void)reply;
    (void)code;
    (void)message;
}

static void on_leave(sig_session *s, const json_t *m)
{
    (void)m;
    sig_room_call(s->room, json_pack("{s:s, s:s, s:s}", "type", "leave", "seat", s->seat, "session", s->session), false,
                  ignore_reply, NULL);
    sig_room_forget_session(s->room, s->seat, s->session);
    sig_session_end(s, "left");
}

static void on_ping(sig_session *s, const json_t *m)
{
    json_t *id = json_object_get(m, "id");
    json_t *pong = json_pack("{s:s}", "type", "pong");
    if (id) {
        json_object_set(pong, "id", id);
    }
    sig_session_send(s, pong);
}

void sig_session_dispatch(sig_session *s, const json_t *m)
{
    static const struct {
        const char *type;
        void (*take)(sig_session *s, const json_t *m);
        bool before_join;
    } table[] = {{"join", on_join, true},    {"offer", on_offer, false}, {"candidate", on_candidate, false},
                 {"state", on_state, false}, {"tier", on_tier, false},   {"leave", on_leave, false},
                 {"ping", on_ping, true}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(text(m, "type"), table[i].type) != 0) {
            continue;
        }
        if (s->state != SIG_SESSION_JOINED && !table[i].before_join) {
            sig_session_error(s, mcu_error_name(MCU_ERROR_UNAUTHORIZED), "join comes first", false);
        } else {
            table[i].take(s, m);
        }
        return;
    }
}
