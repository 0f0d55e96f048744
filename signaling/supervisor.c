#include "signaling/supervisor.h"

#include <string.h>

#include "signaling/adoption.h"
#include "signaling/recording.h"

#define DRAIN_MS 6000

typedef struct {
    void (*fn)(void *user); /* NULL = done already */
    void *user;
} once;

struct sig_supervisor {
    sig_gateway *gateway;
    sig_pool *pool;
    GHashTable *rooms; /* id -> sig_room, owned */
    sig_adoption *adoption;
    GPtrArray *gone; /* rooms to free outside their own callbacks */
    struct event *sweep, *drain_deadline;
    once ready, drained;
    bool started;
};

static void run_once(once *o)
{
    once now = *o;
    o->fn = NULL;
    if (now.fn) {
        now.fn(now.user);
    }
}

static void free_room(void *value)
{
    sig_room_free(value);
}

/* ---- adoption ---- */

static void become_ready(sig_supervisor *s)
{
    s->started = true;
    run_once(&s->ready);
    sig_pool_start(s->pool);
}

static void check_ready(sig_supervisor *s)
{
    GHashTableIter i;
    void *room = NULL;
    bool waiting = sig_adoption_silent(s->adoption) > 0;
    if (!s->ready.fn) {
        return;
    }
    g_hash_table_iter_init(&i, s->rooms);
    while (!waiting && g_hash_table_iter_next(&i, NULL, &room)) {
        waiting = sig_room_adopting(room);
    }
    if (!waiting) {
        become_ready(s);
    }
}

void sig_supervisor_adopted(sig_supervisor *s)
{
    check_ready(s);
}

static void on_found(void *user, const char *room, const char *build, sig_room_link *link)
{
    sig_supervisor *s = user;
    const sig_room_facts *facts = *room ? sig_facts_room(s->gateway->facts, room) : NULL;
    const sig_room *known = g_hash_table_lookup(s->rooms, room); /* tessera-phone may have spoken of its calls before */
    if (facts && !facts->ended && (!known || sig_room_is_down(known))) {
        sig_room *r = sig_supervisor_room(s, room);
        sig_room_adopt(r, link);
    } else if (!*room && strcmp(build, TESSERA_VERSION) == 0) {
        sig_pool_add(s->pool, link);
    } else { /* of an ended room, a second one, or from before an upgrade */
        sig_room_link_send(link, json_pack("{s:s, s:s}", "type", "end", "reason", "draining"));
        sig_room_link_unlink(link);
        sig_room_link_free(link);
    }
}

static void on_fewer(void *user)
{
    check_ready(user);
}

static void on_overdue(void *user)
{
    sig_supervisor *s = user;
    if (s->ready.fn) {
        become_ready(s);
    }
}

void sig_supervisor_start(sig_supervisor *s, void (*ready)(void *user), void *user)
{
    s->ready = (once){ready, user};
    sig_adoption_start(s->adoption);
    check_ready(s);
}

/* ---- rooms ---- */

sig_room *sig_supervisor_room(sig_supervisor *s, const char *id)
{
    const sig_room_facts *facts = sig_facts_room(s->gateway->facts, id);
    if (!facts || facts->ended || s->gateway->draining) {
        return NULL;
    }
    sig_room *r = g_hash_table_lookup(s->rooms, id);
    if (!r) {
        r = sig_room_new(s->gateway, id);
        g_hash_table_insert(s->rooms, g_strdup(id), r);
    }
    return r;
}

sig_pool *sig_supervisor_pool(const sig_supervisor *s)
{
    return s->pool;
}

void sig_supervisor_each(sig_supervisor *s, void (*fn)(sig_room *r, void *user), void *user)
{
    g_autoptr(GList) rooms = g_hash_table_get_values(s->rooms);
    for (GList *i = rooms; i; i = i->next) {
        fn(i->data, user);
    }
}

unsigned sig_supervisor_running(const sig_supervisor *s)
{
    GHashTableIter i;
    void *room = NULL;
    unsigned n = 0;
    g_hash_table_iter_init(&i, s->rooms);
    while (g_hash_table_iter_next(&i, NULL, &room)) {
        n += sig_room_running(room);
    }
    return n;
}

unsigned sig_supervisor_occupied(const sig_supervisor *s)
{
    GHashTableIter i;
    void *room = NULL;
    unsigned n = sig_adoption_silent(s->adoption);
    g_hash_table_iter_init(&i, s->rooms);
    while (g_hash_table_iter_next(&i, NULL, &room)) {
        n += sig_room_occupied(room);
    }
    return n;
}

bool sig_supervisor_ready(const sig_supervisor *s)
{
    return s->started && sig_pool_ready(s->pool);
}

