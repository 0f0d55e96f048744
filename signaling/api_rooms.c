/* REST: create, list, inspect and end rooms. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/layouts.h"
#include "signaling/shown_name.h"
#include "signaling/supervisor.h"

#define REVOKED_MAX 64u /* of those listed, the newest */

static json_t *room_json(const sig_gateway *g, const sig_room_facts *r)
{
    const sig_room *running = sig_supervisor_room(g->supervisor, r->id);
    return json_pack("{s:s, s:s, s:I, s:i, s:b, s:b, s:s, s:s, s:s}", "id", r->id, "name", r->name, "created",
                     (json_int_t)(r->created_ms / 1000), "seats", (int)g_hash_table_size(r->seats), "running",
                     running && sig_room_running(running), "locked", r->locked, "layout", r->layout, "recording", r->policy,
                     "evidence", r->evidence);
}

/* ---- create ---- */

typedef struct {
    sig_facts *facts;
    char room[SIG_ID_MAX + 1];
} creation;

static void free_creation(void *value)
{
    creation *made = value;
    sig_facts_expect(made->facts, NULL, -1);
    g_free(made);
}

static void created(sig_request *q, void *user)
{
    const creation *made = user;
    const sig_room_facts *r = sig_facts_room(made->facts, made->room);
    g_autofree char *location = g_strdup_printf("/api/v1/rooms/%s", made->room);
    sig_reply_header(q, "Location", location);
    sig_reply_json(q, 201, room_json(q->gateway, r));
}

/* A chosen id makes creation repeatable. True = answered. */
static bool answer_existing(sig_request *q, const char *id)
{
    const sig_room_facts *existing = sig_facts_room(q->gateway->facts, id);
    if (!existing) {
        return false;
    }
    if (existing->ended) {
        sig_reply_problem(q, 409, "room_ended", "A room of this id has ended.");
    } else {
        sig_reply_json(q, 200, room_json(q->gateway, existing));
    }
    return true;
}

void sig_api_create_room(sig_request *q)
{
    json_t *m = sig_request_json(q, "RoomRequest");
    if (!m) {
        return;
    }
    sig_facts *facts = q->gateway->facts;
    const char *id = json_string_value(json_object_get(m, "id"));
    const char *name = json_string_value(json_object_get(m, "name"));
    const char *layout = json_string_value(json_object_get(m, "layout"));
    const char *policy = json_string_value(json_object_get(m, "recording"));
    const char *evidence = json_string_value(json_object_get(m, "evidence"));
    sig_change c = {.kind = SIG_ROOM_PUT, .at_ms = mcu_wall_ns() / 1000000};
    if (id) {
        g_strlcpy(c.room, id, sizeof c.room);
    } else {
        sig_random_id("", c.room);
    }
    g_strlcpy(c.policy, policy ? policy : SIG_POLICY_NOBODY, sizeof c.policy);
    g_strlcpy(c.evidence, evidence ? evidence : SIG_EVIDENCE_PICTURE, sizeof c.evidence);
    g_strlcpy(c.layout, layout ? layout : MCU_LAYOUT_DEFAULT, sizeof c.layout);
    g_autofree char *no_layout = sig_layouts_known(q->gateway, c.layout) ? NULL : sig_layouts_problem(q->gateway, "layout");
    bool name_ok = !name || sig_name_read(name, c.name), id_ok = !id || sig_id_valid(id);
    json_decref(m);
    if (!name_ok || !id_ok || no_layout) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST),
                        !id_ok     ? "id: may hold a-z, 0-9, _ and -"
                        : !name_ok ? "name: is not a name"
                                   : no_layout);
    } else if (answer_existing(q, c.room)) {
        return;
    } else if (q->gateway->closing || q->gateway->draining) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_UNAVAILABLE), "The server is going down and takes no new visits.");
    } else if (sig_facts_live_rooms(facts) + sig_facts_expected_rooms(facts) >= q->gateway->settings->max_rooms) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_FULL), "There are as many rooms as the server may have.");
    } else {
        creation *made = g_new0(creation, 1);
        made->facts = facts;
        g_strlcpy(made->room, c.room, sizeof made->room);
        sig_facts_expect(facts, NULL, 1);
        sig_audit_entry e = sig_api_entry(q, "create");
        e.room = c.room;
        sig_api_commit(q, &c, 1, &e, created, made, free_creation);
    }
}

/* ---- list ---- */

void sig_api_list_rooms(sig_request *q)
{
    json_t *list = json_array();
    GList *rooms = sig_facts_rooms(q->gateway->facts);
    for (GList *i = rooms; i; i = i->next) {
        json_array_append_new(list, room_json(q->gateway, i->data));
    }
    g_list_free(rooms);
    sig_reply_json(q, 200, json_pack("{s:o}", "rooms", list));
}

/* ---- inspect ---- */

static json_t *absent(const sig_seat_facts *s, const sig_room *running)
{
    bool waits = running && sig_room_is_waiting(running, s->id);
    json_t *o = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:s, s:s}", "seat", s->id, "name", s->name, "role", s->role,
                          "host", s->host, "muted", s->muted, "fixed", s->fixed, "signing", s->signing, "state",
                          waits ? "waiting" : "absent", "tier_cap", s->tier);
    if (*s->hears) {
        json_object_set_new(o, "hears", json_string(s->hears));
    }
    if (s->expires_ms > 0) {
        json_object_set_new(o, "link_ends", json_integer(s->expires_ms / 1000));
    }
    return o;
}

