/* REST: PINs of a room, calls out of it, and what was written down about calls. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/audit.h"
#include "signaling/permissions.h"
#include "signaling/phone_calls.h"
#include "signaling/shown_name.h"

#define MS INT64_C(1000000)

static const char *member(const json_t *m, const char *key, const char *otherwise)
{
    const char *v = json_string_value(json_object_get(m, key));
    return v ? v : otherwise;
}

static bool has_phone(sig_request *q)
{
    if (!q->gateway->phone) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_UNAVAILABLE),
                        "This server has no telephone: see [phone] in its configuration.");
        return false;
    }
    return true;
}

/* ---- PINs ---- */

typedef struct {
    sig_change change;
    char pin[17];
} pin_request;

static void pin_written(sig_request *q, void *user)
{
    const pin_request *r = user;
    sig_reply_json(q, 201,
                   json_pack("{s:s, s:o, s:I}", "pin", r->pin, "numbers", sig_phone_numbers(q->gateway->phone), "expires",
                             (json_int_t)(r->change.at_ms / 1000)));
}

static void free_pin(void *user)
{
    pin_request *r = user;
    memset(r->pin, 0, sizeof r->pin);
    g_free(r);
}

static const char *read_pin(sig_change *c, const json_t *m, const sig_request *q)
{
    const json_t *expires = json_object_get(m, "expires_in");
    const char *name = member(m, "name", "");
    sig_role role = sig_role_of(member(m, "role", "guest"));
    int64_t seconds = expires ? json_integer_value(expires) : q->gateway->settings->phone.pin_seconds;
    g_strlcpy(c->room, q->part[0], sizeof c->room);
    g_strlcpy(c->seat, member(m, "seat", ""), sizeof c->seat);
    g_strlcpy(c->role, role == SIG_ROLE_NONE ? "" : sig_role_name(role), sizeof c->role);
    c->host = json_is_true(json_object_get(m, "host"));
    c->once = json_is_true(json_object_get(m, "once"));
    c->at_ms = mcu_wall_ns() / MS + seconds * 1000;
    if (*c->seat && !sig_facts_seat(q->gateway->facts, c->room, c->seat)) {
        return "seat: there is no such seat in this room";
    }
    if (!*c->role) {
        return "role: must be one of " SIG_ROLE_LIST;
    }
    return *name && !sig_name_read(name, c->name) ? "name: is not a name" : NULL;
}

void sig_api_create_pin(sig_request *q)
{
    json_t *m = sig_api_room(q) && has_phone(q) ? sig_request_json(q, "PinRequest") : NULL;
    if (!m) {
        return;
    }
    pin_request *r = g_new0(pin_request, 1);
    const char *problem = read_pin(&r->change, m, q);
    json_decref(m);
    if (problem || !sig_phone_new_pin(q->gateway->phone, &r->change, r->pin)) {
        free_pin(r);
        sig_reply_error(q, mcu_error_name(problem ? MCU_ERROR_BAD_REQUEST : MCU_ERROR_FULL),
                        problem ? problem : "The room has as many PINs as it may have.");
        return;
    }
    sig_audit_entry e = sig_api_entry(q, "pin");
    e.target = r->change.seat;
    sig_api_commit(q, &r->change, 1, &e, pin_written, r, free_pin);
}

/* ---- calls ---- */

void sig_api_dial(sig_request *q)
{
    const sig_room_facts *room = sig_api_room(q);
    json_t *m = room && has_phone(q) ? sig_request_json(q, "DialRequest") : NULL;
    if (!m) {
        return;
    }
    sig_refusal why;
    const char *seat = member(m, "seat", ""), *given = member(m, "name", "");
    char name[SIG_NAME_MAX + 1] = "";
    sig_role role = sig_role_of(member(m, "role", "guest"));
    sig_dial d = {.room = room->id,
                  .actor = q->operator.actor,
                  .number = member(m, "number", ""),
                  .name = name,
                  .seat = seat,
                  .role = sig_role_name(role),
                  .language = member(m, "language", q->gateway->settings->phone.languages[0])};
    if (role == SIG_ROLE_NONE || (*given && !sig_name_read(given, name)) ||
        (*seat && !sig_facts_seat(q->gateway->facts, room->id, seat)) ||
        !g_strv_contains(q->gateway->settings->phone.languages, d.language)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), "role, name, seat or language: there is no such one");
    } else {
        const char *call = sig_phone_dial(q->gateway->phone, &d, &why);
        if (call) {
            sig_reply_json(q, 202, json_pack("{s:s}", "call", call));
        } else {
            sig_reply_error(q, why.code, why.text);
        }
    }
    json_decref(m);
}

void sig_api_hang_up(sig_request *q)
{
    if (!sig_api_room(q)) {
        return;
    }
    if (sig_phone_hang_up(q->gateway->phone, q->part[0], q->part[1], "hung_up_by_host")) {
        const sig_audit_entry e = sig_api_entry(q, "hang_up");
        sig_audit_note(q->gateway, &e);
        sig_reply_empty(q, 204);
    } else {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_NOT_FOUND), "There is no such call in this room.");
    }
}

void sig_api_transfer(sig_request *q)
{
    const sig_room_facts *room = sig_api_room(q);
    json_t *m = room && has_phone(q) ? sig_request_json(q, "TransferRequest") : NULL;
    if (!m) {
        return;
    }
    sig_refusal why;
    const sig_dial d = {.room = room->id, .actor = q->operator.actor, .number = member(m, "number", "")};
    if (sig_phone_transfer(q->gateway->phone, &d, q->part[1], &why)) {
        sig_reply_empty(q, 202);
    } else {
        sig_reply_error(q, why.code, why.text);
    }
    json_decref(m);
}

void sig_api_list_calls(sig_request *q)
{
    json_t *calls = sig_phone_calls_json(q->gateway);
    sig_reply_json(q, 200, json_pack("{s:o}", "calls", calls));
}
