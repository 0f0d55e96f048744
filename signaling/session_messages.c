/* What a joined client may say, one function a message. */
#include <string.h>

#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/access.h"
#include "signaling/phone_calls.h"
#include "signaling/session_private.h"
#include "signaling/supervisor.h"

static const char *text(const json_t *m, const char *member)
{
    const char *v = json_string_value(json_object_get(m, member));
    return v ? v : "";
}

/* ---- an offer and its answer ---- */

static void on_answer(void *user, const json_t *reply, const char *code, const char *message)
{
    sig_session *s = user;
    s->offer = NULL;
    if (!reply) {
        sig_session_error(s, code, message, false);
        return;
    }
    if (s->state == SIG_SESSION_JOINED) {
        sig_room_note_session(s->room, s->seat, s->session, "ws");
    }
    sig_session_send(s, json_pack("{s:s, s:s, s:s}", "type", "answer", "sdp", text(reply, "sdp"), "session", s->session));
}

/* m: an `offer`, or a `join` that brought one. */
static void submit_offer(sig_session *s, const json_t *m)
{
    s->offer = sig_room_call(s->room,
                             json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:I}", "type", "offer", "seat", s->seat, "session",
                                       s->session, "kind", s->state == SIG_SESSION_CHECKING ? "check" : "ws", "sdp",
                                       text(m, "sdp"), "trickle", 1, "line", json_integer_value(json_object_get(m, "line"))),
                             true, on_answer, s);
    if (!s->offer) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_UNAVAILABLE), "the room is busy", false);
    }
}

/* ---- join ---- */

static bool resumes(sig_session *s, const char *wanted)
{
    const sig_live *l = sig_room_live(s->room, s->seat);
    return l && l->up && strcmp(l->kind, "ws") == 0 && strcmp(l->session, wanted) == 0;
}

/* A device that comes back by itself (woken up, on the line again) and would take the seat from the one used since. */
static bool is_late(const sig_room *room, const char *seat, const char *was)
{
    const sig_live *l = sig_room_live(room, seat);
    return *was && l && l->up && strcmp(l->session, was) != 0;
}

static void say_joined(sig_session *s, bool resumed, bool offered)
{
    sig_gateway *g = s->gateway;
    const char *room = sig_room_id(s->room);
    const sig_room_facts *r = sig_facts_room(g->facts, room);
    const sig_seat_facts *f = sig_facts_seat(g->facts, room, s->seat);
    s->muted = f->muted;
    json_t *m = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "type", "joined", "room", r->id, "roomName", r->name,
                          "seat", f->id, "name", f->name, "role", f->role, "session", s->session, "resumed", resumed);
    json_object_update_new(m, json_pack("{s:b, s:o, s:b, s:b, s:b, s:b, s:b}", "host", f->host, "may",
                                        sig_permissions_json(sig_role_of(f->role), f->host), "muted", f->muted, "locked",
                                        r->locked, "fixed", f->fixed, "signing", f->signing, "offered", offered));
    json_object_update_new(m, json_pack("{s:o, s:o}", "iceServers", sig_ice_for_seat(g->ice, f->id, sig_now_s()), "tiers",
                                        sig_settings_tier_names(g->settings)));
    json_t *phone = sig_phone_of_seat(g->phone, r->id, f->id);
    if (phone) {
        json_object_set_new(m, "phone", phone);
    }
    if (*f->language) {
        json_object_set_new(m, "language", json_string(f->language));
    }
    sig_session_send(s, m);
}

static void be_joined(sig_session *s)
{
    bool resumed = resumes(s, s->wanted), offered = s->early && !resumed;
    s->state = SIG_SESSION_JOINED;
    if (resumed) {
        g_strlcpy(s->session, s->wanted, sizeof s->session);
    } else {
        sig_random_id("", s->session);
    }
    sig_room_attach(s->room, s->seat, s);
    mcu_info("session.joined", "room=%s seat=%s session=%s resumed=%d", sig_room_id(s->room), s->seat, s->session, resumed);
    say_joined(s, resumed, offered);
    sig_room_greet(s->room, s);
    if (offered) {
        submit_offer(s, s->early);
    }
    g_clear_pointer(&s->early, json_decref);
}

