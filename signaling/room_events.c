/* What a room process says, handed on to the people it concerns; and who those people are. */
#include <string.h>

#include "signaling/phone_calls.h"
#include "signaling/room_private.h"
#include "signaling/session.h"

#define CHECKS_MAX 4

static const char *text(const json_t *m, const char *member)
{
    const char *v = json_string_value(json_object_get(m, member));
    return v ? v : "";
}

/* ---- clients ---- */

void sig_room_attach(sig_room *r, const char *seat, sig_session *s)
{
    sig_session *former = g_hash_table_lookup(r->clients, seat), *waits = g_hash_table_lookup(r->waiting, seat);
    g_hash_table_insert(r->clients, g_strdup(seat), s);
    if (former && former != s) {
        sig_session_replaced(former);
    }
    if (waits && waits != s) {
        sig_session_replaced(waits);
    }
    sig_recording_people_changed(r->recording);
}

void sig_room_detach(sig_room *r, const char *seat, const sig_session *s)
{
    if (g_hash_table_lookup(r->clients, seat) == s) {
        g_hash_table_remove(r->clients, seat);
        sig_recording_people_changed(r->recording);
    }
}

sig_session *sig_room_client(const sig_room *r, const char *seat)
{
    return g_hash_table_lookup(r->clients, seat);
}

void sig_room_muted(sig_room *r, const sig_change *change)
{
    GHashTableIter i;
    void *seat = NULL, *client = NULL;
    g_hash_table_iter_init(&i, r->clients);
    while (g_hash_table_iter_next(&i, &seat, &client)) {
        const sig_seat_facts *f = sig_facts_seat(r->gateway->facts, r->id, seat);
        if (f && sig_change_mutes(change, f)) {
            sig_session_withdraw_ask(client);
        }
    }
}

unsigned sig_room_client_count(const sig_room *r)
{
    return g_hash_table_size(r->clients);
}

json_t *sig_room_roster(const sig_room *r)
{
    return r->roster;
}

void sig_room_greet(sig_room *r, sig_session *s)
{
    if (r->roster) {
        sig_session_roster(s, r->roster, SIG_ROSTER_LASTING);
    }
    if (sig_session_is_host(s)) {
        sig_room_show_knocks(r, s);
        sig_room_show_layouts(r, s);
    }
    if (strcmp(sig_facts_room(r->gateway->facts, r->id)->policy, SIG_POLICY_NOBODY) != 0) {
        sig_session_send(s, sig_recording_message(r->recording, sig_session_seat(s)));
    }
    sig_phone_greet(r->gateway->phone, r->id, s);
}

/* A tier may have several pictures: everybody's, some roles', the one while a screen is shown. */
static void canvas_of(const json_t *m, char canvas[SIG_CANVAS_MAX + 1])
{
    const char *view = text(m, "view");
    g_snprintf(canvas, SIG_CANVAS_MAX + 1, "%s%s%s", text(m, "tier"), *view ? " " : "", view);
}

void sig_room_send_layout(sig_room *r, sig_session *s, const char *canvas)
{
    json_t *layout = g_hash_table_lookup(r->layouts, canvas);
    if (layout) {
        sig_session_send(s, json_incref(layout));
    }
}

/* ---- live sessions ---- */

sig_live *sig_room_live(const sig_room *r, const char *seat)
{
    return g_hash_table_lookup(r->live, seat);
}

sig_live *sig_room_note_session(sig_room *r, const char *seat, const char *session, const char *kind)
{
    sig_live *l = g_hash_table_lookup(r->live, seat);
    if (!l || strcmp(l->session, session) != 0) {
        l = g_new0(sig_live, 1);
        g_strlcpy(l->session, session, sizeof l->session);
        g_hash_table_insert(r->live, g_strdup(seat), l);
        sig_recording_people_changed(r->recording);
    }
    g_strlcpy(l->kind, kind, sizeof l->kind);
    return l;
}

void sig_room_forget_session(sig_room *r, const char *seat, const char *session)
{
    sig_live *l = g_hash_table_lookup(r->live, seat);
    if (l && strcmp(l->session, session) == 0) {
        g_hash_table_remove(r->live, seat);
        sig_recording_people_changed(r->recording);
    }
}

/* ---- checks ---- */

static sig_session *check_of(const sig_room *r, const char *seat)
{
    GHashTableIter i;
    void *s = NULL;
    g_hash_table_iter_init(&i, r->checks);
    while (g_hash_table_iter_next(&i, NULL, &s)) {
        if (strcmp(sig_session_seat(s), seat) == 0) {
            return s;
        }
    }
    return NULL;
}

