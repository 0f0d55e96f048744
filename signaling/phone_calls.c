#include "signaling/phone_calls.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/leg.h"
#include "mcu/base/log.h"
#include "signaling/audit.h"
#include "signaling/phone_private.h"
#include "signaling/room.h"
#include "signaling/session.h"
#include "signaling/supervisor.h"

#define FIGURES_MS 3000
#define MS INT64_C(1000000)

const char *sig_phone_text(const json_t *m, const char *member)
{
    const char *v = json_string_value(json_object_get(m, member));
    return v ? v : "";
}

void sig_phone_mask(const char *number, char out[32])
{
    size_t n = strlen(number);
    if (n >= 6) {
        g_snprintf(out, 32, "Phone ...%s", number + n - 4);
    } else {
        g_strlcpy(out, "Phone", 32);
    }
}

/* ---- the table ---- */

void sig_phone_call_free(void *value)
{
    sig_phone_call *c = value;
    if (*c->pin_key) {
        g_hash_table_remove(c->phone->claimed, c->pin_key);
    }
    event_free(c->ending);
    json_decref(c->figures);
    sig_phone_keep_dialog(c, NULL);
    memset(c->number, 0, sizeof c->number);
    g_free(c);
}

void sig_phone_keep_dialog(sig_phone_call *c, json_t *dialog)
{
    if (dialog != c->dialog) {
        mcu_leg_json_wipe(json_object_get(c->dialog, "leg"));
        json_decref(c->dialog);
        c->dialog = json_incref(dialog);
    }
}

static void on_ending(evutil_socket_t fd, short what, void *user);

sig_phone_call *sig_phone_call_new(sig_phone *p, const char *id)
{
    sig_phone_call *c = g_new0(sig_phone_call, 1);
    c->phone = p;
    g_strlcpy(c->id, id, sizeof c->id);
    c->began_ms = mcu_wall_ns() / MS;
    c->ending = sig_timer_new(p->gateway->base, on_ending, c);
    g_hash_table_insert(p->calls, c->id, c);
    return c;
}

sig_phone_call *sig_phone_find(const sig_phone *p, const char *id)
{
    return g_hash_table_lookup(p->calls, id);
}

json_t *sig_phone_bound(const sig_phone_call *c)
{
    char sealed[SIG_SEALED_MAX + 1];
    sig_seal_number(c->phone->seal, c->number, sealed);
    return json_pack("{s:s, s:s, s:b, s:s, s:s, s:s, s:I, s:I, s:I}", "room", c->room, "seat", c->seat, "own", c->own_seat,
                     "number", sealed, "actor", c->actor, "language", c->language, "began", (json_int_t)c->began_ms, "answered",
                     (json_int_t)c->answered_ms, "joined", (json_int_t)c->joined_ms);
}

sig_phone_call *sig_phone_call_of_seat(const sig_phone *p, const char *room, const char *seat)
{
    GHashTableIter i;
    void *value = NULL;
    g_hash_table_iter_init(&i, p->calls);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        sig_phone_call *c = value;
        if (strcmp(c->room, room) == 0 && strcmp(c->seat, seat) == 0 && !*c->reason) {
            return c;
        }
    }
    return NULL;
}

sig_room *sig_phone_call_room(const sig_phone_call *c)
{
    return *c->room ? sig_supervisor_room(c->phone->gateway->supervisor, c->room) : NULL;
}

/* ---- the end: written down once ---- */

static double figure(const json_t *figures, const char *name)
{
    return json_number_value(json_object_get(figures, name));
}

static void fill_record(const sig_phone_call *c, sig_change *change)
{
    char sealed[SIG_SEALED_MAX + 1] = "";
    int64_t now_ms = mcu_wall_ns() / MS;
    sig_seal_number(c->phone->seal, c->number, sealed);
    json_t *r = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:s, s:i}", "call", c->id, "room", c->room,
                          "seat", c->seat, "direction", c->outgoing ? "out" : "in", "trunk", c->trunk, "number", sealed, "began",
                          (json_int_t)c->began_ms, "answered", (json_int_t)c->answered_ms, "joined", (json_int_t)c->joined_ms,
                          "ended", (json_int_t)now_ms, "clear", c->clear, "reason", c->reason, "status", c->status);
    if (c->figures) {
        json_object_set_new(r, "codec", json_string(sig_phone_text(c->figures, "codec")));
        json_object_set_new(r, "loss", json_real(figure(c->figures, "loss")));
        json_object_set_new(r, "jitter_ms", json_real(figure(c->figures, "jitter_ms")));
        json_object_set_new(r, "mos", json_real(figure(c->figures, "mos")));
    }
    char *text = json_dumps(r, JSON_COMPACT | JSON_REAL_PRECISION(4));
    *change = (sig_change){.kind = SIG_CALL_PUT, .at_ms = now_ms};
    g_strlcpy(change->key, c->id, sizeof change->key);
    g_strlcpy(change->room, c->room, sizeof change->room);
    g_strlcpy(change->record, text, sizeof change->record);
    json_decref(r);
    free(text);
}

