/* What a host does to others. Durable things are written first; the answer comes when they hold. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/status.h"
#include "signaling/access.h"
#include "signaling/audit.h"
#include "signaling/layouts.h"
#include "signaling/phone_calls.h"
#include "signaling/session_private.h"
#include "signaling/supervisor.h"

typedef struct {
    sig_session *session;
    const json_t *request;
    sig_permission permission;
    const char *target; /* a seat of this room, or "" */
    unsigned turn;      /* of a caption */
} order;

static void refuse(const order *o, mcu_error code, const char *message)
{
    sig_session_refuse(o->session, o->request, mcu_error_name((int)code), message);
}

static const char not_here[] = "That person is not here now.", not_waiting[] = "That person does not wait any more.";

/* ---- durable: the session may be gone when it is written, so it is looked up again ---- */

typedef struct {
    sig_gateway *gateway;
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1], session[SIG_ID_MAX + 1], target[SIG_ID_MAX + 1];
    sig_permission permission;
    json_t *request;
    unsigned turn;
    void (*then)(const order *o); /* of what is only recorded */
} writing;

static sig_session *session_of(const writing *w)
{
    sig_room *room = sig_supervisor_room(w->gateway->supervisor, w->room);
    sig_session *s = room ? sig_room_client(room, w->seat) : NULL;
    return s && strcmp(sig_session_id(s), w->session) == 0 ? s : NULL;
}

static void free_writing(writing *w)
{
    json_decref(w->request);
    g_free(w);
}

static void on_written(void *user, bool ok)
{
    writing *w = user;
    sig_session *s = session_of(w);
    if (s && ok) {
        sig_session_ok(s, w->request);
    } else if (s) {
        sig_session_refuse(s, w->request, mcu_error_name(MCU_ERROR_UNAVAILABLE), "It could not be written down.");
    }
    free_writing(w);
}

static writing *writing_of(const order *o)
{
    writing *w = g_new0(writing, 1);
    w->gateway = o->session->gateway;
    w->permission = o->permission;
    w->turn = o->turn;
    w->request = json_incref((json_t *)(uintptr_t)o->request);
    g_strlcpy(w->room, sig_room_id(o->session->room), sizeof w->room);
    g_strlcpy(w->seat, o->session->seat, sizeof w->seat);
    g_strlcpy(w->session, o->session->session, sizeof w->session);
    g_strlcpy(w->target, o->target, sizeof w->target);
    return w;
}

static sig_audit_entry entry_of(const writing *w)
{
    return (sig_audit_entry){
        .room = w->room, .actor = w->seat, .operation = sig_permission_name(w->permission), .target = w->target};
}

static void write_down(const order *o, sig_change *c)
{
    writing *w = writing_of(o);
    const sig_audit_entry e = entry_of(w);
    g_strlcpy(c->room, w->room, sizeof c->room);
    g_strlcpy(c->seat, o->target, sizeof c->seat);
    if (!sig_commit(w->gateway, c, 1, &e, on_written, w)) {
        on_written(w, false);
    }
}

/* ---- at once, but not before it is recorded ---- */

static void on_recorded(void *user)
{
    writing *w = user;
    sig_session *s = session_of(w);
    const order o = {s, w->request, w->permission, w->target, w->turn};
    sig_audit_entry e = entry_of(w);
    if (s) {
        w->then(&o);
    } else {
        e.event = "failed";
        sig_audit_note(w->gateway, &e);
    }
    free_writing(w);
}

static void record_then(const order *o, void (*then)(const order *o))
{
    writing *w = writing_of(o);
    const sig_audit_entry e = entry_of(w);
    w->then = then;
    sig_audit_first(w->gateway, &e, on_recorded, w);
}

static void mute(const order *o)
{
    sig_change c = {.kind = SIG_SEAT_MUTE, .muted = true};
    write_down(o, &c);
}

static void mute_all(const order *o)
{
    sig_change c = sig_change_mute_all(sig_room_id(o->session->room));
    write_down(o, &c);
}

static void remove_seat(const order *o)
{
    if (strcmp(o->target, o->session->seat) == 0) {
        refuse(o, MCU_ERROR_CONFLICT, "You cannot remove yourself: leave instead.");
        return;
    }
    sig_change c = sig_change_remove(o->session->gateway->facts, sig_room_id(o->session->room), o->target);
    write_down(o, &c);
}

