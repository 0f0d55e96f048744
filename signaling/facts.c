#include "signaling/facts.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "signaling/permissions.h"
#include "signaling/recording_facts.h"

struct sig_facts {
    GHashTable *rooms;      /* id -> sig_room_facts, owned */
    GHashTable *recordings; /* id -> sig_recording_facts, owned */
    sig_phone_facts *phone;
    unsigned live_rooms, live_seats, expected_rooms;
};

static void free_revoked(void *p)
{
    sig_revoked_facts *v = p;
    g_free(v->name);
    g_free(v);
}

static void free_room(void *p)
{
    sig_room_facts *r = p;
    g_hash_table_destroy(r->seats);
    g_hash_table_destroy(r->revoked);
    g_free(r);
}

sig_facts *sig_facts_new(void)
{
    sig_facts *f = g_new0(sig_facts, 1);
    f->rooms = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_room);
    f->phone = sig_phone_facts_new();
    f->recordings = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, sig_recording_facts_free);
    return f;
}

void sig_facts_free(sig_facts *f)
{
    if (f) {
        g_hash_table_destroy(f->rooms);
        sig_phone_facts_free(f->phone);
        g_hash_table_destroy(f->recordings);
        g_free(f);
    }
}

static sig_room_facts *find(const sig_facts *f, const char *room)
{
    return g_hash_table_lookup(f->rooms, room);
}

static void put_room(sig_facts *f, const sig_change *c)
{
    sig_room_facts *r = find(f, c->room);
    if (!r) {
        r = g_new0(sig_room_facts, 1);
        g_strlcpy(r->id, c->room, sizeof r->id);
        r->created_ms = c->at_ms;
        g_strlcpy(r->layout, *c->layout ? c->layout : MCU_LAYOUT_DEFAULT, sizeof r->layout);
        g_strlcpy(r->policy, *c->policy ? c->policy : SIG_POLICY_NOBODY, sizeof r->policy);
        g_strlcpy(r->evidence, *c->evidence ? c->evidence : SIG_EVIDENCE_PICTURE, sizeof r->evidence);
        r->seats = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
        r->revoked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_revoked);
        g_hash_table_insert(f->rooms, r->id, r);
        f->live_rooms++;
    }
    g_strlcpy(r->name, c->name, sizeof r->name);
}

static void forget_names(sig_room_facts *r)
{
    GHashTableIter i;
    void *value = NULL;
    r->name[0] = '\0';
    g_hash_table_iter_init(&i, r->revoked);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        sig_revoked_facts *v = value;
        v->name[0] = v->language[0] = v->hears[0] = '\0';
        v->fixed = v->signing = false;
    }
}

static void end_room(sig_facts *f, sig_room_facts *r)
{
    if (!r->ended) {
        r->ended = true;
        f->live_rooms--;
        f->live_seats -= g_hash_table_size(r->seats);
        g_hash_table_remove_all(r->seats);
        forget_names(r);
    }
}

static void put_seat(sig_facts *f, sig_room_facts *r, const sig_change *c)
{
    sig_seat_facts *s = g_hash_table_lookup(r->seats, c->seat);
    if (r->ended) {
        return;
    }
    if (!s) {
        s = g_new0(sig_seat_facts, 1);
        g_strlcpy(s->id, c->seat, sizeof s->id);
        g_strlcpy(s->tier, c->tier, sizeof s->tier);
        s->muted = c->muted;
        g_hash_table_insert(r->seats, s->id, s);
        f->live_seats++;
    }
    g_strlcpy(s->name, c->name, sizeof s->name);
    g_strlcpy(s->role, c->role, sizeof s->role);
    s->host = c->host;
    s->fixed = c->fixed;
    s->signing = c->signing;
    g_strlcpy(s->language, c->language, sizeof s->language);
    g_strlcpy(s->hears, c->hears, sizeof s->hears);
    s->expires_ms = MAX(s->expires_ms, c->expires_ms);
}

