/* REST: join links. One link is one seat; asking for the same seat again gives another link to it. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/assets.h"
#include "signaling/hears.h"
#include "signaling/permissions.h"
#include "signaling/phone_calls.h"
#include "signaling/shown_name.h"

typedef struct {
    sig_facts *facts;
    sig_change seat, number; /* number.kind NONE = nothing is said of it */
    bool existed;
} link_request;

static void minted(sig_request *q, void *user)
{
    const link_request *l = user;
    g_autofree char *token = sig_api_mint(q->gateway, &l->seat);
    g_autofree char *base = sig_api_base_url(q);
    sig_reply_json(q, 201,
                   json_pack("{s:o, s:s, s:s, s:I}", "url", json_sprintf("%s/j/%s", base, token), "token", token, "seat",
                             l->seat.seat, "expires", (json_int_t)(l->seat.expires_ms / 1000)));
}

static void free_request(void *value)
{
    link_request *l = value;
    sig_facts_expect(l->facts, l->seat.room, l->existed ? 0 : -1);
    g_free(l);
}

static const char *problem_with(const sig_request *q, const sig_room_facts *r, const link_request *l)
{
    if (!*l->seat.role) {
        return "role: must be one of " SIG_ROLE_LIST;
    }
    if (!sig_id_valid(l->seat.seat)) {
        return "seat: may hold a-z, 0-9, _ and -";
    }
    if (!*l->seat.name) {
        return "name: is not a name";
    }
    bool full = !l->existed && g_hash_table_size(r->seats) + r->expected >= q->gateway->settings->max_seats;
    return full ? "" : NULL;
}

/* What is not said stays as it was, also where the link was withdrawn; but nobody becomes a host again unsaid. */
static void read_options(sig_change *seat, const json_t *m, const sig_seat_facts *former, const sig_revoked_facts *revoked)
{
    const json_t *host = json_object_get(m, "host"), *fixed = json_object_get(m, "fixed"),
                 *signing = json_object_get(m, "signing");
    const char *language = json_string_value(json_object_get(m, "language")),
               *hears = json_string_value(json_object_get(m, "hears"));
    sig_role role = sig_role_of(json_string_value(json_object_get(m, "role")));
    g_strlcpy(seat->role, role == SIG_ROLE_NONE ? "" : sig_role_name(role), sizeof seat->role);
    sig_name_read(json_string_value(json_object_get(m, "name")), seat->name); /* stays empty if it is none */
    seat->host = host ? json_is_true(host) : former && former->host;
    seat->fixed = former ? former->fixed : revoked && revoked->fixed;
    seat->signing = former ? former->signing : revoked && revoked->signing;
    g_strlcpy(seat->language, former ? former->language : revoked ? revoked->language : "", sizeof seat->language);
    g_strlcpy(seat->hears, former ? former->hears : revoked ? revoked->hears : "", sizeof seat->hears);
    seat->fixed = fixed ? json_is_true(fixed) : seat->fixed;
    seat->signing = signing ? json_is_true(signing) : seat->signing;
    if (language) {
        g_strlcpy(seat->language, language, sizeof seat->language);
    }
    if (hears) {
        g_strlcpy(seat->hears, hears, sizeof seat->hears);
    }
}

/* A page in a language that there are no words for would be in another, without anybody being told. False: answered. */
static bool check_language(sig_request *q, const json_t *m)
{
    const char *language = json_string_value(json_object_get(m, "language"));
    if (!language || !*language || sig_assets_speak(q->gateway->assets, language)) {
        return true;
    }
    g_autofree char *known = sig_assets_languages(q->gateway->assets);
    g_autofree char *detail = g_strdup_printf("language: the page has %s, alone or with a region as in en-GB", known);
    sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), detail);
    return false;
}

/* Where nobody interprets into it the original is heard, so a word that is none would go unnoticed. False: answered. */
static bool check_hears(sig_request *q, const json_t *m)
{
    const char *hears = json_string_value(json_object_get(m, "hears"));
    if (!hears || sig_hears_valid(hears)) {
        return true;
    }
    sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST),
                    "hears: must be original, both or a language as ISO 639 names it in two or three letters, as es");
    return false;
}

/* The telephone to call when the sound of the browser is dead. False: answered. */
static bool read_number(sig_request *q, link_request *l, const json_t *m)
{
    const char *number = json_string_value(json_object_get(m, "phone"));
    sig_refusal why;
    if (!number) {
        return true;
    }
    g_strlcpy(l->number.room, l->seat.room, sizeof l->number.room);
    g_strlcpy(l->number.seat, l->seat.seat, sizeof l->number.seat);
    if (!sig_phone_put_number(q->gateway->phone, number, &l->number, &why)) {
        sig_reply_error(q, why.code, why.text);
        return false;
    }
    return true;
}

/* Another role of a seat that is there is an operation of its own. */
static void write_down(sig_request *q, link_request *l, const sig_seat_facts *former)
{
    bool same = !former || (strcmp(former->role, l->seat.role) == 0 && former->host == l->seat.host);
    json_t *more = json_pack("{s:s, s:b}", "role", l->seat.role, "host", l->seat.host);
    sig_audit_entry e = sig_api_entry(q, same ? "link" : "role");
    e.target = l->seat.seat;
    e.more = more;
    const sig_change changes[] = {l->seat, l->number};
    sig_api_commit(q, changes, l->number.kind == SIG_CHANGE_NONE ? 1 : 2, &e, minted, l, free_request);
    json_decref(more);
}

void sig_api_create_link(sig_request *q)
{
    const sig_room_facts *r = sig_api_room(q);
    json_t *m = r ? sig_request_json(q, "LinkRequest") : NULL;
    if (!m) {
        return;
    }
    const char *seat = json_string_value(json_object_get(m, "seat"));
    const sig_seat_facts *former = seat ? sig_facts_seat(q->gateway->facts, r->id, seat) : NULL;
    const json_t *expires = json_object_get(m, "expires_in");
    link_request *l = g_new0(link_request, 1);
    l->facts = q->gateway->facts;
    l->existed = former != NULL;
    int64_t expires_in_s = expires ? json_integer_value(expires) : q->gateway->settings->link_seconds;
    l->seat.kind = SIG_SEAT_PUT;
    l->seat.expires_ms = 1000 * (sig_now_s() + expires_in_s);
    if (seat) {
        g_strlcpy(l->seat.seat, seat, sizeof l->seat.seat);
    } else {
        sig_random_id("", l->seat.seat);
    }
    g_strlcpy(l->seat.room, r->id, sizeof l->seat.room);
    read_options(&l->seat, m, former, seat ? g_hash_table_lookup(r->revoked, seat) : NULL);
    bool ok = check_language(q, m) && check_hears(q, m) && read_number(q, l, m);
    json_decref(m);
    if (!ok) {
        g_free(l);
        return;
    }
    const char *problem = problem_with(q, r, l);
    if (problem) {
        g_free(l);
        sig_reply_error(q, mcu_error_name(*problem ? MCU_ERROR_BAD_REQUEST : MCU_ERROR_FULL),
                        *problem ? problem : "The room has as many seats as it may have.");
        return;
    }
    sig_facts_expect(l->facts, l->seat.room, l->existed ? 0 : 1);
    write_down(q, l, former);
}