static void lock(const order *o)
{
    const json_t *value = json_object_get(o->request, "value");
    if (!json_is_boolean(value)) {
        refuse(o, MCU_ERROR_BAD_REQUEST, "value: must be true or false");
        return;
    }
    sig_change c = {.kind = SIG_ROOM_LOCK, .locked = json_is_true(value)};
    write_down(o, &c);
}

static void cap_tier(const order *o)
{
    const char *tier = json_string_value(json_object_get(o->request, "value"));
    if (!tier || !sig_access_tier_known(o->session->gateway, tier)) {
        refuse(o, MCU_ERROR_BAD_REQUEST, "value: is none of the configured tiers");
        return;
    }
    sig_change c = {.kind = SIG_SEAT_TIER};
    g_strlcpy(c.tier, strcmp(tier, "auto") == 0 ? "" : tier, sizeof c.tier);
    write_down(o, &c);
}

static void choose_layout(const order *o)
{
    const sig_gateway *g = o->session->gateway;
    const char *name = json_string_value(json_object_get(o->request, "value"));
    if (!name || !sig_layouts_known(g, name)) {
        g_autofree char *problem = sig_layouts_problem(g, "value");
        refuse(o, MCU_ERROR_BAD_REQUEST, problem);
        return;
    }
    sig_change c = {.kind = SIG_ROOM_LAYOUT};
    g_strlcpy(c.layout, name, sizeof c.layout);
    write_down(o, &c);
}

static void caption_now(const order *o)
{
    sig_room_set_line(o->session->room, o->turn, json_string_value(json_object_get(o->request, "value")));
    sig_session_ok(o->session, o->request);
}

/* That there are words is recorded, not each of them. */
static void caption(const order *o)
{
    const char *text = json_string_value(json_object_get(o->request, "value"));
    if (!text) {
        refuse(o, MCU_ERROR_BAD_REQUEST, "value: must be text");
        return;
    }
    order next = *o;
    next.turn = sig_room_line_turn(o->session->room);
    if (sig_room_line_begins_or_ends(o->session->room, text)) {
        record_then(&next, caption_now);
    } else {
        caption_now(&next);
    }
}

static void end(const order *o)
{
    sig_change c = {.kind = SIG_ROOM_END, .at_ms = mcu_wall_ns() / 1000000};
    write_down(o, &c);
}

static void finish(const order *o, bool done, const char *why_not)
{
    if (done) {
        sig_session_ok(o->session, o->request);
    } else {
        refuse(o, MCU_ERROR_NOT_FOUND, why_not);
    }
}

static bool on_phone(const order *o)
{
    return o->permission == SIG_MAY_UNMUTE_ASK &&
           sig_phone_holds(o->session->gateway->phone, sig_room_id(o->session->room), o->target);
}

static void ask_now(const order *o)
{
    sig_session *other = sig_room_client(o->session->room, o->target);
    bool by_phone = on_phone(o) && sig_phone_ask_to_speak(o->session->gateway->phone, sig_room_id(o->session->room), o->target);
    if (other) {
        sig_session_ask(other, o->permission == SIG_MAY_CAMERA_ASK ? "camera" : "unmute", o->session->seat);
    }
    finish(o, other || by_phone, not_here);
}

/* What the role of a link does not send is not asked for either: who is asked could not do it. */
static bool may_be_asked(const order *o)
{
    const sig_seat_facts *f = sig_facts_seat(o->session->gateway->facts, sig_room_id(o->session->room), o->target);
    return sig_may(o->permission == SIG_MAY_CAMERA_ASK ? SIG_MAY_VIDEO : SIG_MAY_AUDIO, sig_role_of(f->role), f->host);
}

static void ask(const order *o)
{
    if (!may_be_asked(o)) {
        refuse(o, MCU_ERROR_FORBIDDEN,
               o->permission == SIG_MAY_CAMERA_ASK ? "With that person's link one sends no picture."
                                                   : "With that person's link one only listens.");
    } else if (sig_room_client(o->session->room, o->target) || on_phone(o)) {
        record_then(o, ask_now);
    } else {
        finish(o, false, not_here);
    }
}

static void open_now(const order *o)
{
    finish(o, sig_room_admit(o->session->room, o->target), not_waiting);
}

