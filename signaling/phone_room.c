/* What goes on between telephone calls and the room they are in: keys, mutes, consent, news of the others. */
#include <string.h>

#include "signaling/permissions.h"
#include "signaling/phone_private.h"
#include "signaling/recording.h"
#include "signaling/supervisor.h"
#include "signaling/unmute.h"

static sig_phone_call *call_of_room(const sig_phone *p, const char *room, const json_t *m)
{
    sig_phone_call *c = p ? sig_phone_find(p, sig_phone_text(m, "session")) : NULL;
    return c && strcmp(c->room, room) == 0 ? c : NULL;
}

void sig_phone_on_leg(sig_phone *p, const char *room, const json_t *m)
{
    sig_phone_call *c = call_of_room(p, room, m);
    if (!c || strcmp(sig_phone_text(m, "state"), "gone") != 0) {
        return;
    }
    json_decref(c->figures);
    c->figures = json_incref(json_object_get(m, "call"));
    c->leg_there = false;
    if (c->phone_done) {
        sig_phone_call_check_over(c);
    } else {
        sig_phone_call_end(c, sig_phone_text(m, "why"));
    }
}

void sig_phone_room_again(sig_phone *p, const char *room)
{
    GHashTableIter i;
    void *value = NULL;
    if (!p) {
        return;
    }
    g_hash_table_iter_init(&i, p->calls);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        sig_phone_call *c = value;
        if (c->state == SIG_CALL_IN_ROOM && strcmp(c->room, room) == 0) {
            c->leg_there = false;
            sig_phone_link_send(p->link, json_pack("{s:s, s:s}", "type", "again", "call", c->id));
        }
    }
}

void sig_phone_on_keyframe(sig_phone *p, const char *room, const json_t *m)
{
    sig_phone_call *c = call_of_room(p, room, m);
    if (c && !c->phone_done) {
        sig_phone_link_send(p->link, json_pack("{s:s, s:s}", "type", "keyframe", "call", c->id));
    }
}

/* ---- mutes ---- */

static const sig_seat_facts *seat_of(const sig_phone_call *c)
{
    return sig_facts_seat(c->phone->gateway->facts, c->room, c->seat);
}

void sig_phone_say_mute(const sig_phone_call *c)
{
    const sig_seat_facts *s = seat_of(c);
    if (s && !sig_may(SIG_MAY_AUDIO, sig_role_of(s->role), s->host)) {
        sig_phone_say(c, "listening", false);
    } else if (s && s->muted) {
        sig_phone_say(c, "host-muted", false);
    }
}

static void on_mute_key(sig_phone_call *c, bool muted)
{
    switch (sig_unmute_self(c->phone->gateway, c->room, c->seat)) {
    case SIG_UNMUTE_NOT_MUTED:
        c->quiet = muted;
        sig_phone_say(c, muted ? "muted" : "unmuted", true);
        break;
    case SIG_UNMUTE_DONE: /* what is said comes when it is true; the key may have come before the host's mute and mean one's own
                           */
        (void)sig_phone_switch_audio(c->phone, c->room, c->seat, true);
        break;
    case SIG_UNMUTE_LISTENS:
        sig_phone_say(c, "listening", true);
        break;
    case SIG_UNMUTE_FAILED:
    case SIG_UNMUTE_NONE:
        sig_phone_say(c, "not-done", true);
        break;
    }
}

bool sig_phone_holds(const sig_phone *p, const char *room, const char *seat)
{
    const sig_phone_call *c = p ? sig_phone_call_of_seat(p, room, seat) : NULL;
    return c && c->leg_there;
}

bool sig_phone_ask_to_speak(sig_phone *p, const char *room, const char *seat)
{
    if (!sig_phone_holds(p, room, seat)) {
        return false;
    }
    sig_phone_say(sig_phone_call_of_seat(p, room, seat), "host-asks", false);
    return true;
}

static void mute_changed(sig_phone *p, const sig_change *change)
{
    GHashTableIter i;
    void *value = NULL;
    g_hash_table_iter_init(&i, p->calls);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        const sig_phone_call *c = value;
        const sig_seat_facts *s = strcmp(c->room, change->room) == 0 ? seat_of(c) : NULL;
        if (s && sig_change_mutes(change, s)) {
            sig_phone_say(c, "host-muted", false);
        } else if (s && change->kind == SIG_SEAT_MUTE && !change->muted && strcmp(c->seat, change->seat) == 0) {
            if (change->asks) {
                sig_phone_say(c, "host-asks", false);
            } else if (!c->quiet) {
                sig_phone_say(c, "unmuted", true);
            }
        }
    }
}

/* ---- consent ---- */

typedef struct {
    sig_gateway *gateway;
    char call[SIG_ID_MAX + 1];
    bool agrees;
} consenting;

