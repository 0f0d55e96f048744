/* Blind transfers: a host sends a call away; who is in a visit by telephone wants another telephone in its place. */
#include <string.h>

#include "signaling/audit.h"
#include "signaling/phone_private.h"
#include "signaling/room.h"

bool sig_phone_transfer(sig_phone *p, const sig_dial *d, const char *call, sig_refusal *why)
{
    char number[SIG_NUMBER_MAX + 1];
    sig_phone_call *c = p ? sig_phone_find(p, call) : NULL;
    sig_audit_entry e = {.room = d->room, .actor = d->actor, .operation = "transfer", .target = call};
    if (!c || strcmp(c->room, d->room) != 0 || c->state != SIG_CALL_IN_ROOM || c->told || c->phone_done) {
        return sig_phone_refuse(why, MCU_ERROR_NOT_FOUND, "not_found", "There is no such call in this room.");
    }
    if (!sig_phone_may_dial(p, d, number, why)) {
        e.reason = why->code;
        sig_audit_refused(p->gateway, &e);
        return false;
    }
    sig_dial_limits_made(p->limits);
    sig_audit_note(p->gateway, &e);
    sig_phone_link_send(p->link, json_pack("{s:s, s:s, s:s}", "type", "transfer", "call", c->id, "number", number));
    memset(number, 0, sizeof number);
    return true;
}

void sig_phone_on_transfer(sig_phone *p, const json_t *m)
{
    sig_phone_call *c = sig_phone_find(p, sig_phone_text(m, "call"));
    if (c && strcmp(sig_phone_text(m, "state"), "failed") == 0) {
        sig_phone_tell(c, "transfer_failed");
    }
}

void sig_phone_on_refer(sig_phone *p, const json_t *m, json_int_t id)
{
    sig_refusal why = {mcu_error_name(MCU_ERROR_NOT_FOUND), NULL, NULL};
    sig_phone_call *c = sig_phone_find(p, sig_phone_text(m, "call"));
    const char *first = p->settings->languages[0];
    bool there = c && c->state == SIG_CALL_IN_ROOM && !c->told && !c->phone_done && sig_phone_call_room(c);
    if (there) {
        const sig_dial d = {.room = c->room,
                            .actor = c->seat,
                            .number = sig_phone_text(m, "number"),
                            .name = c->name,
                            .seat = c->seat,
                            .role = *c->role ? c->role : "guest",
                            .language = *c->language ? c->language : first,
                            .referrer = c->id};
        there = sig_phone_dial(p, &d, &why) != NULL;
    }
    if (there) {
        sig_phone_link_ok(p->link, id, NULL);
    } else {
        sig_phone_link_refuse(p->link, id, why.code);
    }
}

void sig_phone_take_place(sig_phone_call *c)
{
    sig_phone_call *before = *c->referrer ? sig_phone_find(c->phone, c->referrer) : NULL;
    if (before && strcmp(before->room, c->room) == 0 && strcmp(before->seat, c->seat) == 0) {
        sig_phone_call_end(before, "transferred");
    }
}

void sig_phone_pass_seat(sig_phone_call *c)
{
    GHashTableIter i;
    void *value = NULL;
    g_hash_table_iter_init(&i, c->phone->calls);
    while (c->own_seat && g_hash_table_iter_next(&i, NULL, &value)) {
        sig_phone_call *other = value;
        if (other != c && strcmp(other->room, c->room) == 0 && strcmp(other->seat, c->seat) == 0) {
            other->own_seat = true;
            c->own_seat = false;
        }
    }
}