static void deny_now(const order *o)
{
    finish(o, sig_room_deny(o->session->room, o->target), not_waiting);
}

static void answer_knock(const order *o)
{
    if (strcmp(o->target, o->session->seat) == 0) { /* it would replace the session that asks */
        refuse(o, MCU_ERROR_CONFLICT, "You are in the visit already.");
    } else if (sig_room_is_waiting(o->session->room, o->target)) {
        record_then(o, o->permission == SIG_MAY_ADMIT ? open_now : deny_now);
    } else {
        finish(o, false, not_waiting);
    }
}

/* ---- what takes a part that this server is built without ---- */

static void record(const order *o)
{
    sig_session_record(o->session, o->request);
}

static void freeze(const order *o)
{
    sig_session_freeze(o->session, o->request);
}

/* ---- telephones ---- */

static void hang_up(const order *o)
{
    const char *call = json_string_value(json_object_get(o->request, "call"));
    finish(o, sig_phone_hang_up(o->session->gateway->phone, sig_room_id(o->session->room), call, "hung_up_by_host"),
           "That call is over.");
}

static void transfer(const order *o, const char *number)
{
    sig_refusal why;
    const char *call = json_string_value(json_object_get(o->request, "call"));
    const sig_dial d = {.room = sig_room_id(o->session->room), .actor = o->session->seat, .number = number};
    if (sig_phone_transfer(o->session->gateway->phone, &d, call, &why)) {
        sig_session_ok(o->session, o->request);
    } else {
        sig_session_refuse_call(o->session, o->request, &why);
    }
}

static void dial(const order *o)
{
    sig_refusal why;
    const sig_gateway *g = o->session->gateway;
    const char *number = json_string_value(json_object_get(o->request, "value"));
    if (json_is_string(json_object_get(o->request, "call"))) {
        if (number) {
            transfer(o, number);
        } else {
            record_then(o, hang_up);
        }
        return;
    }
    sig_dial d = {.room = sig_room_id(o->session->room),
                  .actor = o->session->seat,
                  .number = number ? number : "",
                  .name = "",
                  .seat = "",
                  .role = sig_role_name(SIG_ROLE_GUEST),
                  .language = g->phone ? g->settings->phone.languages[0] : "en"};
    if (sig_phone_dial(g->phone, &d, &why)) {
        sig_session_ok(o->session, o->request);
    } else {
        sig_session_refuse_call(o->session, o->request, &why);
    }
}

/* ---- dispatch ---- */

static const struct {
    sig_permission permission;
    void (*run)(const order *o);
    bool seat;
} operations[] = {
    {SIG_MAY_MUTE, mute, true},          {SIG_MAY_UNMUTE_ASK, ask, true},
    {SIG_MAY_CAMERA_ASK, ask, true},     {SIG_MAY_MUTE_ALL, mute_all, false},
    {SIG_MAY_REMOVE, remove_seat, true}, {SIG_MAY_LOCK, lock, false},
    {SIG_MAY_ADMIT, answer_knock, true}, {SIG_MAY_DENY, answer_knock, true},
    {SIG_MAY_TIER, cap_tier, true},      {SIG_MAY_LAYOUT, choose_layout, false},
    {SIG_MAY_RECORD, record, false},     {SIG_MAY_DIAL, dial, false},
    {SIG_MAY_END, end, false},           {SIG_MAY_FREEZE, freeze, true},
    {SIG_MAY_CAPTION, caption, false},
};

void sig_session_host(sig_session *s, const json_t *m)
{
    const char *seat = json_string_value(json_object_get(m, "seat"));
    order o = {s, m, sig_permission_of(json_string_value(json_object_get(m, "op"))), "", 0};
    if (!sig_session_may(s, o.permission, m)) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(operations); i++) {
        if (operations[i].permission != o.permission) {
            continue;
        }
        if (operations[i].seat && !seat) {
            refuse(&o, MCU_ERROR_BAD_REQUEST, "seat: is missing");
        } else if (operations[i].seat && !sig_facts_seat(s->gateway->facts, sig_room_id(s->room), seat)) {
            refuse(&o, MCU_ERROR_NOT_FOUND, "There is no such seat in this room.");
        } else {
            o.target = operations[i].seat ? seat : "";
            operations[i].run(&o);
        }
        return;
    }
}