static void on_consented(void *user, const char *code, const char *message)
{
    consenting *k = user;
    (void)message;
    sig_phone_call *c = k->gateway->phone ? sig_phone_find(k->gateway->phone, k->call) : NULL;
    if (c) {
        sig_phone_say(c, code ? "not-done" : k->agrees ? "consent-yes" : "consent-no", true);
    }
    g_free(k);
}

static void on_consent_key(sig_phone_call *c, bool agrees)
{
    sig_room *r = sig_phone_call_room(c);
    const sig_room_facts *f = sig_facts_room(c->phone->gateway->facts, c->room);
    if (!r || !f || strcmp(f->policy, SIG_POLICY_EVERYONE) != 0 || !sig_recording_asks(sig_room_recording(r))) {
        sig_phone_say(c, "no-question", true);
        return;
    }
    consenting *k = g_new0(consenting, 1);
    *k = (consenting){.gateway = c->phone->gateway, .agrees = agrees};
    g_strlcpy(k->call, c->id, sizeof k->call);
    sig_recording_consent(sig_room_recording(r), c->seat, agrees, "keypad", c->seat, on_consented, k);
}

/* ---- keys ---- */

void sig_phone_on_keypad(sig_phone *p, const char *room, const json_t *m)
{
    sig_phone_call *c = call_of_room(p, room, m);
    const char *command = sig_phone_text(m, "command");
    bool on = json_is_true(json_object_get(m, "on"));
    if (!c) {
        return;
    }
    if (strcmp(command, "leave") == 0) {
        sig_phone_call_end(c, "left");
    } else if (strcmp(command, "mute") == 0) {
        on_mute_key(c, on);
    } else if (strcmp(command, "hand") == 0) {
        c->hand = on;
        sig_phone_say(c, on ? "hand-up" : "hand-down", true);
    } else if (strcmp(command, "consent") == 0) {
        on_consent_key(c, on);
    }
}

/* ---- the others ---- */

static bool lists(const json_t *roster, const char *seat)
{
    const json_t *p = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(roster, "participants"), i, p)
    {
        if (strcmp(sig_phone_text(p, "seat"), seat) == 0) {
            return true;
        }
    }
    return false;
}

/* Somebody is in `now` and not in `before`: all but that one hear it. */
static void say_difference(const sig_phone *p, const char *room, const json_t *before, const json_t *now, const char *prompt)
{
    const json_t *person = NULL;
    size_t n = 0;
    json_array_foreach(json_object_get(now, "participants"), n, person)
    {
        const char *seat = sig_phone_text(person, "seat");
        GHashTableIter i;
        void *value = NULL;
        if (lists(before, seat)) {
            continue;
        }
        g_hash_table_iter_init(&i, p->calls);
        while (g_hash_table_iter_next(&i, NULL, &value)) {
            const sig_phone_call *c = value;
            if (strcmp(c->room, room) == 0 && strcmp(c->seat, seat) != 0) {
                sig_phone_say(c, prompt, false);
            }
        }
    }
}

void sig_phone_roster(const sig_phone *p, const char *room, const json_t *before, const json_t *now)
{
    if (p && before && g_hash_table_size(p->calls) > 0) {
        say_difference(p, room, before, now, "joined");
        say_difference(p, room, now, before, "left");
    }
}

void sig_phone_recording(sig_phone *p, const char *room)
{
    GHashTableIter i;
    void *value = NULL;
    if (!p) {
        return;
    }
    g_hash_table_iter_init(&i, p->calls);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        sig_phone_call *c = value;
        if (strcmp(c->room, room) == 0) {
            sig_phone_say_recording(c);
        }
    }
}

/* ---- facts ---- */

static void end_calls_of(sig_phone *p, const char *room, const char *seat, const char *reason)
{
    g_autoptr(GList) all = g_hash_table_get_values(p->calls);
    for (GList *i = all; i; i = i->next) {
        sig_phone_call *c = i->data;
        if (strcmp(c->room, room) == 0 && (!seat || strcmp(c->seat, seat) == 0)) {
            sig_phone_call_end(c, reason);
        }
    }
}

void sig_phone_changed(sig_phone *p, const sig_change *change)
{
    if (p && (change->kind == SIG_ROOM_END || change->kind == SIG_SEAT_DROP)) {
        sig_phone_rescue_forget(p, change);
    }
    if (p && change->kind == SIG_ROOM_END) {
        end_calls_of(p, change->room, NULL, "room_ended");
    } else if (p && change->kind == SIG_SEAT_DROP) {
        end_calls_of(p, change->room, change->seat, "removed");
    } else if (p && (change->kind == SIG_SEAT_MUTE || change->kind == SIG_ROOM_MUTE)) {
        mute_changed(p, change);
    }
}
