/* The gateway's telephone part: its link to tessera-phone and what comes over it. */
#include <string.h>

#include "mcu/base/leg.h"
#include "mcu/base/log.h"
#include "signaling/phone_private.h"
#include "signaling/supervisor.h"

#define RATE_KEYS 4096
#define TRUNK_TIMES 20 /* all callers of a trunk together, as many as this many of them */
#define CALLS_MAX 10000

/* ---- what tessera-phone says ---- */

static void on_leg_update(sig_phone *p, const json_t *m)
{
    sig_phone_call *c = sig_phone_find(p, sig_phone_text(m, "call"));
    sig_room *r =
        c && (c->leg_there || c->state == SIG_CALL_HANDING) ? sig_phone_call_room(c) : NULL; /* then it follows the leg */
    if (r) {
        sig_room_tell(r, json_pack("{s:s, s:s, s:s, s:o}", "type", "leg_update", "seat", c->seat, "session", c->id, "leg",
                                   json_deep_copy(json_object_get(m, "leg"))));
    }
    mcu_leg_json_wipe(json_object_get(m, "leg"));
}

static void on_key(sig_phone *p, const json_t *m)
{
    sig_phone_call *c = sig_phone_find(p, sig_phone_text(m, "call"));
    sig_room *r = c && c->leg_there ? sig_phone_call_room(c) : NULL;
    if (r) {
        sig_room_tell(r, json_pack("{s:s, s:s, s:s, s:s}", "type", "key", "seat", c->seat, "session", c->id, "key",
                                   sig_phone_text(m, "key")));
    }
}

static void on_keyframe(sig_phone *p, const json_t *m)
{
    sig_phone_call *c = sig_phone_find(p, sig_phone_text(m, "call"));
    sig_room *r = c && c->leg_there ? sig_phone_call_room(c) : NULL;
    if (r) {
        sig_room_tell(r, json_pack("{s:s, s:s, s:s}", "type", "keyframe", "seat", c->seat, "session", c->id));
    }
}

static void on_trunk(sig_phone *p, const json_t *m)
{
    const char *name = sig_phone_text(m, "trunk");
    bool up = json_is_true(json_object_get(m, "up"));
    if (sig_id_valid(name)) {
        mcu_info("phone.trunk", "trunk=%s up=%d", name, up);
        g_hash_table_insert(p->trunks, g_strdup(name), GINT_TO_POINTER(up));
    }
}

/* A call that an earlier gateway knew: it comes back with what that one bound it to. */
static void on_known(sig_phone *p, const json_t *m)
{
    const char *id = sig_phone_text(m, "call"), *state = sig_phone_text(m, "state");
    const json_t *b = json_object_get(m, "bound");
    sig_phone_call *c = sig_phone_find(p, id);
    if (c || !sig_id_valid(id) || g_hash_table_size(p->calls) >= CALLS_MAX) {
        if (c) {
            c->phone_done = false; /* the same tessera-phone is back */
            sig_phone_keep_dialog(c, json_object_get(m, "dialog"));
        }
        return;
    }
    c = sig_phone_call_new(p, id);
    c->outgoing = json_is_true(json_object_get(m, "outgoing"));
    c->own_seat = json_is_true(json_object_get(b, "own"));
    g_strlcpy(c->trunk, sig_phone_text(m, "trunk"), sizeof c->trunk);
    g_strlcpy(c->room, sig_phone_text(b, "room"), sizeof c->room);
    g_strlcpy(c->seat, sig_phone_text(b, "seat"), sizeof c->seat);
    g_strlcpy(c->actor, sig_phone_text(b, "actor"), sizeof c->actor);
    g_strlcpy(c->language, sig_phone_text(b, "language"), sizeof c->language);
    c->began_ms = json_integer_value(json_object_get(b, "began"));
    c->answered_ms = json_integer_value(json_object_get(b, "answered"));
    c->joined_ms = json_integer_value(json_object_get(b, "joined"));
    sig_seal_open(p->seal, sig_phone_text(b, "number"), c->number);
    sig_phone_keep_dialog(c, json_object_get(m, "dialog"));
    c->state = strcmp(state, "in_room") == 0 ? SIG_CALL_IN_ROOM : c->outgoing ? SIG_CALL_ANSWERED : SIG_CALL_PROMPTS;
    c->leg_there = c->state == SIG_CALL_IN_ROOM;
    sig_room *r = sig_phone_call_room(c);
    if (!r && (*c->room || c->leg_there)) {
        sig_phone_call_end(c, "room_ended");
    } else if (c->leg_there) {
        sig_room_note_leg(r, c->id, c->seat);
    }
}

static void on_ended(sig_phone *p, const json_t *m)
{
    sig_phone_call *c = sig_phone_find(p, sig_phone_text(m, "call"));
    if (c) {
        sig_phone_call_hung_up(c, sig_phone_text(m, "reason"), (int)json_integer_value(json_object_get(m, "status")));
    }
}

