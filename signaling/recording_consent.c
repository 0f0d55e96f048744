/* Who has to agree to a recording, who has, and what each person is told. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/status.h"
#include "signaling/audit.h"
#include "signaling/permissions.h"
#include "signaling/phone_calls.h"
#include "signaling/recording_private.h"
#include "signaling/session.h"
#include "signaling/supervisor.h"

static bool has_agreed(const sig_recording *c, const char *seat)
{
    const sig_seat_facts *s = sig_facts_seat(c->room->gateway->facts, c->room->id, seat);
    return s && s->agreed && !g_hash_table_contains(c->refusing, seat);
}

static void add_missing(const sig_recording *c, GList *take_seats, GPtrArray *missing)
{
    for (const GList *i = take_seats; i; i = i->next) {
        if (!has_agreed(c, i->data) && !g_ptr_array_find_with_equal_func(missing, i->data, g_str_equal, NULL)) {
            g_ptr_array_add(missing, g_strdup(i->data));
        }
    }
    g_list_free(take_seats);
}

GPtrArray *sig_recording_missing(const sig_recording *c)
{
    GPtrArray *missing = g_ptr_array_new_with_free_func(g_free);
    if (strcmp(c->policy, SIG_POLICY_EVERYONE) == 0) {
        add_missing(c, g_hash_table_get_keys(c->room->clients), missing);
        add_missing(c, g_hash_table_get_keys(c->room->live), missing);
        add_missing(c, g_hash_table_get_values(c->room->legs), missing); /* on the telephone */
        add_missing(c, g_hash_table_get_keys(c->coming), missing);
    }
    return missing;
}

/* ---- telling ---- */

static const char *answer_of(const sig_recording *c, const char *seat)
{
    const sig_seat_facts *s = sig_facts_seat(c->room->gateway->facts, c->room->id, seat);
    if (!s || (!s->answered && !g_hash_table_contains(c->refusing, seat))) {
        return "none";
    }
    return has_agreed(c, seat) ? "agreed" : "refused";
}

json_t *sig_recording_message(const sig_recording *c, const char *seat)
{
    const sig_room_facts *f = sig_facts_room(c->room->gateway->facts, c->room->id);
    const sig_seat_facts *s = sig_facts_seat(c->room->gateway->facts, c->room->id, seat);
    json_t *m = json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "recording", "state", sig_recording_state(c), "policy",
                          c->turn == SIG_RECORDING_OFF && f ? f->policy : c->policy, "consent", answer_of(c, seat), "version",
                          SIG_CONSENT_VERSION);
    if (s && s->host && c->turn != SIG_RECORDING_OFF) {
        g_autoptr(GPtrArray) missing = sig_recording_missing(c);
        json_t *list = json_array(), *refused = json_array();
        for (guint i = 0; i < missing->len; i++) {
            const char *one = g_ptr_array_index(missing, i);
            json_array_append_new(list, json_string(one));
            if (strcmp(answer_of(c, one), "refused") == 0) {
                json_array_append_new(refused, json_string(one));
            }
        }
        json_object_set_new(m, "missing", list);
        json_object_set_new(m, "refused", refused);
    }
    if (s && (s->host || sig_role_of(s->role) == SIG_ROLE_COMPLIANCE) && c->turn == SIG_RECORDING_OFF && *c->failed) {
        json_object_set_new(m, "failed", json_string(c->failed));
    }
    return m;
}

void sig_recording_show(const sig_recording *c)
{
    GHashTableIter i;
    void *seat = NULL, *client = NULL;
    g_hash_table_iter_init(&i, c->room->clients);
    while (g_hash_table_iter_next(&i, &seat, &client)) {
        sig_session_send(client, sig_recording_message(c, seat));
    }
    sig_phone_recording(c->room->gateway->phone, c->room->id);
}

/* ---- hearing ---- */

typedef struct {
    sig_gateway *gateway;
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1];
    unsigned number;
    sig_recording_fn fn;
    void *user;
} answer;

/* The facts hold it by now; a no that could not be written stays in force here. */
static void on_written(void *user, bool ok)
{
    answer *a = user;
    sig_room *room = sig_supervisor_room(a->gateway->supervisor, a->room);
    if (room && ok) {
        GHashTable *refusing = room->recording->refusing;
        if (GPOINTER_TO_UINT(g_hash_table_lookup(refusing, a->seat)) <= a->number) { /* not one that was said since */
            g_hash_table_remove(refusing, a->seat);
        }
        sig_recording_people_changed(room->recording);
    }
    a->fn(a->user, ok ? NULL : mcu_error_name(MCU_ERROR_UNAVAILABLE), "It could not be written down.");
    g_free(a);
}

void sig_recording_consent(sig_recording *c, const char *seat, bool agrees, const char *method, const char *actor,
                           sig_recording_fn fn, void *user)
{
    sig_gateway *g = c->room->gateway;
    sig_change change = {
        .kind = SIG_SEAT_CONSENT, .given = agrees, .version = SIG_CONSENT_VERSION, .at_ms = mcu_wall_ns() / 1000000};
    g_strlcpy(change.room, c->room->id, sizeof change.room);
    g_strlcpy(change.seat, seat, sizeof change.seat);
    g_strlcpy(change.method, method, sizeof change.method);
    answer *a = g_new0(answer, 1);
    *a = (answer){.gateway = g, .number = ++c->answers, .fn = fn, .user = user};
    g_strlcpy(a->room, c->room->id, sizeof a->room);
    g_strlcpy(a->seat, seat, sizeof a->seat);
    if (!agrees) {
        g_hash_table_replace(c->refusing, g_strdup(seat), GUINT_TO_POINTER(a->number));
        sig_recording_people_changed(c);
    }
    json_t *more = json_pack("{s:s, s:s}", "version", SIG_CONSENT_VERSION, "method", method);
    const sig_audit_entry e = {.event = "consent",
                               .room = change.room,
                               .actor = actor,
                               .operation = agrees ? "agree" : "refuse",
                               .target = seat,
                               .more = more};
    if (!sig_commit(g, &change, 1, &e, on_written, a)) {
        on_written(a, false);
    }
    json_decref(more);
}