static void change_seat(sig_room_facts *r, const sig_change *c)
{
    sig_seat_facts *s = g_hash_table_lookup(r->seats, c->seat);
    if (s && c->kind == SIG_SEAT_MUTE) {
        s->muted = c->muted;
    } else if (s) {
        g_strlcpy(s->tier, c->tier, sizeof s->tier);
    }
}

static void mute_room(sig_room_facts *r, const sig_change *c)
{
    GHashTableIter i;
    void *value = NULL;
    g_hash_table_iter_init(&i, r->seats);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        sig_seat_facts *s = value;
        s->muted = s->muted || sig_change_mutes(c, s);
    }
}

static void drop_seat(sig_facts *f, sig_room_facts *r, const sig_change *c)
{
    sig_revoked_facts *v = g_new0(sig_revoked_facts, 1);
    v->generation = c->generation;
    v->at_ms = c->at_ms;
    v->name = g_strdup(c->name);
    g_strlcpy(v->role, c->role, sizeof v->role);
    g_strlcpy(v->language, c->language, sizeof v->language);
    g_strlcpy(v->hears, c->hears, sizeof v->hears);
    v->host = c->host;
    v->fixed = c->fixed;
    v->signing = c->signing;
    g_hash_table_insert(r->revoked, g_strdup(c->seat), v);
    f->live_seats -= g_hash_table_remove(r->seats, c->seat) ? 1 : 0;
}

sig_phone_facts *sig_facts_phone(const sig_facts *f)
{
    return f->phone;
}

static void note_consent(sig_room_facts *r, const sig_change *c)
{
    sig_seat_facts *s = g_hash_table_lookup(r->seats, c->seat);
    if (s) {
        s->answered = true;
        s->agreed = c->given;
        s->consent_ms = c->at_ms;
        g_strlcpy(s->consent_version, c->version, sizeof s->consent_version);
        g_strlcpy(s->consent_method, c->method, sizeof s->consent_method);
    }
}

void sig_facts_apply(sig_facts *f, const sig_change *c)
{
    sig_room_facts *r = find(f, c->room);
    sig_phone_facts_apply(f->phone, c);
    switch (c->kind) {
    case SIG_ROOM_PUT:
        put_room(f, c);
        break;
    case SIG_ROOM_END:
        if (r) {
            end_room(f, r);
        }
        break;
    case SIG_ROOM_LOCK:
        if (r) {
            r->locked = c->locked;
        }
        break;
    case SIG_ROOM_LAYOUT:
        if (r) {
            g_strlcpy(r->layout, c->layout, sizeof r->layout);
        }
        break;
    case SIG_ROOM_MUTE:
        if (r) {
            mute_room(r, c);
        }
        break;
    case SIG_SEAT_PUT:
        if (r) {
            put_seat(f, r, c);
        }
        break;
    case SIG_SEAT_MUTE:
    case SIG_SEAT_TIER:
        if (r) {
            change_seat(r, c);
        }
        break;
    case SIG_SEAT_DROP:
        if (r) {
            drop_seat(f, r, c);
        }
        break;
    case SIG_ROOM_RECORDING:
        if (r) {
            g_strlcpy(r->policy, c->policy, sizeof r->policy);
            g_strlcpy(r->evidence, c->evidence, sizeof r->evidence);
        }
        break;
    case SIG_SEAT_CONSENT:
        if (r) {
            note_consent(r, c);
        }
        break;
    case SIG_RECORDING_PUT:
    case SIG_RECORDING_STATE:
    case SIG_RECORDING_HOLD:
    case SIG_SEGMENT_PUT:
    case SIG_SEGMENT_STORED:
    case SIG_RECORDING_STORED:
        sig_recording_facts_apply(f->recordings, c);
        break;
    case SIG_PIN_PUT:
    case SIG_PIN_DROP:
    case SIG_NUMBER_PUT:
    case SIG_CALL_PUT: /* of sig_phone_facts alone */
    case SIG_CHANGE_NONE:
        break;
    }
}

void sig_facts_expect(sig_facts *f, const char *room, int change)
{
    sig_room_facts *r = room ? find(f, room) : NULL;
    if (r) {
        r->expected += (unsigned)change;
    } else if (!room) {
        f->expected_rooms += (unsigned)change;
    }
}