static void on_message(void *user, const char *type, const json_t *m, json_int_t id, const int *fds, unsigned n_fds)
{
    static const struct {
        const char *type;
        void (*take)(sig_phone *p, const json_t *m);
        void (*answer)(sig_phone *p, const json_t *m, json_int_t id);
    } table[] = {{"incoming", NULL, sig_phone_on_incoming},
                 {"pin", NULL, sig_phone_on_pin},
                 {"refer", NULL, sig_phone_on_refer},
                 {"transfer", sig_phone_on_transfer, NULL},
                 {"leg_update", on_leg_update, NULL},
                 {"key", on_key, NULL},
                 {"keyframe", on_keyframe, NULL},
                 {"state", sig_phone_on_progress, NULL},
                 {"ended", on_ended, NULL},
                 {"call", on_known, NULL},
                 {"trunk", on_trunk, NULL}};
    sig_phone *p = user;
    if (strcmp(type, "leg") == 0 && id > 0) {
        sig_phone_on_hand(p, m, id, fds, n_fds);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(type, table[i].type) != 0) {
            continue;
        }
        if (table[i].take) {
            table[i].take(p, m);
        } else if (id > 0) {
            table[i].answer(p, m, id);
        }
        return;
    }
    if (id > 0) {
        sig_phone_link_refuse(p->link, id, "bad_request");
    }
}

/* Calls that are in a room go on there: their end comes from it. */
static void on_lost(void *user)
{
    sig_phone *p = user;
    g_autoptr(GList) all = g_hash_table_get_values(p->calls);
    g_hash_table_remove_all(p->trunks);
    for (GList *i = all; i; i = i->next) {
        sig_phone_call_lost(i->data);
    }
}

/* A tessera-phone that is new does not know the calls that are in rooms: it takes up their dialogs. One that was there all the
 * time knows them, and says so next. */
static void on_hello(void *user)
{
    sig_phone *p = user;
    g_autoptr(GList) all = g_hash_table_get_values(p->calls);
    for (GList *i = all; i; i = i->next) {
        sig_phone_call *c = i->data;
        json_t *bound = c->phone_done && c->leg_there ? sig_phone_bound(c) : NULL;
        if (bound && sig_phone_link_send(p->link, json_pack("{s:s, s:s, s:o, s:O?}", "type", "adopt", "call", c->id, "bound",
                                                            bound, "dialog", c->dialog))) {
            c->phone_done = c->told = false;
        }
    }
}

/* ---- start ---- */

/* Beside the program: in a build tree, or as installed. */
static char *find_prompts(const char *configured)
{
    if (*configured) {
        return g_strdup(configured);
    }
    g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *bin = program ? g_path_get_dirname(program) : g_strdup(".");
    g_autofree char *top = g_path_get_dirname(bin);
    char *built = g_build_filename(top, "prompts", NULL);
    if (g_file_test(built, G_FILE_TEST_IS_DIR)) {
        return built;
    }
    g_free(built);
    return g_build_filename(top, "share", "tessera", "prompts", NULL);
}

sig_phone *sig_phone_new(sig_gateway *g, GError **error)
{
    static const sig_phone_link_events events = {on_hello, on_message, on_lost};
    const sig_phone_settings *s = &g->settings->phone;
    if (!s->config) {
        return NULL;
    }
    sig_phone *p = g_new0(sig_phone, 1);
    p->gateway = g;
    p->settings = s;
    p->calls = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, sig_phone_call_free);
    p->trunks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    p->rescues = sig_phone_rescues_new();
    p->claimed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    p->pins_of_number = sig_rate_new(s->pins_per_minute, RATE_KEYS);
    p->pins_of_trunk = sig_rate_new(TRUNK_TIMES * s->pins_per_minute, RATE_KEYS);
    p->limits = sig_dial_limits_new(s->dial_per_room, s->dial_per_second, s->dial_per_day);
    p->prompts = find_prompts(sig_phone_text(s->config, "prompts"));
    g_autoptr(GError) problem = NULL;
    json_object_set_new(s->config, "prompts", json_string(p->prompts));
    p->seal = sig_seal_new(g->data, &problem);
    p->link = p->seal ? sig_phone_link_new(g->base, g->rooms_dir_fd, g->generation, s->config, &events, p, &problem) : NULL;
    if (!p->link) {
        g_propagate_error(error, g_steal_pointer(&problem));
        sig_phone_free(p);
        return NULL;
    }
    return p;
}

void sig_phone_free(sig_phone *p)
{
    if (p) {
        sig_phone_link_free(p->link);
        g_hash_table_destroy(p->calls);
        g_hash_table_destroy(p->trunks);
        g_hash_table_destroy(p->claimed);
        g_hash_table_destroy(p->rescues);
        sig_rate_free(p->pins_of_number);
        sig_rate_free(p->pins_of_trunk);
        sig_dial_limits_free(p->limits);
        sig_seal_free(p->seal);
        g_free(p->prompts);
        g_free(p);
    }
}

bool sig_phone_up(const sig_phone *p)
{
    return p && sig_phone_link_up(p->link);
}

unsigned sig_phone_count(const sig_phone *p)
{
    return p ? g_hash_table_size(p->calls) : 0;
}

unsigned sig_phone_trunks_up(const sig_phone *p)
{
    GHashTableIter i;
    void *up = NULL;
    unsigned n = 0;
    if (p) {
        g_hash_table_iter_init(&i, p->trunks);
        while (g_hash_table_iter_next(&i, NULL, &up)) {
            n += up != NULL;
        }
    }
    return n;
}
