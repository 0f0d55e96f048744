/* The door of a room: who is inside, who waits before a locked one, and what everybody or the hosts are told. */
#include <string.h>

#include "signaling/room_private.h"
#include "signaling/session.h"

static const sig_room_facts *facts_of(const sig_room *r)
{
    return sig_facts_room(r->gateway->facts, r->id);
}

static bool is_host(const sig_room *r, const char *seat)
{
    const sig_seat_facts *s = sig_facts_seat(r->gateway->facts, r->id, seat);
    return s && s->host;
}

/* ---- telling ---- */

void sig_room_say(sig_room *r, json_t *take_message)
{
    GHashTableIter i;
    void *client = NULL;
    g_hash_table_iter_init(&i, r->clients);
    while (g_hash_table_iter_next(&i, NULL, &client)) {
        sig_session_send(client, json_incref(take_message));
    }
    json_decref(take_message);
}

static void tell_hosts(sig_room *r, json_t *take_message)
{
    GHashTableIter i;
    void *seat = NULL, *client = NULL;
    g_hash_table_iter_init(&i, r->clients);
    while (g_hash_table_iter_next(&i, &seat, &client)) {
        if (is_host(r, seat)) {
            sig_session_send(client, json_incref(take_message));
        }
    }
    json_decref(take_message);
}

static json_t *knock_json(const sig_seat_facts *s)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "type", "knock", "seat", s->id, "name", s->name, "role", s->role);
}

void sig_room_show_knocks(sig_room *r, sig_session *s)
{
    GHashTableIter i;
    void *seat = NULL;
    g_hash_table_iter_init(&i, r->waiting);
    while (g_hash_table_iter_next(&i, &seat, NULL)) {
        const sig_seat_facts *f = sig_facts_seat(r->gateway->facts, r->id, seat);
        if (f) {
            sig_session_send(s, knock_json(f));
        }
    }
}

/* Those there are, as GET /api/v1/layouts lists them, and the one in use. */
static json_t *layouts_json(const sig_room *r)
{
    return json_pack("{s:s, s:s, s:o}", "type", "layouts", "layout", facts_of(r)->layout, "layouts",
                     mcu_layouts_list(r->gateway->layouts));
}

void sig_room_show_layouts(sig_room *r, sig_session *s)
{
    sig_session_send(s, layouts_json(r));
}

void sig_room_tell_layouts(sig_room *r)
{
    tell_hosts(r, layouts_json(r));
}

/* ---- the lock ---- */

bool sig_room_lets_in(const sig_room *r, const char *seat)
{
    const sig_room_facts *f = facts_of(r);
    return !f || !f->locked || is_host(r, seat) || g_hash_table_contains(r->clients, seat) ||
           g_hash_table_contains(r->inside, seat) || g_hash_table_contains(r->live, seat);
}

static void note_who_is_inside(sig_room *r)
{
    GHashTable *const tables[] = {r->clients, r->live};
    g_hash_table_remove_all(r->inside);
    for (size_t t = 0; t < G_N_ELEMENTS(tables); t++) {
        GHashTableIter i;
        void *seat = NULL;
        g_hash_table_iter_init(&i, tables[t]);
        while (g_hash_table_iter_next(&i, &seat, NULL)) {
            g_hash_table_add(r->inside, g_strdup(seat));
        }
    }
}

void sig_room_lock_changed(sig_room *r)
{
    bool locked = facts_of(r)->locked;
    sig_room_say(r, json_pack("{s:s, s:b}", "type", "lock", "locked", locked));
    if (locked) {
        note_who_is_inside(r);
        return;
    }
    g_autoptr(GList) seats = g_hash_table_get_keys(r->waiting);
    for (GList *i = seats; i; i = i->next) {
        sig_room_admit(r, i->data);
    }
}

/* ---- before the door ---- */

void sig_room_wait(sig_room *r, const char *seat, sig_session *s)
{
    sig_session *former = g_hash_table_lookup(r->waiting, seat);
    const sig_seat_facts *f = sig_facts_seat(r->gateway->facts, r->id, seat);
    g_hash_table_insert(r->waiting, g_strdup(seat), s);
    if (former) {
        sig_session_replaced(former);
    } else if (f) {
        tell_hosts(r, knock_json(f));
    }
}

static void stop_waiting(sig_room *r, const char *seat)
{
    tell_hosts(r, json_pack("{s:s, s:s}", "type", "knock_gone", "seat", seat));
    g_hash_table_remove(r->waiting, seat); /* last: `seat` may be its key */
}

void sig_room_gave_up(sig_room *r, const char *seat, const sig_session *s)
{
    if (g_hash_table_lookup(r->waiting, seat) == s) {
        stop_waiting(r, seat);
    }
}

bool sig_room_is_waiting(const sig_room *r, const char *seat)
{
    return g_hash_table_contains(r->waiting, seat);
}

bool sig_room_admit(sig_room *r, const char *seat)
{
    sig_session *s = g_hash_table_lookup(r->waiting, seat);
    if (!s) {
        return false;
    }
    g_hash_table_add(r->inside, g_strdup(seat));
    stop_waiting(r, seat);
    sig_session_admitted(s);
    return true;
}

bool sig_room_deny(sig_room *r, const char *seat)
{
    sig_session *s = g_hash_table_lookup(r->waiting, seat);
    if (!s) {
        return false;
    }
    sig_session_denied(s); /* it lets go of the room by itself */
    return true;
}

void sig_room_left(sig_room *r, const char *seat)
{
    g_hash_table_remove(r->inside, seat);
}

/* ---- chat ---- */

bool sig_room_may_write(sig_room *r, const char *seat, int64_t now_ns)
{
    int64_t *at = g_hash_table_lookup(r->chat, seat);
    if (!at) {
        at = g_new(int64_t, SIG_CHAT_LINES);
        for (unsigned i = 0; i < SIG_CHAT_LINES; i++) {
            at[i] = INT64_MIN / 2;
        }
        g_hash_table_insert(r->chat, g_strdup(seat), at);
    }
    if (now_ns - at[0] < SIG_CHAT_NS) {
        return false;
    }
    memmove(at, at + 1, (SIG_CHAT_LINES - 1) * sizeof *at);
    at[SIG_CHAT_LINES - 1] = now_ns;
    return true;
}
