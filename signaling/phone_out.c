/* Calls out: the dial plan, the limits, and how far a call has come. */
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/audit.h"
#include "signaling/phone_private.h"

#define MS INT64_C(1000000)

bool sig_phone_refuse(sig_refusal *why, mcu_error error, const char *word, const char *text)
{
    *why = (sig_refusal){mcu_error_name((int)error), word, text};
    return false;
}

bool sig_phone_refuse_number(sig_refusal *why, sig_plan_verdict v)
{
    return sig_phone_refuse(why, v == SIG_PLAN_NOT_A_NUMBER ? MCU_ERROR_BAD_REQUEST : MCU_ERROR_FORBIDDEN, sig_plan_word(v),
                            sig_plan_text(v));
}

bool sig_phone_may_dial(sig_phone *p, const sig_dial *d, char number[SIG_NUMBER_MAX + 1], sig_refusal *why)
{
    if (!p) {
        return sig_phone_refuse(why, MCU_ERROR_UNAVAILABLE, "line_down", "This server cannot call telephones.");
    }
    const sig_phone_settings *s = p->settings;
    const sig_dial_plan plan = {s->prefixes, s->refused, s->emergency};
    sig_plan_verdict v = sig_plan_judge(&plan, d->number, number);
    if (v != SIG_PLAN_OK) {
        return sig_phone_refuse_number(why, v);
    }
    if (!sig_phone_link_up(p->link) || sig_phone_trunks_up(p) == 0 || p->gateway->closing) {
        return sig_phone_refuse(why, MCU_ERROR_UNAVAILABLE, "line_down", "The telephone line is down: try again later.");
    }
    if (d->seat && *d->seat && !d->referrer && sig_phone_call_of_seat(p, d->room, d->seat)) {
        return sig_phone_refuse(why, MCU_ERROR_CONFLICT, "on_phone",
                                "That person is on the telephone already, or is being called.");
    }
    if (!sig_dial_limits_take(p->limits, d->room, d->own ? d->seat : NULL, mcu_now_ns(), sig_now_s())) {
        return sig_phone_refuse(why, MCU_ERROR_FULL, "too_often", "Too many calls were made: try again later.");
    }
    return true;
}

static void begin(sig_phone_call *c, bool ok)
{
    sig_phone *p = c->phone;
    char language[3] = {c->language[0], c->language[1], '\0'};
    json_t *m = json_pack("{s:s, s:s, s:s, s:[s], s:o, s:s}", "type", "dial", "call", c->id, "number", c->number, "languages",
                          language, "bound", sig_phone_bound(c), "referrer", c->referrer);
    bool wanted = ok && !c->told; /* it may have been ended while it was written down */
    if (!wanted) {
        json_decref(m);
        c->own_seat = c->own_seat && ok;
    }
    if (!wanted || !sig_phone_link_send(p->link, m)) {
        c->phone_done = true;
        sig_phone_call_end(c, mcu_error_name(MCU_ERROR_UNAVAILABLE));
    }
}

const char *sig_phone_dial(sig_phone *p, const sig_dial *d, sig_refusal *why)
{
    char number[SIG_NUMBER_MAX + 1], id[SIG_ID_MAX + 1];
    if (!sig_phone_may_dial(p, d, number, why)) {
        const sig_audit_entry e = {.room = d->room, .actor = d->actor, .operation = "dial", .reason = why->code};
        if (p) {
            sig_audit_refused(p->gateway, &e);
        }
        return NULL;
    }
    const sig_room_facts *r = sig_facts_room(p->gateway->facts, d->room);
    if (!*d->seat && g_hash_table_size(r->seats) + r->expected >= p->gateway->settings->max_seats) {
        sig_phone_refuse(why, MCU_ERROR_FULL, "full", "The room has as many seats as it may have.");
        return NULL;
    }
    sig_random_id("call-", id);
    sig_phone_call *c = sig_phone_call_new(p, id);
    c->outgoing = true;
    c->rescue = d->rescue;
    g_strlcpy(c->referrer, d->referrer ? d->referrer : "", sizeof c->referrer);
    c->state = SIG_CALL_CALLING;
    g_strlcpy(c->number, number, sizeof c->number);
    g_strlcpy(c->room, d->room, sizeof c->room);
    g_strlcpy(c->seat, d->seat, sizeof c->seat);
    g_strlcpy(c->actor, d->actor, sizeof c->actor);
    g_strlcpy(c->name, d->name, sizeof c->name);
    g_strlcpy(c->role, d->role, sizeof c->role);
    g_strlcpy(c->language, d->language, sizeof c->language);
    sig_dial_limits_made(p->limits);
    if (!sig_phone_take_seat(c, begin)) {
        g_hash_table_remove(p->calls, id);
        sig_phone_refuse(why, MCU_ERROR_UNAVAILABLE, "not_written", "It could not be written down.");
        return NULL;
    }
    return c->id;
}

void sig_phone_on_progress(sig_phone *p, const json_t *m)
{
    static const struct {
        const char *name;
        sig_call_state state;
    } table[] = {{"calling", SIG_CALL_CALLING}, {"ringing", SIG_CALL_RINGING}, {"answered", SIG_CALL_ANSWERED}};
    sig_phone_call *c = sig_phone_find(p, sig_phone_text(m, "call"));
    const char *name = sig_phone_text(m, "state");
    for (size_t i = 0; c && c->outgoing && i < G_N_ELEMENTS(table); i++) {
        if (strcmp(name, table[i].name) == 0) {
            c->state = table[i].state;
            g_strlcpy(c->trunk, sig_phone_text(m, "trunk"), sizeof c->trunk);
            c->answered_ms = c->state == SIG_CALL_ANSWERED ? mcu_wall_ns() / MS : c->answered_ms;
            sig_phone_tell(c, name);
        }
    }
}

bool sig_phone_hang_up(sig_phone *p, const char *room, const char *call, const char *reason)
{
    sig_phone_call *c = p ? sig_phone_find(p, call) : NULL;
    if (!c || strcmp(c->room, room) != 0) {
        return false;
    }
    sig_phone_call_end(c, reason);
    return true;
}
