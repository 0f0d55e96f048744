/* WHIP (RFC 9725) and WHEP: the same resource, a device that sends or only receives. The resource's address is made of room, seat
 * and session, so it needs no table here and outlives the gateway; a POST with the same token is the same seat again. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/access.h"
#include "signaling/api.h"
#include "signaling/client.h"
#include "signaling/offer_rate.h"
#include "signaling/sdpfrag.h"
#include "signaling/supervisor.h"

#define SDP_TYPE "application/sdp"
#define FRAG_TYPE "application/trickle-ice-sdpfrag"

typedef struct {
    sig_request *q;
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1], session[SIG_ID_MAX + 1];
    char *offer;
    char *ufrag; /* of a restart under way */
} exchange;

static void free_exchange(exchange *x)
{
    g_free(x->offer);
    g_free(x->ufrag);
    g_free(x);
}

static const char *kind_of(const sig_request *q)
{
    return g_str_has_prefix(q->path, "/whep/") ? "whep" : "whip";
}

/* ---- who asks ---- */

static void allow_origin(sig_request *q, const char *origin)
{
    sig_reply_header(q, "Access-Control-Allow-Origin", origin);
    sig_reply_header(q, "Access-Control-Expose-Headers", "Location, ETag, Link, Retry-After");
    sig_reply_header(q, "Vary", "Origin");
}

/* False = refused and answered. */
static bool origin_ok(sig_request *q)
{
    const char *origin = sig_request_header(q, "Origin");
    if (!sig_access_origin_allowed(q->gateway->settings, origin, sig_client_host(q))) {
        sig_reply_problem(q, 403, mcu_error_name(MCU_ERROR_FORBIDDEN), "Pages of this origin may not connect.");
        return false;
    }
    if (origin) {
        allow_origin(q, origin);
    }
    return true;
}

static int status_of(sig_token_status s)
{
    return s == SIG_TOKEN_FOREIGN ? 403 : s == SIG_TOKEN_ENDED ? 410 : 401;
}

/* The token of the request for the room in its path; false = refused and answered. */
static bool token_ok(sig_request *q, sig_token *t)
{
    const char *bearer = sig_auth_bearer(sig_request_header(q, "Authorization"));
    if (!bearer) {
        sig_reply_problem(q, 401, mcu_error_name(MCU_ERROR_UNAUTHORIZED), "This needs a join token as bearer.");
        return false;
    }
    sig_token_status s = sig_access_check(q->gateway, bearer, q->part[0], t);
    if (s != SIG_TOKEN_OK) {
        sig_reply_problem(q, status_of(s), sig_token_status_code(s), sig_token_status_text(s));
        return false;
    }
    return true;
}

static bool type_ok(sig_request *q, const char *wanted)
{
    const char *type = sig_request_header(q, "Content-Type");
    size_t n = strlen(wanted);
    if (type && g_ascii_strncasecmp(type, wanted, n) == 0 && (type[n] == '\0' || strchr("; \t", type[n]))) {
        return true;
    }
    sig_reply_problem(q, 415, "unsupported_media_type", wanted);
    return false;
}

/* ---- POST ---- */

static void set_etag(sig_request *q, const sig_live *l)
{
    char etag[SIG_ID_MAX + 16];
    g_snprintf(etag, sizeof etag, "\"%s-%u\"", l->session, l->etag);
    sig_reply_header(q, "ETag", etag);
}

static void set_links(sig_request *q, const char *seat)
{
    json_t *links = sig_ice_links(q->gateway->ice, seat, sig_now_s()), *one = NULL;
    size_t i = 0;
    json_array_foreach(links, i, one)
    {
        evhttp_add_header(evhttp_request_get_output_headers(q->ev), "Link", json_string_value(one));
    }
    json_decref(links);
}

static void on_answer(void *user, const json_t *reply, const char *code, const char *message)
{
    exchange *x = user;
    sig_request *q = x->q;
    sig_room *room = sig_supervisor_room(q->gateway->supervisor, x->room);
    const char *sdp = json_string_value(json_object_get(reply, "sdp"));
    if (!reply || !sdp || !room) {
        sig_reply_error(q, code ? code : mcu_error_name(MCU_ERROR_UNAVAILABLE), message ? message : "The room has ended.");
        free_exchange(x);
        return;
    }
    sig_live *l = sig_room_note_session(room, x->seat, x->session, kind_of(q));
    g_free(l->offer);
    g_free(l->ufrag);
    l->offer = g_steal_pointer(&x->offer);
    l->ufrag = sig_sdp_ufrag(l->offer);
    g_autofree char *location = g_strdup_printf("/%s/%s/%s/%s", kind_of(q), x->room, x->seat, x->session);
    sig_reply_header(q, "Location", location);
    sig_reply_header(q, "Accept-Patch", FRAG_TYPE);
    set_etag(q, l);
    set_links(q, x->seat);
    sig_reply_body(q, 201, SDP_TYPE, sdp, strlen(sdp));
    free_exchange(x);
}

