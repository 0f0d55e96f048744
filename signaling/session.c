#include "signaling/session.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/json_guard.h"
#include "signaling/session_private.h"
#include "signaling/supervisor.h"

#define JOIN_MS 10000
#define BURST_SECONDS 2 /* the rate limit's bucket holds this much */
#define STRIKES_MAX 200 /* messages over the limit before the socket is closed */

static mcu_counter *received(void)
{
    return mcu_counter_get("tessera_ws_messages_total", NULL, "WebSocket messages received.");
}

static mcu_counter *rejected(void)
{
    return mcu_counter_get("tessera_ws_rejected_total", NULL, "WebSocket messages that were malformed, not allowed or too many.");
}

void sig_session_send(sig_session *s, json_t *take_message)
{
    char *text = s->state == SIG_SESSION_CLOSED ? NULL : json_dumps(take_message, JSON_COMPACT);
    json_decref(take_message);
    if (text) {
        sig_ws_send(s->ws, text, strlen(text));
        free(text);
    }
}

void sig_session_error(sig_session *s, const char *code, const char *message, bool fatal)
{
    mcu_counter_add(rejected(), 1);
    sig_session_send(s, json_pack("{s:s, s:s, s:s, s:b}", "type", "error", "code", code, "message", message, "fatal", fatal));
    if (fatal) {
        sig_session_close(s, SIG_WS_POLICY, code);
    }
}

/* Requests that do not fit the schema are answered with their id too, if it is one: who sent them waits for it. */
void sig_session_refuse(sig_session *s, const json_t *request, const char *code, const char *message)
{
    json_t *given = json_object_get(request, "id"), *id = json_is_integer(given) ? given : NULL;
    mcu_counter_add(rejected(), 1);
    sig_session_send(
        s, json_pack("{s:s, s:s, s:s, s:b, s:O*}", "type", "error", "code", code, "message", message, "fatal", 0, "id", id));
}

void sig_session_ok(sig_session *s, const json_t *request)
{
    json_t *id = json_object_get(request, "id");
    if (id) {
        sig_session_send(s, json_pack("{s:s, s:O}", "type", "ok", "id", id));
    }
}

/* Lets go of the room; what the socket still brings is ignored. */
static void leave_room(sig_session *s)
{
    sig_audit_cancel(g_steal_pointer(&s->entering));
    if (s->room) {
        if (s->state == SIG_SESSION_CHECKING) {
            sig_room_check_end(s->room, s);
        } else if (s->state == SIG_SESSION_WAITING) {
            sig_room_gave_up(s->room, s->seat, s);
        } else {
            sig_room_detach(s->room, s->seat, s);
        }
        sig_call_cancel(g_steal_pointer(&s->offer));
        sig_call_cancel(g_steal_pointer(&s->tier_call));
        s->room = NULL;
    }
}

void sig_session_close(sig_session *s, unsigned code, const char *reason)
{
    if (s->state != SIG_SESSION_CLOSED) {
        leave_room(s);
        s->state = SIG_SESSION_CLOSED;
        event_del(s->deadline);
        sig_ws_close(s->ws, code, reason);
    }
}

/* ---- by the room ---- */

void sig_session_end(sig_session *s, const char *reason)
{
    sig_session_send(s, json_pack("{s:s, s:s}", "type", "ended", "reason", reason));
    sig_session_close(s, SIG_WS_NORMAL, reason);
}

void sig_session_replaced(sig_session *s)
{
    sig_session_send(s, json_pack("{s:s}", "type", "replaced"));
    sig_session_close(s, SIG_WS_NORMAL, "replaced");
}

void sig_session_restart(sig_session *s, const char *reason)
{
    s->canvas[0] = '\0';
    sig_session_send(s, json_pack("{s:s, s:s}", "type", "restart", "reason", reason));
}

void sig_session_media_gone(sig_session *s, bool was_up, const char *why)
{
    if (was_up) {
        sig_session_restart(s, "connection_lost");
    } else {
        sig_session_error(s, "connection_failed", *why ? why : "no media connection came about", false);
    }
}

void sig_session_denied(sig_session *s)
{
    sig_session_error(s, "denied", "A host of this visit did not let you in.", true);
}

