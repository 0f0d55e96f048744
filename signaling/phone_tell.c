/* Who hears how a call goes: hosts, the person whose seat it is for, and of somebody who is called into the visit everybody
 * there. */
#include <string.h>

#include "signaling/phone_private.h"
#include "signaling/session.h"

static void tell(const sig_phone_call *c, sig_session *client, bool host, const char *state)
{
    char masked[32];
    sig_phone_mask(c->number, masked);
    sig_session_send(client,
                     json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b}", "type", "call", "call", c->id, "seat", c->seat,
                               "name", *c->name ? c->name : masked, "direction", c->outgoing ? "out" : "in", "number",
                               host ? c->number : masked, "state", state, "reason", c->reason, "rescue", c->rescue));
}

/* Somebody's own telephone is that person's matter, and a host's. */
static bool is_for(const sig_phone_call *c, const char *seat)
{
    return c->own_seat ? c->outgoing : strcmp(seat, c->seat) == 0;
}

/* Of a caller nothing is told before a PIN has led to a room, and no end of what nobody was told of. */
static bool is_known(const sig_phone_call *c)
{
    return c->outgoing || c->joined_ms > 0;
}

void sig_phone_tell(const sig_phone_call *c, const char *state)
{
    sig_room *r = sig_phone_call_room(c);
    const sig_room_facts *f = *c->room ? sig_facts_room(c->phone->gateway->facts, c->room) : NULL;
    GHashTableIter i;
    void *value = NULL;
    if (!r || !f || !is_known(c)) {
        return;
    }
    g_hash_table_iter_init(&i, f->seats);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        const sig_seat_facts *s = value;
        sig_session *client = s->host || is_for(c, s->id) ? sig_room_client(r, s->id) : NULL;
        if (client) {
            tell(c, client, s->host, state);
        }
    }
}

static const char *state_of(const sig_phone_call *c)
{
    switch (c->state) {
    case SIG_CALL_CALLING:
        return "calling";
    case SIG_CALL_RINGING:
        return "ringing";
    case SIG_CALL_ANSWERED:
    case SIG_CALL_HANDING:
        return "answered";
    case SIG_CALL_IN_ROOM:
        return "joined";
    case SIG_CALL_NONE:
    case SIG_CALL_PROMPTS:
    case SIG_CALL_ENTERING:
        break;
    }
    return NULL;
}

void sig_phone_greet(const sig_phone *p, const char *room, sig_session *client)
{
    GHashTableIter i;
    void *value = NULL;
    bool host = sig_session_is_host(client);
    if (!p) {
        return;
    }
    g_hash_table_iter_init(&i, p->calls);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        const sig_phone_call *c = value;
        const char *state = state_of(c);
        bool concerned = strcmp(c->room, room) == 0 && (host || is_for(c, sig_session_seat(client)));
        if (concerned && state && is_known(c) && !*c->reason) {
            tell(c, client, host, state);
        }
    }
}