static exchange *new_exchange(sig_request *q, const sig_token *t, const char *session)
{
    exchange *x = g_new0(exchange, 1);
    x->q = q;
    g_strlcpy(x->room, t->room, sizeof x->room);
    g_strlcpy(x->seat, t->seat, sizeof x->seat);
    g_strlcpy(x->session, session, sizeof x->session);
    return x;
}

static void submit_offer(exchange *x, const char *sdp, sig_reply_fn fn)
{
    sig_room *room = sig_supervisor_room(x->q->gateway->supervisor, x->room);
    json_t *m = json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "type", "offer", "seat", x->seat, "session", x->session, "kind",
                          kind_of(x->q), "sdp", sdp, "trickle", 0);
    if (!room || !sig_room_call(room, m, true, fn, x)) {
        sig_reply_error(x->q, mcu_error_name(MCU_ERROR_UNAVAILABLE), "The room is busy.");
        free_exchange(x);
    }
}

static void on_recorded(void *user)
{
    exchange *x = user;
    submit_offer(x, x->offer, on_answer);
}

void sig_whip_create(sig_request *q)
{
    sig_token t;
    size_t length = 0;
    if (!origin_ok(q) || !sig_offers_from_ok(q) || !token_ok(q, &t) || !type_ok(q, SDP_TYPE) || !sig_offers_of_ok(q, &t)) {
        return;
    }
    const char *refusal = sig_access_refusal(q->gateway, &t, strcmp(kind_of(q), "whip") == 0);
    if (refusal) {
        sig_reply_problem(q, 403, mcu_error_name(MCU_ERROR_FORBIDDEN), refusal);
        return;
    }
    const char *sdp = sig_request_body(q, &length);
    if (length < 4 || strncmp(sdp, "v=0", 3) != 0 || !g_utf8_validate(sdp, (gssize)length, NULL)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_SDP), "The body is not an SDP offer.");
        return;
    }
    char session[SIG_ID_MAX + 1];
    sig_random_id("", session);
    exchange *x = new_exchange(q, &t, session);
    x->offer = g_strndup(sdp, length);
    const sig_audit_entry e = {.event = "joined", .room = x->room, .actor = x->seat, .role = t.role, .operation = kind_of(q)};
    sig_audit_first(q->gateway, &e, on_recorded, x);
}

void sig_whip_options(sig_request *q)
{
    if (!origin_ok(q)) {
        return;
    }
    sig_reply_header(q, "Access-Control-Allow-Methods", "POST, PATCH, DELETE, OPTIONS");
    sig_reply_header(q, "Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match");
    sig_reply_header(q, "Accept-Post", SDP_TYPE);
    sig_reply_empty(q, 204);
}

/* ---- the resource ---- */

/* The live session of a resource's address, if the token is its own; NULL = answered. */
static sig_live *resource(sig_request *q, sig_token *t, sig_room **room)
{
    if (!origin_ok(q) || !token_ok(q, t)) {
        return NULL;
    }
    if (strcmp(t->seat, q->part[1]) != 0) {
        sig_reply_problem(q, 403, mcu_error_name(MCU_ERROR_FORBIDDEN), "The token is another seat's.");
        return NULL;
    }
    *room = sig_supervisor_room(q->gateway->supervisor, t->room);
    sig_live *l = *room ? sig_room_live(*room, t->seat) : NULL;
    if (!l || strcmp(l->session, q->part[2]) != 0) {
        sig_reply_problem(q, 404, mcu_error_name(MCU_ERROR_NOT_FOUND), "This session has ended or was replaced.");
        return NULL;
    }
    return l;
}

static void on_restarted(void *user, const json_t *reply, const char *code, const char *message)
{
    exchange *x = user;
    sig_request *q = x->q;
    const char *sdp = json_string_value(json_object_get(reply, "sdp"));
    sig_room *room = sig_supervisor_room(q->gateway->supervisor, x->room);
    sig_live *l = room ? sig_room_live(room, x->seat) : NULL;
    if (!sdp || !l || strcmp(l->session, x->session) != 0) {
        sig_reply_error(q, code ? code : mcu_error_name(MCU_ERROR_NOT_FOUND), message ? message : "This session has ended.");
        free_exchange(x);
        return;
    }
    l->etag++;
    g_free(l->ufrag);
    l->ufrag = g_steal_pointer(&x->ufrag);
    g_free(l->offer);
    l->offer = g_steal_pointer(&x->offer);
    g_autofree char *fragment = sig_sdpfrag_of_answer(sdp);
    set_etag(q, l);
    sig_reply_body(q, 200, FRAG_TYPE, fragment, strlen(fragment));
    free_exchange(x);
}