bool sig_room_check_begin(sig_room *r, sig_session *s)
{
    sig_session *former = check_of(r, sig_session_seat(s));
    if (former) {
        sig_session_end(former, "check_over");
    }
    if (g_hash_table_size(r->checks) >= CHECKS_MAX) {
        return false;
    }
    g_hash_table_insert(r->checks, g_strdup(sig_session_id(s)), s);
    return true;
}

void sig_room_check_end(sig_room *r, const sig_session *s)
{
    if (r->state == SIG_ROOM_OPEN) { /* before that the process has not heard of it */
        sig_room_tell(r,
                      json_pack("{s:s, s:s, s:s}", "type", "leave", "seat", sig_session_seat(s), "session", sig_session_id(s)));
    }
    g_hash_table_remove(r->checks, sig_session_id(s));
}

/* ---- messages ---- */

static sig_session *client_of(sig_room *r, const json_t *m)
{
    if (g_str_has_prefix(text(m, "session"), SIG_CHECK_PREFIX)) {
        return g_hash_table_lookup(r->checks, text(m, "session"));
    }
    sig_session *s = g_hash_table_lookup(r->clients, text(m, "seat"));
    return s && strcmp(sig_session_id(s), text(m, "session")) == 0 ? s : NULL;
}

static void on_candidate(sig_room *r, const json_t *m)
{
    sig_session *s = client_of(r, m);
    if (s) {
        sig_session_send(
            s, json_pack("{s:s, s:s, s:s}", "type", "candidate", "candidate", text(m, "candidate"), "mid", text(m, "mid")));
    }
}

static void on_check(sig_session *client, const char *state, const char *why)
{
    if (client && strcmp(state, "gone") == 0) {
        sig_session_media_gone(client, false, why);
    }
}

static void on_session(sig_room *r, const json_t *m)
{
    const char *state = text(m, "state");
    sig_session *client = client_of(r, m);
    sig_live *l = g_hash_table_lookup(r->live, text(m, "seat"));
    bool known = l && strcmp(l->session, text(m, "session")) == 0;
    if (g_str_has_prefix(text(m, "session"), SIG_CHECK_PREFIX)) {
        on_check(client, state, text(m, "why"));
        return;
    }
    if (strcmp(state, "gone") != 0) {
        if (!known && sig_id_valid(text(m, "session")) && sig_facts_seat(r->gateway->facts, r->id, text(m, "seat"))) {
            l = sig_room_note_session(r, text(m, "seat"), text(m, "session"), client ? "ws" : "whip");
        }
        if (l && strcmp(state, "up") == 0) {
            l->up = true;
        }
        return;
    }
    bool was_up = known && l->up;
    sig_room_forget_session(r, text(m, "seat"), text(m, "session"));
    if (client && known) {
        sig_session_media_gone(client, was_up, text(m, "why"));
    }
}

/* The members that clients are to see, under the same names; the JSON values are shared. */
static json_t *pick(const json_t *m, const char *const *members)
{
    json_t *out = json_object();
    for (const char *const *k = members; *k; k++) {
        json_t *v = json_object_get(m, *k);
        if (v) {
            json_object_set(out, *k, v);
        }
    }
    return out;
}

static void keep_sounds(sig_room *r)
{
    const json_t *p = NULL;
    size_t i = 0;
    json_decref(r->sounds);
    r->sounds = json_object();
    json_array_foreach(json_object_get(r->roster, "participants"), i, p)
    {
        json_t *sound = json_object_get(p, "sound");
        if (sound) {
            json_object_set(r->sounds, text(p, "seat"), sound);
        }
    }
}

static void on_roster(sig_room *r, const json_t *m)
{
    static const char *const members[] = {"type", "revision", "participants", NULL};
    json_t *before = r->roster;
    r->roster = pick(m, members);
    keep_sounds(r);
    sig_phone_roster(r->gateway->phone, r->id, before, r->roster);
    sig_roster_kind kind = sig_roster_compare(before, r->roster, NULL);
    json_decref(before);
    GHashTableIter i;
    void *client = NULL;
    g_hash_table_iter_init(&i, r->clients);
    while (g_hash_table_iter_next(&i, NULL, &client)) {
        sig_session_roster(client, r->roster, kind);
    }
    const json_t *p = NULL;
    size_t n = 0;
    json_array_foreach(json_object_get(m, "participants"), n, p)
    {
        sig_session *s = g_hash_table_lookup(r->clients, text(p, "seat"));
        if (s) {
            char canvas[SIG_CANVAS_MAX + 1];
            canvas_of(p, canvas);
            sig_session_set_canvas(s, canvas);
        }
    }
}

