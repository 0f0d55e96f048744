/* A caller's way in: the number that was called, the PIN, a seat, the room. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/leg.h"
#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/audit.h"
#include "signaling/phone_private.h"
#include "signaling/room.h"
#include "signaling/supervisor.h"

#define MS INT64_C(1000000)
#define PINS_PER_ROOM 200
#define PIN_TEXT 17

void sig_phone_on_incoming(sig_phone *p, const json_t *m, json_int_t id)
{
    const char *call = sig_phone_text(m, "call"), *from = sig_phone_text(m, "from");
    char language[8];
    if (!sig_id_valid(call) || sig_phone_find(p, call) || !sig_id_valid(sig_phone_text(m, "trunk"))) {
        sig_phone_link_refuse(p->link, id, "bad_request");
    } else if (!sig_phone_settings_number(p->settings, sig_phone_text(m, "number"), language)) {
        sig_phone_link_refuse(p->link, id, "unknown_number");
    } else if (p->gateway->closing || p->gateway->draining) {
        sig_phone_link_refuse(p->link, id, mcu_error_name(MCU_ERROR_UNAVAILABLE));
    } else {
        sig_phone_call *c = sig_phone_call_new(p, call);
        c->state = SIG_CALL_PROMPTS;
        g_strlcpy(c->trunk, sig_phone_text(m, "trunk"), sizeof c->trunk);
        g_strlcpy(c->number, sig_is_number(from) ? from : "", sizeof c->number);
        json_t *languages = json_array();
        if (*language) {
            json_array_append_new(languages, json_string(language));
        } else {
            for (const char *const *l = p->settings->languages; *l; l++) {
                json_array_append_new(languages, json_string(*l));
            }
        }
        sig_phone_link_ok(p->link, id, json_pack("{s:o}", "languages", languages));
    }
}

/* ---- PINs ---- */

static void refuse_pin(const sig_phone_call *c, json_int_t id, const char *code)
{
    mcu_counter_add(mcu_counter_get("tessera_phone_pins_refused_total", NULL, "PINs that led nowhere."), 1);
    const sig_audit_entry e = {.actor = c->trunk, .operation = "pin", .target = c->id, .reason = code};
    sig_audit_refused(c->phone->gateway, &e);
    sig_phone_link_refuse(c->phone->link, id, code);
}

/* Numbers can be made up by who calls, so a trunk has a limit of its own. */
static bool too_many(sig_phone *p, const sig_phone_call *c)
{
    int64_t now = mcu_now_ns();
    return sig_rate_take(p->pins_of_number, *c->number ? c->number : c->trunk, now) > 0 ||
           sig_rate_take(p->pins_of_trunk, c->trunk, now) > 0;
}

static const char *why_not(const sig_phone *p, const sig_pin_facts *pin)
{
    const sig_room_facts *r = sig_facts_room(p->gateway->facts, pin->room);
    if (!r || r->ended) {
        return "room_ended";
    }
    if (p->gateway->closing) {
        return mcu_error_name(MCU_ERROR_UNAVAILABLE);
    }
    if (r->locked && !pin->host) {
        return "locked";
    }
    if (*pin->seat) {
        return g_hash_table_contains(r->seats, pin->seat) ? NULL : "wrong";
    }
    return g_hash_table_size(r->seats) + r->expected >= p->gateway->settings->max_seats ? "full" : NULL;
}

/* ---- a seat ---- */

typedef struct {
    sig_gateway *gateway;
    char call[SIG_ID_MAX + 1], room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1];
    bool own;
    sig_phone_seated_fn done;
} seating;

static void on_seated(void *user, bool ok)
{
    seating *s = user;
    sig_phone_call *c = s->gateway->phone ? sig_phone_find(s->gateway->phone, s->call) : NULL;
    if (s->own) {
        sig_facts_expect(s->gateway->facts, s->room, -1);
    }
    if (c) {
        s->done(c, ok);
    } else if (ok && s->own) { /* the caller has hung up meanwhile */
        sig_change change = sig_change_remove(s->gateway->facts, s->room, s->seat);
        sig_commit(s->gateway, &change, 1, NULL, NULL, NULL);
    }
    g_free(s);
}

static void fill_seat(sig_phone_call *c, sig_change *change)
{
    *change = (sig_change){.kind = SIG_SEAT_PUT};
    if (!*c->name) {
        sig_phone_mask(c->number, change->name);
        g_strlcpy(c->name, change->name, sizeof c->name);
    }
    sig_random_id("phone-", c->seat);
    g_strlcpy(change->name, c->name, sizeof change->name);
    g_strlcpy(change->room, c->room, sizeof change->room);
    g_strlcpy(change->seat, c->seat, sizeof change->seat);
    g_strlcpy(change->role, c->role, sizeof change->role);
    g_strlcpy(change->language, c->language, sizeof change->language); /* in which he is spoken to, and hears an interpreter */
    change->host = c->host;
}