static void check_drained(sig_supervisor *s)
{
    if (g_hash_table_size(s->rooms) == 0 && sig_pool_drained(s->pool)) {
        run_once(&s->drained);
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_supervisor *s = user;
    g_ptr_array_set_size(s->gone, 0);
    check_drained(s);
    if (s->drained.fn) {
        sig_timer_arm(s->sweep, 20); /* idle processes end without telling the supervisor */
    }
}

void sig_supervisor_room_gone(sig_supervisor *s, sig_room *r)
{
    gpointer key = NULL;
    if (g_hash_table_steal_extended(s->rooms, sig_room_id(r), &key, NULL)) {
        g_free(key);
        g_ptr_array_add(s->gone, r);
    }
    sig_timer_arm(s->sweep, 0);
}

static void end_room(sig_supervisor *s, sig_room *r, const char *reason)
{
    sig_room_end(r, reason);
    if (sig_room_gone(r)) {
        sig_supervisor_room_gone(s, r);
    }
}

void sig_supervisor_changed(sig_supervisor *s, const sig_change *change)
{
    if (change->kind == SIG_RECORDING_PUT) {
        sig_recording_late(s->gateway, change);
        return;
    }
    sig_room *r = g_hash_table_lookup(s->rooms, change->room);
    if (!r) {
        return;
    }
    switch (change->kind) {
    case SIG_ROOM_END:
        end_room(s, r, "room_ended");
        break;
    case SIG_ROOM_LOCK:
        sig_room_lock_changed(r);
        break;
    case SIG_ROOM_LAYOUT:
        sig_room_layout_changed(r);
        break;
    case SIG_ROOM_MUTE:
        sig_room_muted(r, change);
        sig_room_seats_changed(r);
        break;
    case SIG_SEAT_MUTE:
        sig_room_muted(r, change);
        if (change->asks) {
            sig_room_mute_lifted(r, change->seat);
        } else {
            sig_room_seat_changed(r, change->seat);
        }
        break;
    case SIG_SEAT_PUT:
    case SIG_SEAT_TIER:
        sig_room_seat_changed(r, change->seat);
        break;
    case SIG_SEAT_DROP:
        sig_room_seat_dropped(r, change->seat);
        break;
    case SIG_ROOM_RECORDING:
    case SIG_SEAT_CONSENT:
        sig_room_recording_changed(r, change->seat);
        break;
    case SIG_RECORDING_PUT:
    case SIG_RECORDING_STATE:
    case SIG_RECORDING_HOLD:
    case SIG_SEGMENT_PUT:
    case SIG_SEGMENT_STORED:
    case SIG_RECORDING_STORED:
    case SIG_ROOM_PUT:
    case SIG_PIN_PUT:
    case SIG_PIN_DROP:
    case SIG_NUMBER_PUT:
    case SIG_CALL_PUT:
    case SIG_CHANGE_NONE:
        break;
    }
}

void sig_supervisor_layouts_changed(sig_supervisor *s)
{
    GHashTableIter i;
    void *room = NULL;
    g_hash_table_iter_init(&i, s->rooms);
    while (g_hash_table_iter_next(&i, NULL, &room)) {
        sig_room_layouts_changed(room);
    }
}

static void on_drain_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    run_once(&((sig_supervisor *)user)->drained);
}

void sig_supervisor_drain(sig_supervisor *s, void (*done)(void *user), void *user)
{
    s->drained = (once){done, user};
    g_autoptr(GList) rooms = g_hash_table_get_values(s->rooms);
    for (GList *i = rooms; i; i = i->next) {
        end_room(s, i->data, "draining");
    }
    sig_pool_drain(s->pool);
    sig_timer_arm(s->drain_deadline, DRAIN_MS);
    sig_timer_arm(s->sweep, 0);
}

sig_supervisor *sig_supervisor_new(sig_gateway *g)
{
    static const sig_adoption_events events = {on_found, on_fewer, on_overdue};
    sig_supervisor *s = g_new0(sig_supervisor, 1);
    s->gateway = g;
    s->pool = sig_pool_new(g);
    s->rooms = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_room);
    s->adoption = sig_adoption_new(g, &events, s);
    s->gone = g_ptr_array_new_with_free_func(free_room);
    s->sweep = sig_timer_new(g->base, on_sweep, s);
    s->drain_deadline = sig_timer_new(g->base, on_drain_deadline, s);
    return s;
}

void sig_supervisor_free(sig_supervisor *s)
{
    if (s) {
        s->ready.fn = NULL;
        g_hash_table_destroy(s->rooms);
        g_ptr_array_free(s->gone, TRUE);
        sig_adoption_free(s->adoption);
        sig_pool_free(s->pool);
        event_free(s->sweep);
        event_free(s->drain_deadline);
        g_free(s);
    }
}