/* RFC 9725 4.3.2. The room sees an offer with new credentials: what a browser would send for a restart. */
static void restart(sig_request *q, const sig_token *t, const sig_live *l, const sig_sdpfrag *f)
{
    if (!f->ufrag) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_SDP), "An ICE restart needs new credentials.");
        return;
    }
    if (!l->offer) {
        sig_reply_problem(q, 409, mcu_error_name(MCU_ERROR_CONFLICT), "The first offer is not known any more: POST it again.");
        return;
    }
    if (!sig_offers_from_ok(q) || !sig_offers_of_ok(q, t)) {
        return;
    }
    exchange *x = new_exchange(q, t, l->session);
    x->offer = sig_sdp_with_restart(l->offer, f);
    x->ufrag = g_strdup(f->ufrag);
    submit_offer(x, x->offer, on_restarted);
}

static void on_candidates(void *user, const json_t *reply, const char *code, const char *message)
{
    if (reply) {
        sig_reply_empty(user, 204);
    } else {
        sig_reply_error(user, code, message);
    }
}

static json_t *candidate_json(const sig_token *t, const sig_live *l, const char *candidate, const char *mid)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", "candidate", "seat", t->seat, "session", l->session, "candidate",
                     candidate, "mid", mid);
}

static void trickle(sig_request *q, sig_room *room, const sig_token *t, const sig_live *l, const sig_sdpfrag *f)
{
    for (unsigned i = 0; i < f->n_candidates; i++) {
        bool last = i + 1 == f->n_candidates && !f->end;
        json_t *m = candidate_json(t, l, f->candidates[i].candidate, f->candidates[i].mid);
        if (!last) {
            sig_room_tell(room, m);
        } else if (!sig_room_call(room, m, false, on_candidates, q)) {
            sig_reply_error(q, mcu_error_name(MCU_ERROR_UNAVAILABLE), "The room is busy.");
        }
    }
    if (f->end) {
        const char *mid = f->n_candidates ? f->candidates[f->n_candidates - 1].mid : "";
        if (!sig_room_call(room, candidate_json(t, l, "", mid), false, on_candidates, q)) {
            sig_reply_error(q, mcu_error_name(MCU_ERROR_UNAVAILABLE), "The room is busy.");
        }
    } else if (f->n_candidates == 0) {
        sig_reply_empty(q, 204);
    }
}

/* After a restart of the gateway the tag is not known: then any is taken. */
static bool tag_matches(const sig_live *l, const char *given)
{
    char etag[SIG_ID_MAX + 16];
    g_snprintf(etag, sizeof etag, "\"%s-%u\"", l->session, l->etag);
    return !given || !l->ufrag || strstr(given, etag) != NULL;
}

void sig_whip_patch(sig_request *q)
{
    sig_token t;
    sig_room *room = NULL;
    sig_sdpfrag f;
    g_autoptr(GError) error = NULL;
    size_t length = 0;
    sig_live *l = resource(q, &t, &room);
    if (!l || !type_ok(q, FRAG_TYPE)) {
        return;
    }
    const char *body = sig_request_body(q, &length);
    if (!g_utf8_validate(body, (gssize)length, NULL)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_SDP), "The body is not text.");
        return;
    }
    if (!sig_sdpfrag_parse(body, length, &f, &error)) {
        sig_reply_error(q, mcu_error_name(error->code), error->message);
        return;
    }
    const char *match = sig_request_header(q, "If-Match");
    bool any = match && (strcmp(match, "*") == 0 || strcmp(match, "\"*\"") == 0); /* quoted in the RFC's own example */
    if (!any && !tag_matches(l, match)) { /* also a late candidate of the ICE session before a restart */
        sig_reply_problem(q, 412, "precondition_failed", "This is not the present ICE session.");
    } else if (any || (f.ufrag && l->ufrag && strcmp(f.ufrag, l->ufrag) != 0)) {
        restart(q, &t, l, &f);
    } else {
        trickle(q, room, &t, l, &f);
    }
    sig_sdpfrag_clear(&f);
}

static void on_left(void *user, const json_t *reply, const char *code, const char *message)
{
    if (reply) {
        sig_reply_empty(user, 200);
    } else {
        sig_reply_error(user, code, message);
    }
}

void sig_whip_delete(sig_request *q)
{
    sig_token t;
    sig_room *room = NULL;
    if (!resource(q, &t, &room)) {
        return;
    }
    json_t *m = json_pack("{s:s, s:s, s:s}", "type", "leave", "seat", t.seat, "session", q->part[2]);
    if (sig_room_call(room, m, false, on_left, q)) {
        sig_room_forget_session(room, t.seat, q->part[2]);
    } else {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_UNAVAILABLE), "The room is busy.");
    }
}
