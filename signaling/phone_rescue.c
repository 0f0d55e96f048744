/* Somebody's browser is heard no more: called on the number on file (rescue.h), and the hosts are told how that goes. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "signaling/phone_private.h"
#include "signaling/rescue.h"

#define MS INT64_C(1000000)

typedef struct {
    sig_phone *phone;
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1];
    sig_rescue state;
    struct event *timer;
} entry;

static int64_t now_ms(void)
{
    return mcu_now_ns() / MS;
}

static void free_entry(void *value)
{
    entry *e = value;
    event_free(e->timer);
    g_free(e);
}

GHashTable *sig_phone_rescues_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_entry);
}

static entry *find(const sig_phone *p, const char *room, const char *seat)
{
    g_autofree char *key = g_strdup_printf("%s/%s", room, seat);
    return g_hash_table_lookup(p->rescues, key);
}

static void await(entry *e)
{
    int64_t next = sig_rescue_next_ms(&e->state);
    if (next != INT64_MAX) {
        sig_timer_arm(e->timer, (int)MAX(1, next - now_ms()));
    } else {
        event_del(e->timer);
    }
}

/* What cannot be dialled counts as a try: a plan or a limit that refuses now does so again. */
static void dial(entry *e)
{
    sig_refusal why = {NULL, NULL, NULL};
    bool ok = sig_phone_dial_seat(e->phone, e->room, e->seat, "", true, &why);
    mcu_info("phone.rescue", "room=%s seat=%s try=%u refused=%s", e->room, e->seat, e->state.tries, ok ? "-" : why.word);
    if (!ok) {
        sig_rescue_ended(&e->state, now_ms());
    }
    await(e);
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    entry *e = user;
    if (sig_rescue_step(&e->state, now_ms())) {
        dial(e);
    } else {
        await(e);
    }
}

static entry *entry_for(sig_phone *p, const char *room, const char *seat)
{
    entry *e = find(p, room, seat);
    if (!e) {
        e = g_new0(entry, 1);
        e->phone = p;
        e->state.at_ms = now_ms() - SIG_RESCUE_SOUND_MS;
        g_strlcpy(e->room, room, sizeof e->room);
        g_strlcpy(e->seat, seat, sizeof e->seat);
        e->timer = sig_timer_new(p->gateway->base, on_timer, e);
        g_hash_table_insert(p->rescues, g_strdup_printf("%s/%s", room, seat), e);
    }
    return e;
}

static void back(sig_phone *p, const char *room, const char *seat, const char *why)
{
    entry *e = find(p, room, seat);
    if (e && sig_rescue_back(&e->state, now_ms())) {
        sig_phone_call *c = sig_phone_call_of_seat(p, room, seat);
        if (c && c->rescue) {
            sig_phone_call_end(c, why);
        }
    }
    if (e) {
        await(e);
    }
}

void sig_phone_on_sound(sig_phone *p, const char *room, const json_t *m)
{
    const char *seat = sig_phone_text(m, "seat");
    if (!p) {
        return;
    }
    if (!json_is_true(json_object_get(m, "dead"))) {
        back(p, room, seat, "sound_is_back");
        return;
    }
    bool known = sig_phone_facts_number(sig_facts_phone(p->gateway->facts), room, seat) != NULL;
    if (known && !sig_phone_call_of_seat(p, room, seat)) {
        entry *e = entry_for(p, room, seat);
        if (sig_rescue_dead(&e->state, now_ms())) {
            dial(e);
        }
    }
}

void sig_phone_seat_left(sig_phone *p, const char *room, const char *seat)
{
    if (p) {
        back(p, room, seat, "left");
        sig_phone_call *c = sig_phone_call_of_seat(p, room, seat);
        if (c && !c->own_seat) {
            sig_phone_call_end(c, "left");
        }
    }
}

void sig_phone_rescue_joined(const sig_phone_call *c)
{
    entry *e = c->rescue ? find(c->phone, c->room, c->seat) : NULL;
    if (e) {
        sig_rescue_joined(&e->state);
        await(e);
    }
}

void sig_phone_rescue_ended(const sig_phone_call *c)
{
    entry *e = c->rescue ? find(c->phone, c->room, c->seat) : NULL;
    if (e) {
        sig_rescue_ended(&e->state, now_ms());
        await(e);
    }
}

static gboolean is_of(void *key, void *value, void *user)
{
    const entry *e = value;
    const sig_change *c = user;
    (void)key;
    return strcmp(e->room, c->room) == 0 && (c->kind == SIG_ROOM_END || strcmp(e->seat, c->seat) == 0);
}

void sig_phone_rescue_forget(const sig_phone *p, const sig_change *change)
{
    g_hash_table_foreach_remove(p->rescues, is_of, (void *)(uintptr_t)change);
}
