/* REST: the catalogue of recordings, for operators and, of one visit, for who has a link that shows its recordings. */
#include <event2/keyvalq_struct.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/status.h"
#include "signaling/api_recording.h"
#include "signaling/permissions.h"
#include "signaling/recording_hold.h"
#include "signaling/recording_shred.h"
#include "signaling/upload.h"

#define LIST_MAX 1000

static json_t *segments_json(const sig_upload *upload, const sig_recording_facts *r)
{
    json_t *list = json_array();
    for (guint i = 0; i < r->segments->len; i++) {
        const sig_segment_facts *s = &g_array_index(r->segments, sig_segment_facts, i);
        json_array_append_new(list,
                              json_pack("{s:I, s:s, s:I, s:I, s:I, s:s, s:s}", "segment", (json_int_t)s->segment, "state",
                                        s->state, "started_ms", (json_int_t)s->started_ms, "media_ms", (json_int_t)s->media_ms,
                                        "bytes", (json_int_t)s->bytes, "head", s->hash, "stored", sig_upload_state(upload, s)));
    }
    return list;
}

static json_t *recording_json(const sig_gateway *g, const sig_recording_facts *r)
{
    json_int_t media_ms = 0;
    bool interrupted = false;
    const sig_room_facts *room = sig_facts_room(g->facts, r->room);
    for (guint i = 0; i < r->segments->len; i++) {
        const sig_segment_facts *s = &g_array_index(r->segments, sig_segment_facts, i);
        media_ms += s->media_ms;
        interrupted = interrupted || strcmp(s->state, "interrupted") == 0;
    }
    json_t *m = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:b, s:b}", "id", r->id, "room", r->room, "policy", r->policy,
                          "tier", r->tier, "created_ms", (json_int_t)r->created_ms, "state", r->state, "media_ms", media_ms,
                          "hold", r->hold, "interrupted", interrupted);
    if (room && *room->name) {
        json_object_set_new(m, "name", json_string(room->name));
    }
    if (r->ended_ms) {
        json_object_set_new(m, "ended_ms", json_integer(r->ended_ms));
        json_object_set_new(m, "reason", json_string(r->reason));
    }
    if (r->shredded_ms) {
        json_object_set_new(m, "shredded_ms", json_integer(r->shredded_ms));
    }
    return m;
}

typedef struct {
    const char *room, *state, *hold; /* NULL = any */
    int64_t from_ms, to_ms, limit;
} filter;

static bool read_number(struct evkeyvalq *query, const char *name, int64_t otherwise, int64_t *out)
{
    const char *text = evhttp_find_header(query, name);
    char *end = NULL;
    *out = text ? g_ascii_strtoll(text, &end, 10) : otherwise;
    return !text || (*text && !*end && *out >= 0);
}

static bool passes(const filter *f, const sig_recording_facts *r)
{
    return (!f->room || strcmp(f->room, r->room) == 0) && (!f->hold || (strcmp(f->hold, "true") == 0) == r->hold) &&
           (!f->state || strcmp(f->state, r->state) == 0) && r->created_ms >= f->from_ms && r->created_ms <= f->to_ms;
}

static void list(sig_request *q, const filter *f)
{
    json_t *found = json_array();
    GList *all = sig_facts_recordings(q->gateway->facts);
    for (GList *i = all; i && (int64_t)json_array_size(found) < f->limit; i = i->next) {
        if (sig_api_recording_shown(q, i->data) && passes(f, i->data)) {
            json_array_append_new(found, recording_json(q->gateway, i->data));
        }
    }
    g_list_free(all);
    sig_reply_json(q, 200, json_pack("{s:o}", "recordings", found));
}

/* What somebody wants to see of the catalogue, from the request to its answer. */
typedef struct {
    sig_request *request;
    struct evkeyvalq query; /* what `wanted` points into */
    filter wanted;
} listing;

static bool is_state(const char *text)
{
    static const char *const states[] = {"asking", "running", "held", "paused", "ended", "shredded"};
    bool found = false;
    for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
        found = found || strcmp(text, states[i]) == 0;
    }
    return found;
}

/* NULL = the query is understood. */
static const char *read_query(listing *l)
{
    const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(l->request->ev));
    filter *f = &l->wanted;
    if (evhttp_parse_query_str(text ? text : "", &l->query) != 0) {
        return "The query is malformed.";
    }
    f->room = evhttp_find_header(&l->query, "room");
    f->state = evhttp_find_header(&l->query, "state");
    f->hold = evhttp_find_header(&l->query, "hold");
    if (f->hold && strcmp(f->hold, "true") != 0 && strcmp(f->hold, "false") != 0) {
        return "hold: true or false";
    }
    if (f->state && !is_state(f->state)) {
        return "state: asking, running, held, paused, ended or shredded";
    }
    return read_number(&l->query, "from", 0, &f->from_ms) && read_number(&l->query, "to", INT64_MAX, &f->to_ms) &&
                   read_number(&l->query, "limit", LIST_MAX, &f->limit) && f->limit > 0
               ? NULL
               : "from, to: milliseconds since 1970; limit: a number from 1";
}

