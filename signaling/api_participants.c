/* REST: what a host does to a participant: mute, tier, a still of the picture, the door, removal. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/access.h"
#include "signaling/api.h"
#include "signaling/order.h"
#include "signaling/permissions.h"
#include "signaling/supervisor.h"

/* Holds what is to change and nothing else: other changes of the seat may still be on their way to the disk. */
static sig_change seat_change(sig_change_kind kind, const sig_request *q, const sig_seat_facts *s)
{
    sig_change c = {.kind = kind};
    g_strlcpy(c.room, q->part[0], sizeof c.room);
    g_strlcpy(c.seat, s->id, sizeof c.seat);
    return c;
}

static void on_told(void *user, const json_t *reply, const char *code, const char *message)
{
    (void)reply; /* the fact is written; a room that is restarting is opened with it */
    (void)code;
    (void)message;
    sig_reply_empty(user, 204);
}

/* Tells the running room and answers when it has heard. */
static void tell_room(sig_request *q, json_t *take_message)
{
    sig_room *r = sig_supervisor_room(q->gateway->supervisor, q->part[0]);
    if (!r) {
        json_decref(take_message);
        sig_reply_empty(q, 204);
    } else if (!sig_room_call(r, take_message, false, on_told, q)) {
        sig_reply_empty(q, 204);
    }
}

static void mute_written(sig_request *q, void *user)
{
    tell_room(q, json_pack("{s:s, s:s, s:b}", "type", "mute", "seat", q->part[1], "muted", GPOINTER_TO_INT(user)));
}

void sig_api_mute(sig_request *q)
{
    const sig_seat_facts *s = sig_api_seat(q);
    json_t *m = s ? sig_request_json(q, "MuteRequest") : NULL;
    if (!m) {
        return;
    }
    sig_change c = seat_change(SIG_SEAT_MUTE, q, s);
    c.muted = json_is_true(json_object_get(m, "muted"));
    c.asks = !c.muted && s->muted && sig_may(SIG_MAY_AUDIO, sig_role_of(s->role), s->host);
    json_decref(m);
    const sig_audit_entry e = sig_api_entry(q, c.muted ? "mute" : "unmute");
    sig_api_commit(q, &c, 1, &e, mute_written, GINT_TO_POINTER(c.muted), NULL);
}

static void tier_written(sig_request *q, void *user)
{
    tell_room(q, json_pack("{s:s, s:s, s:s}", "type", "tier", "seat", q->part[1], "tier", (const char *)user));
}

void sig_api_tier(sig_request *q)
{
    const sig_seat_facts *s = sig_api_seat(q);
    json_t *m = s ? sig_request_json(q, "TierRequest") : NULL;
    if (!m) {
        return;
    }
    char *tier = g_strdup(json_string_value(json_object_get(m, "tier")));
    json_decref(m);
    if (!sig_access_tier_known(q->gateway, tier)) {
        g_free(tier);
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), "tier: is none of the configured tiers");
        return;
    }
    sig_change c = seat_change(SIG_SEAT_TIER, q, s);
    g_strlcpy(c.tier, strcmp(tier, "auto") == 0 ? "" : tier, sizeof c.tier);
    const sig_audit_entry e = sig_api_entry(q, "tier");
    sig_api_commit(q, &c, 1, &e, tier_written, tier, g_free);
}

/* ---- a still of the picture ---- */

void sig_api_freeze(sig_request *q)
{
    json_t *m = sig_api_seat(q) ? sig_request_json(q, "FreezeRequest") : NULL;
    if (!m) {
        return;
    }
    g_autofree char *what = g_strdup(json_string_value(json_object_get(m, "what")));
    json_decref(m);
    const sig_audit_entry e = sig_api_entry(q, "freeze");
    if (!sig_order_freeze(q->gateway, &e, what, sig_api_done, q)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), "what: must be camera, screen or off");
    }
}

/* ---- who waits before the locked door ---- */

static void nobody_waits(sig_request *q)
{
    sig_reply_problem(q, 409, mcu_error_name(MCU_ERROR_CONFLICT), "Nobody of this seat waits to be let in.");
}

static void answer_knock(sig_request *q, bool (*answer)(sig_room *r, const char *seat))
{
    sig_room *r = sig_supervisor_room(q->gateway->supervisor, q->part[0]);
    if (r && answer(r, q->part[1])) {
        sig_reply_empty(q, 204);
    } else {
        nobody_waits(q);
    }
}

static void admit(void *request)
{
    answer_knock(request, sig_room_admit);
}

static void deny(void *request)
{
    answer_knock(request, sig_room_deny);
}

static void record_then(sig_request *q, const char *operation, void (*answer)(void *request))
{
    if (!sig_api_seat(q)) {
        return;
    }
    const sig_room *r = sig_supervisor_room(q->gateway->supervisor, q->part[0]);
    const sig_audit_entry e = sig_api_entry(q, operation);
    if (r && sig_room_is_waiting(r, q->part[1])) {
        sig_audit_first(q->gateway, &e, answer, q);
    } else {
        nobody_waits(q);
    }
}

void sig_api_admit(sig_request *q)
{
    record_then(q, "admit", admit);
}

void sig_api_deny(sig_request *q)
{
    record_then(q, "deny", deny);
}

static void remove_seat(sig_request *q, const char *operation)
{
    if (sig_api_seat(q)) {
        sig_change c = sig_change_remove(q->gateway->facts, q->part[0], q->part[1]);
        sig_api_commit_one(q, &c, operation);
    }
}

void sig_api_remove(sig_request *q)
{
    remove_seat(q, "remove");
}

/* Whoever is in the visit by that link has to leave it: else the link would still do what it was withdrawn for. */
void sig_api_revoke_link(sig_request *q)
{
    remove_seat(q, "revoke");
}
