#include "signaling/phone_facts.h"

#include <string.h>

typedef struct {
    char room[SIG_ID_MAX + 1];
    json_t *record;
} call_facts;

struct sig_phone_facts {
    GHashTable *pins;    /* key -> sig_pin_facts, owned */
    GHashTable *numbers; /* "room/seat" -> sealed */
    GQueue calls;        /* call_facts, newest first */
};

static void free_call(void *p)
{
    call_facts *c = p;
    json_decref(c->record);
    g_free(c);
}

sig_phone_facts *sig_phone_facts_new(void)
{
    sig_phone_facts *f = g_new0(sig_phone_facts, 1);
    f->pins = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    f->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    g_queue_init(&f->calls);
    return f;
}

void sig_phone_facts_free(sig_phone_facts *f)
{
    if (f) {
        g_hash_table_destroy(f->pins);
        g_hash_table_destroy(f->numbers);
        g_queue_clear_full(&f->calls, free_call);
        g_free(f);
    }
}

static void put_pin(sig_phone_facts *f, const sig_change *c)
{
    sig_pin_facts *p = g_new0(sig_pin_facts, 1);
    g_strlcpy(p->key, c->key, sizeof p->key);
    g_strlcpy(p->room, c->room, sizeof p->room);
    g_strlcpy(p->seat, c->seat, sizeof p->seat);
    g_strlcpy(p->role, c->role, sizeof p->role);
    g_strlcpy(p->name, c->name, sizeof p->name);
    g_strlcpy(p->language, c->language, sizeof p->language);
    p->host = c->host;
    p->once = c->once;
    p->until_ms = c->at_ms;
    g_hash_table_replace(f->pins, p->key, p);
}

static void put_number(sig_phone_facts *f, const sig_change *c)
{
    g_autofree char *who = g_strdup_printf("%s/%s", c->room, c->seat);
    if (*c->sealed) {
        g_hash_table_insert(f->numbers, g_steal_pointer(&who), g_strdup(c->sealed));
    } else {
        g_hash_table_remove(f->numbers, who);
    }
}

static void put_call(sig_phone_facts *f, const sig_change *c)
{
    call_facts *call = g_new0(call_facts, 1);
    g_strlcpy(call->room, c->room, sizeof call->room);
    call->record = json_loads(c->record, 0, NULL);
    g_queue_push_head(&f->calls, call);
    if (f->calls.length > SIG_CALLS_KEPT) {
        free_call(g_queue_pop_tail(&f->calls));
    }
}

static gboolean pin_is_of(void *key, void *value, void *change)
{
    const sig_pin_facts *p = value;
    const sig_change *c = change;
    (void)key;
    return strcmp(p->room, c->room) == 0 && (!*c->seat || strcmp(p->seat, c->seat) == 0);
}

static gboolean number_is_of(void *key, void *value, void *change)
{
    const sig_change *c = change;
    (void)value;
    g_autofree char *prefix = g_strdup_printf("%s/%s", c->room, c->seat);
    return *c->seat ? strcmp(key, prefix) == 0 : g_str_has_prefix(key, prefix);
}

void sig_phone_facts_apply(sig_phone_facts *f, const sig_change *c)
{
    if (c->kind == SIG_PIN_PUT) {
        put_pin(f, c);
    } else if (c->kind == SIG_PIN_DROP) {
        g_hash_table_remove(f->pins, c->key);
    } else if (c->kind == SIG_NUMBER_PUT) {
        put_number(f, c);
    } else if (c->kind == SIG_CALL_PUT) {
        put_call(f, c);
    } else if (c->kind == SIG_ROOM_END || c->kind == SIG_SEAT_DROP) {
        g_hash_table_foreach_remove(f->pins, pin_is_of, (void *)(uintptr_t)c);
        g_hash_table_foreach_remove(f->numbers, number_is_of, (void *)(uintptr_t)c);
    }
}

const sig_pin_facts *sig_phone_facts_pin(const sig_phone_facts *f, const char *key, int64_t now_ms)
{
    const sig_pin_facts *p = g_hash_table_lookup(f->pins, key);
    return p && p->until_ms > now_ms ? p : NULL;
}

unsigned sig_phone_facts_pins(const sig_phone_facts *f, const char *room)
{
    GHashTableIter i;
    void *value = NULL;
    unsigned n = 0;
    g_hash_table_iter_init(&i, f->pins);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        n += strcmp(((const sig_pin_facts *)value)->room, room) == 0;
    }
    return n;
}

const char *sig_phone_facts_number(const sig_phone_facts *f, const char *room, const char *seat)
{
    g_autofree char *who = g_strdup_printf("%s/%s", room, seat);
    return g_hash_table_lookup(f->numbers, who);
}

json_t *sig_phone_facts_calls(const sig_phone_facts *f, const char *room)
{
    json_t *list = json_array();
    for (const GList *l = f->calls.head; l; l = l->next) {
        const call_facts *c = l->data;
        if (c->record && (!room || strcmp(c->room, room) == 0)) {
            json_array_append(list, c->record);
        }
    }
    return list;
}