void sig_session_ask(sig_session *s, const char *what, const char *by)
{
    s->asked_to_speak = s->asked_to_speak || strcmp(what, "unmute") == 0;
    sig_session_send(s, json_pack("{s:s, s:s, s:s*}", "type", "asked", "what", what, "by", by));
}

void sig_session_withdraw_ask(sig_session *s)
{
    s->asked_to_speak = s->opens = false;
}

bool sig_session_is_host(const sig_session *s)
{
    const sig_seat_facts *f = sig_session_facts(s);
    return f && f->host;
}

void sig_session_facts_changed(sig_session *s, const sig_seat_facts *facts)
{
    if (facts->muted != s->muted) {
        s->muted = facts->muted;
        s->asked_to_speak = s->opens = false;
        sig_session_send(s, json_pack("{s:s, s:b}", "type", "muted", "muted", s->muted));
    }
}

void sig_session_set_canvas(sig_session *s, const char *canvas)
{
    if (strcmp(s->canvas, canvas) != 0) {
        g_strlcpy(s->canvas, canvas, sizeof s->canvas);
        sig_room_send_layout(s->room, s, s->canvas);
    }
}

const char *sig_session_canvas(const sig_session *s)
{
    return s->canvas;
}

const char *sig_session_seat(const sig_session *s)
{
    return s->seat;
}

const char *sig_session_id(const sig_session *s)
{
    return s->session;
}

/* ---- by the socket ---- */

static bool within_rate(sig_session *s)
{
    int64_t now = mcu_now_ns();
    double rate = s->gateway->settings->messages_per_second;
    s->allowance += (double)(now - s->refilled_ns) / 1e9 * rate;
    s->allowance = MIN(s->allowance, rate * BURST_SECONDS);
    s->refilled_ns = now;
    if (s->allowance < 1) {
        return false;
    }
    s->allowance -= 1;
    return true;
}

static void on_text(void *user, const char *text, size_t length)
{
    sig_session *s = user;
    g_autoptr(GError) error = NULL;
    if (s->state == SIG_SESSION_CLOSED) {
        return;
    }
    mcu_counter_add(received(), 1);
    if (!within_rate(s)) {
        bool over = ++s->strikes > STRIKES_MAX;
        if (over || s->strikes % 50 == 1) { /* an answer to each would only add to the flood */
            sig_session_error(s, "rate_limited", "too many messages", over);
        }
        return;
    }
    json_t *m = sig_json_object(text, length, &error);
    if (!m || !sig_schema_check(s->gateway->messages, "#/$defs/client", m, &error)) {
        sig_session_refuse(s, m, mcu_error_name(error->code), error->message);
    } else {
        sig_session_dispatch(s, m);
    }
    json_decref(m);
}

/* A page that is left or reloaded says 1001; a lost line says nothing, and then its media may well go on. */
static void say_leave(sig_session *s)
{
    if (sig_room_live(s->room, s->seat)) {
        sig_room_tell(s->room, json_pack("{s:s, s:s, s:s}", "type", "leave", "seat", s->seat, "session", s->session));
    }
}

static void on_closed(void *user, unsigned code)
{
    sig_session *s = user;
    if (s->state == SIG_SESSION_JOINED && s->room && code == SIG_WS_GOING_AWAY && !s->gateway->draining) {
        say_leave(s);
    }
    leave_room(s);
    json_decref(s->early);
    event_free(s->deadline);
    sig_session_roster_free(s);
    g_free(s);
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_session *s = user;
    if (s->state == SIG_SESSION_CHECKING) {
        sig_session_end(s, "check_over");
    } else {
        sig_session_error(s, mcu_error_name(MCU_ERROR_UNAUTHORIZED), "join comes first, within 10 seconds", true);
    }
}

void sig_session_open(sig_gateway *g, sig_ws_set *sockets, struct evhttp_request *req)
{
    static const sig_ws_events events = {on_text, on_closed};
    sig_session *s = g_new0(sig_session, 1);
    s->gateway = g;
    s->state = SIG_SESSION_NEW;
    s->said_audio = s->said_video = true;
    s->allowance = g->settings->messages_per_second;
    s->refilled_ns = mcu_now_ns();
    s->deadline = sig_timer_new(g->base, on_deadline, s);
    sig_timer_arm(s->deadline, JOIN_MS);
    s->ws = sig_ws_take(sockets, g->base, req, &events, s);
    sig_ws_start(s->ws);
}