static int newest_first(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    json_int_t m = json_integer_value(json_object_get(*x, "at")), n = json_integer_value(json_object_get(*y, "at"));
    return m == n ? 0 : m > n ? -1 : 1;
}

/* Whose links were withdrawn, and who has no new one. */
static json_t *revoked(const sig_room_facts *r)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    GHashTableIter i;
    void *seat = NULL, *value = NULL;
    g_hash_table_iter_init(&i, r->revoked);
    while (g_hash_table_iter_next(&i, &seat, &value)) {
        const sig_revoked_facts *v = value;
        if (*v->name && !g_hash_table_contains(r->seats, seat)) {
            g_ptr_array_add(all, json_pack("{s:s, s:s, s:s, s:b, s:I}", "seat", seat, "name", v->name, "role", v->role, "host",
                                           v->host, "at", (json_int_t)(v->at_ms / 1000)));
        }
    }
    g_ptr_array_sort(all, newest_first);
    json_t *list = json_array();
    for (guint n = 0; n < MIN(all->len, REVOKED_MAX); n++) {
        json_array_append(list, all->pdata[n]);
    }
    return list;
}

/* Every seat once: as the room process sees it, or absent; what is durable comes from the facts. */
static json_t *participants(const sig_room_facts *r, const sig_room *running, const json_t *seen)
{
    json_t *list = json_array();
    g_autoptr(GHashTable) present = g_hash_table_new(g_str_hash, g_str_equal);
    json_t *p = NULL;
    size_t n = 0;
    json_array_foreach(seen, n, p)
    {
        const char *seat = json_string_value(json_object_get(p, "seat"));
        const sig_seat_facts *f = seat ? g_hash_table_lookup(r->seats, seat) : NULL;
        const char *session = json_string_value(json_object_get(p, "session"));
        bool there = (session && *session) || json_object_get(p, "phone");
        if (!f || !there || !g_hash_table_add(present, (gpointer)(uintptr_t)seat)) {
            continue;
        }
        json_t *copy = json_copy(p);
        json_t *durable = absent(f, running);
        json_object_del(durable, "state");
        json_object_update(copy, durable);
        json_decref(durable);
        json_array_append_new(list, copy);
    }
    GHashTableIter i;
    void *value = NULL;
    g_hash_table_iter_init(&i, r->seats);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        if (!g_hash_table_contains(present, ((sig_seat_facts *)value)->id)) {
            json_array_append_new(list, absent(value, running));
        }
    }
    return list;
}

static void answer_room(sig_request *q, const json_t *inspection)
{
    const sig_room_facts *r = sig_api_room(q);
    if (!r) {
        return;
    }
    json_t *body = room_json(q->gateway, r);
    json_object_set_new(
        body, "participants",
        participants(r, sig_supervisor_room(q->gateway->supervisor, r->id), json_object_get(inspection, "participants")));
    json_object_set_new(body, "revoked", revoked(r));
    static const char *const figures[] = {"video", "audio"};
    for (size_t i = 0; i < G_N_ELEMENTS(figures); i++) {
        json_t *v = json_object_get(inspection, figures[i]);
        if (v) {
            json_object_set(body, figures[i], v);
        }
    }
    sig_reply_json(q, 200, body);
}

static void on_inspection(void *user, const json_t *reply, const char *code, const char *message)
{
    sig_request *q = user;
    if (reply) {
        answer_room(q, reply);
    } else {
        sig_reply_error(q, code, message);
    }
}

void sig_api_get_room(sig_request *q)
{
    const sig_room_facts *r = sig_api_room(q);
    if (!r) {
        return;
    }
    sig_room *running = sig_supervisor_room(q->gateway->supervisor, r->id);
    if (!running || !sig_room_running(running)) {
        answer_room(q, NULL);
    } else if (!sig_room_call(running, json_pack("{s:s}", "type", "inspect"), false, on_inspection, q)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_UNAVAILABLE), "The room is busy.");
    }
}

/* ---- end ---- */

void sig_api_end_room(sig_request *q)
{
    const sig_room_facts *r = sig_facts_room(q->gateway->facts, q->part[0]);
    if (r && r->ended) {
        sig_reply_empty(q, 204);
    } else if ((r = sig_api_room(q))) {
        sig_change c = {.kind = SIG_ROOM_END, .at_ms = mcu_wall_ns() / 1000000};
        g_strlcpy(c.room, r->id, sizeof c.room);
        sig_api_commit_one(q, &c, "end");
    }
}

/* ---- for everybody in it ---- */

void sig_api_mute_all(sig_request *q)
{
    const sig_room_facts *r = sig_api_room(q);
    if (r) {
        sig_change c = sig_change_mute_all(r->id);
        sig_api_commit_one(q, &c, "mute_all");
    }
}

void sig_api_lock(sig_request *q)
{
    const sig_room_facts *r = sig_api_room(q);
    json_t *m = r ? sig_request_json(q, "LockRequest") : NULL;
    if (!m) {
        return;
    }
    sig_change c = {.kind = SIG_ROOM_LOCK, .locked = json_is_true(json_object_get(m, "locked"))};
    g_strlcpy(c.room, r->id, sizeof c.room);
    json_decref(m);
    sig_api_commit_one(q, &c, c.locked ? "lock" : "unlock");
}