static void on_layout(sig_room *r, const json_t *m)
{
    static const char *const members[] = {"type", "tier", "width", "height", "tiles", NULL};
    char canvas[SIG_CANVAS_MAX + 1];
    canvas_of(m, canvas);
    if (g_hash_table_size(r->layouts) >= SIG_MAX_CANVASES && !g_hash_table_contains(r->layouts, canvas)) {
        return;
    }
    json_t *layout = pick(m, members);
    g_hash_table_insert(r->layouts, g_strdup(canvas), layout);
    GHashTableIter i;
    void *client = NULL;
    g_hash_table_iter_init(&i, r->clients);
    while (g_hash_table_iter_next(&i, NULL, &client)) {
        if (strcmp(sig_session_canvas(client), canvas) == 0) {
            sig_session_send(client, json_incref(layout));
        }
    }
}

static void on_quality(sig_room *r, const json_t *m)
{
    static const char *const members[] = {"type", "quality", "tier", "ease", "loss", "rtt", "hold", NULL};
    sig_session *s = g_hash_table_lookup(r->clients, text(m, "seat"));
    if (s) {
        char canvas[SIG_CANVAS_MAX + 1];
        canvas_of(m, canvas);
        sig_session_set_canvas(s, canvas);
        sig_session_send(s, pick(m, members));
    }
}

static void on_larger(sig_room *r, const json_t *m)
{
    static const char *const members[] = {"type", "what", "ms", NULL};
    sig_session *s = g_hash_table_lookup(r->clients, text(m, "seat"));
    if (s) {
        sig_session_send(s, pick(m, members));
    }
}

static void on_limits(sig_room *r, const json_t *m)
{
    static const char *const members[] = {"type", "lines", "fps", "bps", NULL};
    sig_session *s = client_of(r, m);
    if (s) {
        sig_session_send(s, pick(m, members));
    }
}

static void on_recording(sig_room *r, const json_t *m)
{
    sig_recording_on_event(r->recording, m);
}

static void on_leg(sig_room *r, const json_t *m)
{
    if (strcmp(text(m, "state"), "gone") == 0) {
        sig_room_forget_leg(r, text(m, "session"));
    }
    sig_phone_on_leg(r->gateway->phone, r->id, m);
}

static void on_keypad(sig_room *r, const json_t *m)
{
    sig_phone_on_keypad(r->gateway->phone, r->id, m);
}

static void on_keyframe(sig_room *r, const json_t *m)
{
    sig_phone_on_keyframe(r->gateway->phone, r->id, m);
}

static void on_sound(sig_room *r, const json_t *m)
{
    sig_phone_on_sound(r->gateway->phone, r->id, m);
}

void sig_room_on_message(sig_room *r, const char *type, const json_t *m)
{
    static const struct {
        const char *type;
        void (*take)(sig_room *r, const json_t *m);
    } table[] = {{"candidate", on_candidate}, {"session", on_session}, {"roster", on_roster}, {"layout", on_layout},
                 {"quality", on_quality},     {"leg", on_leg},         {"keypad", on_keypad}, {"recording", on_recording},
                 {"keyframe", on_keyframe},   {"sound", on_sound},     {"larger", on_larger}, {"limits", on_limits}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(type, table[i].type) == 0) {
            table[i].take(r, m);
            return;
        }
    }
}

void sig_room_on_inspection(sig_room *r, const json_t *m)
{
    const json_t *p = NULL;
    size_t n = 0;
    json_array_foreach(json_object_get(m, "participants"), n, p)
    {
        const char *state = text(p, "state");
        if (!sig_facts_seat(r->gateway->facts, r->id, text(p, "seat")) || !sig_id_valid(text(p, "session")) ||
            strcmp(state, "gone") == 0 || strcmp(text(p, "kind"), "phone") == 0) { /* tessera-phone says which calls there are */
            continue;
        }
        sig_live *l = sig_room_note_session(r, text(p, "seat"), text(p, "session"), text(p, "kind"));
        l->up = strcmp(state, "up") == 0 || strcmp(state, "stalled") == 0;
    }
}
