/* A seat's own telephone: the number on file, and calls that give somebody who is here by browser another way to hear and speak.
 */
#include <string.h>

#include "signaling/phone_private.h"
#include "signaling/supervisor.h"

static bool on_file(const sig_phone *p, const char *room, const char *seat, char number[SIG_NUMBER_MAX + 1])
{
    const char *sealed = sig_phone_facts_number(sig_facts_phone(p->gateway->facts), room, seat);
    number[0] = '\0';
    return sealed && sig_seal_open(p->seal, sealed, number);
}

json_t *sig_phone_of_seat(const sig_phone *p, const char *room, const char *seat)
{
    char number[SIG_NUMBER_MAX + 1], masked[32];
    if (!p) {
        return NULL;
    }
    bool known = on_file(p, room, seat, number);
    sig_phone_mask(number, masked);
    memset(number, 0, sizeof number);
    return json_pack("{s:s}", "number", known ? masked : "");
}

bool sig_phone_put_number(const sig_phone *p, const char *number, sig_change *change, sig_refusal *why)
{
    char whole[SIG_NUMBER_MAX + 1];
    if (!p) {
        return sig_phone_refuse(why, MCU_ERROR_UNAVAILABLE, "line_down", "phone: this server cannot call telephones.");
    }
    change->kind = SIG_NUMBER_PUT;
    if (!*number) {
        return true;
    }
    const sig_dial_plan plan = {p->settings->prefixes, p->settings->refused, p->settings->emergency};
    sig_plan_verdict v = sig_plan_judge(&plan, number, whole);
    bool ok = v == SIG_PLAN_OK && sig_seal_number(p->seal, whole, change->sealed);
    memset(whole, 0, sizeof whole);
    return ok || sig_phone_refuse_number(why, v);
}

/* The one of the person, if it is spoken. */
static const char *language_of(const sig_phone *p, const sig_seat_facts *s)
{
    for (const char *const *l = p->settings->languages; *l; l++) {
        if (g_ascii_strncasecmp(s->language, *l, 2) == 0) {
            return *l;
        }
    }
    return p->settings->languages[0];
}

bool sig_phone_dial_seat(sig_phone *p, const char *room, const char *seat, const char *number, bool rescue, sig_refusal *why)
{
    char filed[SIG_NUMBER_MAX + 1] = "";
    const sig_seat_facts *s = sig_facts_seat(p->gateway->facts, room, seat);
    if (!s) {
        return sig_phone_refuse(why, MCU_ERROR_NOT_FOUND, "not_found", "There is no such seat in this room.");
    }
    if (!*number && !on_file(p, room, seat, filed)) {
        return sig_phone_refuse(why, MCU_ERROR_BAD_REQUEST, "no_number", "Write the number of your telephone: none is on file.");
    }
    const sig_dial d = {.room = room,
                        .actor = seat,
                        .number = *number ? number : filed,
                        .name = s->name,
                        .seat = seat,
                        .role = s->role,
                        .language = language_of(p, s),
                        .own = !rescue,
                        .rescue = rescue};
    bool ok = sig_phone_dial(p, &d, why) != NULL;
    memset(filed, 0, sizeof filed);
    return ok;
}

bool sig_phone_call_me(sig_phone *p, const char *room, const char *seat, const char *number, sig_refusal *why)
{
    return p ? sig_phone_dial_seat(p, room, seat, number, false, why)
             : sig_phone_refuse(why, MCU_ERROR_UNAVAILABLE, "line_down", "This server cannot call telephones.");
}

bool sig_phone_let_go(sig_phone *p, const char *room, const char *seat)
{
    sig_phone_call *c = p ? sig_phone_call_of_seat(p, room, seat) : NULL;
    if (c) {
        sig_phone_call_end(c, "hung_up_in_page");
    }
    return c;
}

bool sig_phone_switch_audio(const sig_phone *p, const char *room, const char *seat, bool on)
{
    sig_phone_call *c = p ? sig_phone_call_of_seat(p, room, seat) : NULL;
    sig_room *r = c && c->leg_there ? sig_phone_call_room(c) : NULL;
    if (!r) {
        return false;
    }
    c->quiet = !on;
    sig_room_tell(r, json_pack("{s:s, s:s, s:s, s:b}", "type", "state", "seat", c->seat, "session", c->id, "audio", on));
    return true;
}