/* Says who looks at what before he sees it; the same again and again is counted (sig_audit_look()). No media are in it: a disk
 * that hangs makes a gap in the trail, and keeps nobody from looking. */
static void look(sig_gateway *g, const sig_audit_entry *what, void (*show)(void *user), void *user)
{
    unsigned unlisted = 0;
    sig_audit_entry e = *what;
    e.event = "looked";
    if (!sig_audit_look(g, &e, &unlisted)) {
        show(user);
        return;
    }
    json_t *more = unlisted > 0 ? json_pack("{s:i}", "unlisted", (int)unlisted) : NULL;
    e.more = more;
    (void)sig_audit_first(g, &e, show, user);
    json_decref(more);
}

static void free_listing(listing *l)
{
    evhttp_clear_headers(&l->query);
    g_free(l);
}

static void show_list(void *user)
{
    listing *l = user;
    list(l->request, &l->wanted);
    free_listing(l);
}

void sig_api_list_recordings(sig_request *q)
{
    listing *l = g_new0(listing, 1);
    l->request = q;
    const char *wrong = read_query(l);
    if (wrong) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), wrong);
        free_listing(l);
        return;
    }
    const char *own = q->operator.room, *room = *own ? own : l->wanted.room;
    const sig_audit_entry e = {.room = room && sig_id_valid(room) ? room : NULL,
                               .actor = q->operator.actor,
                               .role = *own ? sig_role_name(SIG_ROLE_COMPLIANCE) : NULL,
                               .operation = "catalogue"};
    look(q->gateway, &e, show_list, l);
}

bool sig_api_recording_shown(const sig_request *q, const sig_recording_facts *r)
{
    return !*q->operator.room || strcmp(q->operator.room, r->room) == 0;
}

const sig_recording_facts *sig_api_recording(sig_request *q)
{
    const sig_recording_facts *r = sig_facts_recording(q->gateway->facts, q->part[0]);
    if (r && !sig_api_recording_shown(q, r)) {
        sig_audit_entry e = sig_api_recording_entry(q, r, "review");
        e.room = q->operator.room;
        e.reason = "other_visit";
        sig_audit_refused(q->gateway, &e);
        r = NULL;
    }
    if (!r) {
        sig_reply_problem(q, 404, mcu_error_name(MCU_ERROR_NOT_FOUND), "There is no such recording.");
        return NULL;
    }
    return r;
}

sig_audit_entry sig_api_recording_entry(const sig_request *q, const sig_recording_facts *r, const char *operation)
{
    return (sig_audit_entry){.room = r->room,
                             .actor = q->operator.actor,
                             .role = *q->operator.room ? sig_role_name(SIG_ROLE_COMPLIANCE) : NULL,
                             .operation = operation,
                             .target = r->id};
}

static void show_one(void *request)
{
    sig_request *q = request;
    const sig_recording_facts *r = sig_api_recording(q);
    if (r) {
        json_t *m = recording_json(q->gateway, r);
        json_object_set_new(m, "segments", segments_json(q->gateway->upload, r));
        sig_reply_json(q, 200, m);
    }
}

void sig_api_get_recording(sig_request *q)
{
    const sig_recording_facts *r = sig_api_recording(q);
    if (r) {
        const sig_audit_entry e = sig_api_recording_entry(q, r, "catalogue");
        look(q->gateway, &e, show_one, q);
    }
}

void sig_api_shred_recording(sig_request *q)
{
    const sig_recording_facts *r = sig_api_recording(q);
    if (r) {
        sig_recording_shred(q->gateway, r, q->operator.actor, "operator", mcu_wall_ns() / 1000000, sig_api_done, q);
    }
}

void sig_api_hold_recording(sig_request *q)
{
    const sig_recording_facts *r = sig_api_recording(q);
    json_t *m = r ? sig_request_json(q, "HoldRequest") : NULL;
    if (m) {
        bool hold = json_is_true(json_object_get(m, "hold"));
        json_decref(m);
        const sig_audit_entry e = sig_api_recording_entry(q, r, hold ? "hold" : "release");
        sig_recording_hold(q->gateway, r, hold, &e, sig_api_done, q);
    }
}