static void wait_at_the_door(sig_session *s)
{
    const sig_room_facts *r = sig_facts_room(s->gateway->facts, sig_room_id(s->room));
    s->state = SIG_SESSION_WAITING;
    g_clear_pointer(&s->early, json_decref); /* what it names is old by the time the door opens */
    mcu_info("session.waiting", "room=%s seat=%s", r->id, s->seat);
    sig_session_send(s, json_pack("{s:s, s:s, s:s, s:s}", "type", "waiting", "room", r->id, "roomName", r->name, "name",
                                  sig_session_facts(s)->name));
    sig_room_wait(s->room, s->seat, s);
}

/* The room may have ended since, or the link been withdrawn, or the door been locked. */
static void on_recorded(void *user)
{
    sig_session *s = user;
    s->entering = NULL;
    sig_room *room = sig_supervisor_room(s->gateway->supervisor, s->entered);
    bool seated = sig_facts_seat(s->gateway->facts, s->entered, s->seat) != NULL;
    if (!room || !sig_room_takes_people(room) || !seated) {
        sig_session_end(s, room && !seated ? "removed" : "room_ended");
        return;
    }
    s->room = room;
    if (sig_room_lets_in(room, s->seat)) {
        be_joined(s);
    } else {
        wait_at_the_door(s);
    }
}

/* It is recorded first, which other messages wait for as well. */
static void enter(sig_session *s, sig_room *room, const char *wanted)
{
    s->state = SIG_SESSION_ENTERING;
    s->room = NULL; /* which may end meanwhile */
    g_strlcpy(s->entered, sig_room_id(room), sizeof s->entered);
    g_strlcpy(s->wanted, wanted, sizeof s->wanted);
    sig_room_start(room); /* while the browser prepares its offer */
    const sig_seat_facts *f = sig_facts_seat(s->gateway->facts, s->entered, s->seat);
    const sig_audit_entry e = {.event = "joined", .room = s->entered, .actor = s->seat, .role = f->role};
    s->entering = sig_audit_first(s->gateway, &e, on_recorded, s);
}

void sig_session_admitted(sig_session *s)
{
    enter(s, s->room, "");
}

static bool token_ok(sig_session *s, const json_t *m, sig_token *t)
{
    sig_token_status status = sig_access_check(s->gateway, text(m, "token"), NULL, t);
    if (status != SIG_TOKEN_OK) {
        sig_session_error(s, sig_token_status_code(status), sig_token_status_text(status), true);
    }
    return status == SIG_TOKEN_OK;
}

/* What a client needs to gather candidates, and to make the offer that it joins with. */
static void on_prepare(sig_session *s, const json_t *m)
{
    sig_token t;
    if (token_ok(s, m, &t)) {
        sig_session_send(
            s, json_pack("{s:s, s:o}", "type", "prepared", "iceServers", sig_ice_for_seat(s->gateway->ice, t.seat, sig_now_s())));
    }
}

static void on_join(sig_session *s, const json_t *m)
{
    sig_token t;
    if (!token_ok(s, m, &t)) {
        return;
    }
    sig_room *room = sig_supervisor_room(s->gateway->supervisor, t.room);
    if (!room || !sig_room_takes_people(room)) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_UNAVAILABLE), "the server is going down", true);
        return;
    }
    if (is_late(room, t.seat, text(m, "was"))) {
        mcu_info("session.late", "room=%s seat=%s", t.room, t.seat);
        sig_session_replaced(s);
        return;
    }
    event_del(s->deadline);
    g_strlcpy(s->seat, t.seat, sizeof s->seat);
    s->early = json_object_get(m, "sdp") ? json_incref((json_t *)m) : NULL;
    if (sig_room_lets_in(room, s->seat)) {
        enter(s, room, text(m, "session"));
    } else {
        s->room = room;
        wait_at_the_door(s);
    }
}

/* ---- media ---- */

static void on_offer(sig_session *s, const json_t *m)
{
    if (s->offer) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_CONFLICT), "an offer is still under way", false);
    } else {
        submit_offer(s, m);
    }
}