static void finish(sig_phone_call *c)
{
    sig_gateway *g = c->phone->gateway;
    sig_change changes[2];
    unsigned n = 1;
    fill_record(c, &changes[0]);
    sig_phone_pass_seat(c);
    if (c->own_seat && sig_facts_seat(g->facts, c->room, c->seat)) {
        changes[n++] = sig_change_remove(g->facts, c->room, c->seat);
    }
    mcu_info("phone.call", "call=%s room=%s seat=%s direction=%s reason=%s status=%d joined=%d", c->id, *c->room ? c->room : "-",
             *c->seat ? c->seat : "-", c->outgoing ? "out" : "in", c->reason, c->status, c->joined_ms > 0);
    sig_phone_tell(c, "ended");
    const sig_audit_entry e = {
        .event = "call_ended", .room = c->room, .actor = c->seat, .operation = "call", .target = c->id, .reason = c->reason};
    if (!sig_commit(g, changes, n, &e, NULL, NULL)) {
        mcu_error_log("phone.record", "call=%s not_written=1", c->id);
    }
    sig_phone_rescue_ended(c);
    g_hash_table_remove(c->phone->calls, c->id);
}

void sig_phone_call_check_over(sig_phone_call *c)
{
    if (c->phone_done && !c->leg_there) {
        finish(c);
    } else if (c->phone_done) {
        sig_timer_arm(c->ending, FIGURES_MS); /* the room says how it was */
    }
}

static void on_ending(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_phone_call *c = user;
    sig_room *r = sig_phone_call_room(c);
    if (r) {
        sig_room_forget_leg(r, c->id);
    }
    finish(c);
}

static void leave_room(sig_phone_call *c)
{
    sig_room *r = sig_phone_call_room(c);
    if (c->leg_there && r && sig_room_running(r)) {
        sig_room_tell(r, json_pack("{s:s, s:s, s:s}", "type", "leave", "seat", c->seat, "session", c->id));
    } else {
        c->leg_there = false;
    }
}

static void note_reason(sig_phone_call *c, const char *reason)
{
    if (!*c->reason) {
        g_strlcpy(c->reason, *reason ? reason : "ended", sizeof c->reason);
    }
}

void sig_phone_call_end(sig_phone_call *c, const char *reason)
{
    note_reason(c, reason);
    leave_room(c);
    if (!c->told && !c->phone_done) {
        c->told = true;
        c->phone_done =
            !sig_phone_link_send(c->phone->link, json_pack("{s:s, s:s, s:s}", "type", "hangup", "call", c->id, "reason", reason));
    }
    sig_phone_call_check_over(c);
}

void sig_phone_call_hung_up(sig_phone_call *c, const char *reason, int status)
{
    note_reason(c, reason);
    c->status = status;
    c->phone_done = true;
    leave_room(c);
    sig_phone_call_check_over(c);
}

void sig_phone_call_lost(sig_phone_call *c)
{
    c->waiting_id = 0;
    c->phone_done = true;
    if (!c->leg_there) {
        note_reason(c, "phone_restarted");
        finish(c);
    }
}

/* ---- what was written down ---- */

json_t *sig_phone_calls_json(const sig_gateway *g)
{
    json_t *out = json_array(), *records = sig_phone_facts_calls(sig_facts_phone(g->facts), NULL);
    size_t i = 0;
    const json_t *r = NULL;
    json_array_foreach(records, i, r)
    {
        char number[SIG_NUMBER_MAX + 1] = "", masked[32];
        json_t *copy = json_copy((json_t *)(uintptr_t)r);
        if (g->phone) {
            sig_seal_open(g->phone->seal, sig_phone_text(r, "number"), number);
        }
        sig_phone_mask(number, masked);
        json_object_set_new(copy, "number", json_string(masked));
        memset(number, 0, sizeof number);
        json_array_append_new(out, copy);
    }
    json_decref(records);
    return out;
}