static void on_recorded(void *user)
{
    on_seated(user, true);
}

bool sig_phone_take_seat(sig_phone_call *c, sig_phone_seated_fn done)
{
    sig_gateway *g = c->phone->gateway;
    sig_change changes[2];
    unsigned n = 0;
    c->own_seat = !*c->seat;
    if (c->own_seat) {
        fill_seat(c, &changes[n++]);
    }
    if (*c->pin_key) { /* a one-time PIN goes in the same moment */
        changes[n] = (sig_change){.kind = SIG_PIN_DROP};
        g_strlcpy(changes[n++].key, c->pin_key, SIG_KEY_MAX + 1);
    }
    seating *s = g_new0(seating, 1);
    s->gateway = g;
    s->own = c->own_seat;
    s->done = done;
    g_strlcpy(s->call, c->id, sizeof s->call);
    g_strlcpy(s->room, c->room, sizeof s->room);
    g_strlcpy(s->seat, c->seat, sizeof s->seat);
    const sig_audit_entry e = {.room = c->room,
                               .actor = c->outgoing ? c->actor : c->seat,
                               .operation = c->outgoing ? "dial" : "phone_enter",
                               .target = c->outgoing ? c->seat : c->id};
    if (n == 0) {
        sig_audit_first(g, &e, on_recorded, s);
    } else if (!sig_commit(g, changes, n, &e, on_seated, s)) {
        g_free(s);
        return false;
    }
    if (c->own_seat) {
        sig_facts_expect(g->facts, c->room, 1);
    }
    return true;
}

static void on_entered(sig_phone_call *c, bool ok)
{
    json_int_t id = c->waiting_id;
    c->waiting_id = 0;
    if (!ok) {
        sig_phone_call_end(c, mcu_error_name(MCU_ERROR_UNAVAILABLE));
        return;
    }
    sig_phone_link_ok(c->phone->link, id, json_pack("{s:o}", "bound", sig_phone_bound(c)));
}

void sig_phone_on_pin(sig_phone *p, const json_t *m, json_int_t id)
{
    sig_phone_call *c = sig_phone_find(p, sig_phone_text(m, "call"));
    const char *digits = sig_phone_text(m, "pin");
    char key[SIG_KEY_MAX + 1];
    if (!c || c->state != SIG_CALL_PROMPTS) {
        sig_phone_link_refuse(p->link, id, "bad_request");
        return;
    }
    if (too_many(p, c)) {
        refuse_pin(c, id, "blocked");
        return;
    }
    sig_seal_pin(p->seal, digits, key);
    const sig_pin_facts *pin = sig_phone_facts_pin(sig_facts_phone(p->gateway->facts), key, mcu_wall_ns() / MS);
    const char *problem = !pin || g_hash_table_contains(p->claimed, key) ? "wrong" : why_not(p, pin);
    if (problem) {
        refuse_pin(c, id, problem);
        return;
    }
    c->state = SIG_CALL_ENTERING;
    c->waiting_id = id;
    c->host = pin->host;
    g_strlcpy(c->room, pin->room, sizeof c->room);
    g_strlcpy(c->seat, pin->seat, sizeof c->seat);
    g_strlcpy(c->role, pin->role, sizeof c->role);
    g_strlcpy(c->name, pin->name, sizeof c->name);
    const char *language = sig_phone_text(m, "language");
    g_strlcpy(c->language, g_strv_contains(p->settings->languages, language) ? language : "", sizeof c->language);
    if (pin->once) {
        g_strlcpy(c->pin_key, key, sizeof c->pin_key);
        g_hash_table_add(p->claimed, g_strdup(key));
    }
    if (!sig_phone_take_seat(c, on_entered)) {
        c->own_seat = false;
        refuse_pin(c, id, mcu_error_name(MCU_ERROR_UNAVAILABLE));
    }
}

/* ---- the hand-over ---- */

typedef struct {
    sig_gateway *gateway;
    char call[SIG_ID_MAX + 1], room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1];
    json_int_t id;
} handing;

/* It was over before the room had it. */
static void take_back(const handing *h)
{
    sig_room *r = sig_supervisor_room(h->gateway->supervisor, h->room);
    if (r) {
        sig_room_tell(r, json_pack("{s:s, s:s, s:s}", "type", "leave", "seat", h->seat, "session", h->call));
    }
}