static void on_candidate(sig_session *s, const json_t *m)
{
    sig_room_tell(s->room, json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "candidate", "seat", s->seat, "session", s->session,
                                     "candidate", text(m, "candidate"), "mid", text(m, "mid")));
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
    s->tier_call = sig_room_call(
        s->room, json_pack("{s:s, s:s, s:s, s:s}", "type", "tier", "seat", s->seat, "session", s->session, "tier", tier), false,
        on_tier_reply, s);
    if (!s->tier_call) {
        sig_session_error(s, mcu_error_name(MCU_ERROR_UNAVAILABLE), "the room is not running", false);
    }
}

static void on_display(sig_session *s, const json_t *m)
{
    sig_room_tell(s->room, json_pack("{s:s, s:s, s:s, s:O, s:O, s:b}", "type", "display", "seat", s->seat, "session", s->session,
                                     "width", json_object_get(m, "width"), "height", json_object_get(m, "height"), "upright",
                                     json_is_true(json_object_get(m, "upright"))));
}

/* ---- the rest ---- */

static void ignore_reply(void *user, const json_t *reply, const char *code, const char *message)
{
    (void)user;
    (void)reply;
    (void)code;
    (void)message;
}

/* Also a connection of the seat from before this socket, that nobody has replaced yet. */
static void leave_media(const sig_session *s)
{
    const sig_live *l = sig_room_live(s->room, s->seat);
    g_autofree char *session = g_strdup(l && strcmp(l->kind, "ws") == 0 ? l->session : s->session);
    sig_room_call(s->room, json_pack("{s:s, s:s, s:s}", "type", "leave", "seat", s->seat, "session", session), false,
                  ignore_reply, NULL);
    sig_room_forget_session(s->room, s->seat, session);
}

static void on_leave(sig_session *s, const json_t *m)
{
    (void)m;
    if (s->state == SIG_SESSION_JOINED) {
        leave_media(s);
        sig_room_left(s->room, s->seat);
        sig_phone_seat_left(s->gateway->phone, sig_room_id(s->room), s->seat);
    }
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

#define IN(state) (1u << SIG_SESSION_##state)

static void refuse_now(sig_session *s, const json_t *m)
{
    if (s->state == SIG_SESSION_NEW) {
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_UNAUTHORIZED), "join comes first");
    } else if (s->state == SIG_SESSION_JOINED) {
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_CONFLICT), "already joined");
    } else {
        sig_session_refuse(s, m, mcu_error_name(MCU_ERROR_CONFLICT), "not while waiting or checking");
    }
}

void sig_session_dispatch(sig_session *s, const json_t *m)
{
    static const struct {
        const char *type;
        void (*take)(sig_session *s, const json_t *m);
        unsigned states; /* in which it may come */
    } table[] = {{"join", on_join, IN(NEW)},
                 {"prepare", on_prepare, IN(NEW)},
                 {"check", sig_session_check, IN(NEW)},
                 {"offer", on_offer, IN(JOINED) | IN(CHECKING)},
                 {"candidate", on_candidate, IN(JOINED) | IN(CHECKING)},
                 {"state", sig_session_state_changed, IN(JOINED)},
                 {"tier", on_tier, IN(JOINED)},
                 {"display", on_display, IN(JOINED)},
                 {"chat", sig_session_chat, IN(JOINED)},
                 {"hand", sig_session_hand, IN(JOINED)},
                 {"share", sig_session_share, IN(JOINED)},
                 {"host", sig_session_host, IN(JOINED)},
                 {"sound", sig_session_sound, IN(JOINED)},
                 {"phone", sig_session_phone, IN(JOINED)},
                 {"consent", sig_session_consent, IN(JOINED)},
                 {"leave", on_leave, IN(JOINED) | IN(WAITING) | IN(ENTERING) | IN(CHECKING)},
                 {"ping", on_ping, ~0u}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(text(m, "type"), table[i].type) != 0) {
            continue;
        }
        if (table[i].states & (1u << s->state)) {
            table[i].take(s, m);
        } else {
            refuse_now(s, m);
        }
        return;
    }
}