const sig_room_facts *sig_facts_room(const sig_facts *f, const char *room)
{
    return find(f, room);
}

const sig_seat_facts *sig_facts_seat(const sig_facts *f, const char *room, const char *seat)
{
    const sig_room_facts *r = find(f, room);
    return r ? g_hash_table_lookup(r->seats, seat) : NULL;
}

const sig_recording_facts *sig_facts_recording(const sig_facts *f, const char *id)
{
    return g_hash_table_lookup(f->recordings, id);
}

const sig_recording_facts *sig_facts_recording_of(const sig_facts *f, const char *room)
{
    return sig_recording_facts_active(f->recordings, room);
}

GList *sig_facts_recordings(const sig_facts *f)
{
    return sig_recording_facts_list(f->recordings);
}

static int by_age(const void *a, const void *b)
{
    const sig_room_facts *x = a, *y = b;
    return x->created_ms != y->created_ms ? (x->created_ms < y->created_ms ? -1 : 1) : strcmp(x->id, y->id);
}

GList *sig_facts_rooms(const sig_facts *f)
{
    GList *list = NULL;
    GHashTableIter i;
    void *value = NULL;
    g_hash_table_iter_init(&i, f->rooms);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        if (!((sig_room_facts *)value)->ended) {
            list = g_list_prepend(list, value);
        }
    }
    return g_list_sort(list, by_age);
}

unsigned sig_facts_live_rooms(const sig_facts *f)
{
    return f->live_rooms;
}

unsigned sig_facts_expected_rooms(const sig_facts *f)
{
    return f->expected_rooms;
}

unsigned sig_facts_live_seats(const sig_facts *f)
{
    return f->live_seats;
}

int64_t sig_facts_generation(const sig_facts *f, const char *room, const char *seat)
{
    const sig_room_facts *r = find(f, room);
    const sig_revoked_facts *v = r ? g_hash_table_lookup(r->revoked, seat) : NULL;
    return v ? v->generation : 0;
}

sig_token_status sig_facts_admit(const sig_facts *f, const sig_token *t)
{
    const sig_room_facts *r = find(f, t->room);
    if (!r) {
        return SIG_TOKEN_FOREIGN;
    }
    if (r->ended) {
        return SIG_TOKEN_ENDED;
    }
    bool seated = g_hash_table_contains(r->seats, t->seat);
    return seated && t->generation >= sig_facts_generation(f, t->room, t->seat) ? SIG_TOKEN_OK : SIG_TOKEN_REVOKED;
}

bool sig_change_mutes(const sig_change *c, const sig_seat_facts *s)
{
    return c->kind == SIG_ROOM_MUTE ? !s->host && strcmp(s->role, c->role) != 0
                                    : c->kind == SIG_SEAT_MUTE && c->muted && strcmp(s->id, c->seat) == 0;
}

sig_change sig_change_remove(const sig_facts *f, const char *room, const char *seat)
{
    sig_change c = {.kind = SIG_SEAT_DROP, .at_ms = mcu_wall_ns() / 1000000};
    c.generation = sig_facts_generation(f, room, seat) + 1;
    g_strlcpy(c.room, room, sizeof c.room);
    g_strlcpy(c.seat, seat, sizeof c.seat);
    const sig_seat_facts *s = sig_facts_seat(f, room, seat);
    if (s && s->expires_ms > 0) {
        g_strlcpy(c.name, s->name, sizeof c.name);
        g_strlcpy(c.role, s->role, sizeof c.role);
        g_strlcpy(c.language, s->language, sizeof c.language);
        g_strlcpy(c.hears, s->hears, sizeof c.hears);
        c.host = s->host;
        c.fixed = s->fixed;
        c.signing = s->signing;
    }
    return c;
}

sig_change sig_change_mute_all(const char *room)
{
    sig_change c = {.kind = SIG_ROOM_MUTE};
    g_strlcpy(c.room, room, sizeof c.room);
    g_strlcpy(c.role, sig_role_name(SIG_ROLE_INTERPRETER), sizeof c.role); /* spared: without a voice there is no visit */
    return c;
}