static void on_handed(void *user, const json_t *reply, const char *code, const char *message)
{
    handing *h = user;
    (void)message;
    sig_phone *p = h->gateway->phone;
    sig_phone_call *c = p ? sig_phone_find(p, h->call) : NULL;
    sig_room *r = c ? sig_supervisor_room(h->gateway->supervisor, c->room) : NULL;
    if (c && reply && r) {
        c->state = SIG_CALL_IN_ROOM;
        c->leg_there = true;
        c->joined_ms = c->joined_ms ? c->joined_ms : mcu_wall_ns() / MS;
        sig_room_note_leg(r, c->id, c->seat);
        sig_phone_link_ok(p->link, h->id, json_pack("{s:o}", "bound", sig_phone_bound(c)));
        const sig_audit_entry e = {
            .room = c->room, .actor = c->seat, .operation = "phone_join", .target = c->id, .reason = c->clear ? "clear" : "srtp"};
        sig_audit_note(p->gateway, &e);
        sig_phone_tell(c, "joined");
        sig_phone_rescue_joined(c);
        sig_phone_say_mute(c);
        sig_phone_say_recording(c);
        if (c->phone_done) { /* it hung up meanwhile */
            sig_phone_call_end(c, "hung_up");
        }
    } else if (c) {
        sig_phone_link_refuse(p->link, h->id, code ? code : mcu_error_name(MCU_ERROR_UNAVAILABLE));
    } else if (p && reply) {
        take_back(h);
    }
    g_free(h);
}

void sig_phone_on_hand(sig_phone *p, const json_t *m, json_int_t id, const int *fds, unsigned n_fds)
{
    sig_phone_call *c = sig_phone_find(p, sig_phone_text(m, "call"));
    json_t *leg = json_object_get(m, "leg");
    sig_room *r = c && *c->room ? sig_supervisor_room(p->gateway->supervisor, c->room) : NULL;
    if (!r || n_fds == 0 || !leg) {
        sig_phone_link_refuse(p->link, id, r ? "bad_request" : "room_ended");
    } else {
        handing *h = g_new0(handing, 1);
        h->gateway = p->gateway;
        h->id = id;
        g_strlcpy(h->call, c->id, sizeof h->call);
        g_strlcpy(h->room, c->room, sizeof h->room);
        g_strlcpy(h->seat, c->seat, sizeof h->seat);
        c->clear = json_is_null(json_object_get(leg, "srtp"));
        c->answered_ms = c->answered_ms ? c->answered_ms : mcu_wall_ns() / MS;
        c->state = SIG_CALL_HANDING;
        sig_phone_keep_dialog(c, json_object_get(m, "dialog"));
        sig_phone_take_place(c);
        json_t *told = json_pack("{s:s, s:s, s:s, s:b, s:b, s:o}", "type", "leg", "seat", c->seat, "session", c->id, "audio",
                                 !c->quiet, "hand", c->hand, "leg", json_deep_copy(leg));
        if (!sig_room_call_fds(r, told, fds, n_fds, true, on_handed, h)) {
            g_free(h);
            sig_phone_link_refuse(p->link, id, mcu_error_name(MCU_ERROR_UNAVAILABLE));
        }
    }
    mcu_leg_json_wipe(leg);
}

/* ---- new PINs ---- */

bool sig_phone_new_pin(sig_phone *p, sig_change *change, char pin[PIN_TEXT])
{
    const sig_phone_facts *f = sig_facts_phone(p->gateway->facts);
    unsigned digits = p->settings->pin_digits;
    if (sig_phone_facts_pins(f, change->room) >= PINS_PER_ROOM) {
        return false;
    }
    do { /* also one that is no longer good is not given again while it is known */
        for (unsigned i = 0; i < digits; i++) {
            uint32_t r = 0;
            do { /* no digit is likelier than another */
                r = mcu_random32();
            } while (r >= UINT32_MAX - UINT32_MAX % 10);
            pin[i] = (char)('0' + r % 10);
        }
        pin[digits] = '\0';
        sig_seal_pin(p->seal, pin, change->key);
    } while (sig_phone_facts_pin(f, change->key, INT64_MIN));
    change->kind = SIG_PIN_PUT;
    return true;
}

json_t *sig_phone_numbers(const sig_phone *p)
{
    json_t *list = json_array();
    for (const char *const *n = p->settings->numbers; *n; n++) {
        json_array_append_new(list, json_stringn(*n, strcspn(*n, ":")));
    }
    return list;
}
