/* REST: a room's recording and its policy, what people said who cannot press a button, and the catalogue. */
#include <event2/keyvalq_struct.h>
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/recording_shred.h"
#include "signaling/supervisor.h"

/* ---- a room's ---- */

/* NULL = answered. */
static sig_recording *recording_of(sig_request *q)
{
    if (!sig_api_room(q)) {
        return NULL;
    }
    sig_room *room = sig_supervisor_room(q->gateway->supervisor, q->part[0]);
    if (!room) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_UNAVAILABLE), "The server is going down.");
    }
    return room ? sig_room_recording(room) : NULL;
}

static void on_commanded(void *user, const char *code, const char *message)
{
    sig_request *q = user;
    const sig_recording *c = code ? NULL : recording_of(q);
    if (code) {
        sig_reply_error(q, code, message);
    } else if (c) {
        sig_reply_json(q, 200, json_pack("{s:s, s:s}", "recording", sig_recording_id(c), "state", sig_recording_state(c)));
    }
}

void sig_api_record(sig_request *q)
{
    sig_recording *c = recording_of(q);
    json_t *m = c ? sig_request_json(q, "RecordRequest") : NULL;
    if (m) {
        g_autofree char *action = g_strdup(json_string_value(json_object_get(m, "action")));
        json_decref(m);
        sig_recording_command(c, action, q->operator.actor, on_commanded, q);
    }
}

void sig_api_set_policy(sig_request *q)
{
    const sig_recording *c = recording_of(q);
    json_t *m = c ? sig_request_json(q, "RecordingPolicyRequest") : NULL;
    if (!m) {
        return;
    }
    sig_change change = {.kind = SIG_ROOM_RECORDING};
    g_strlcpy(change.room, q->part[0], sizeof change.room);
    g_strlcpy(change.policy, json_string_value(json_object_get(m, "policy")), sizeof change.policy);
    json_decref(m);
    if (*sig_recording_id(c)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_CONFLICT), "Not while the visit is being recorded: stop that first.");
    } else {
        sig_api_commit_one(q, &change, "recording_policy");
    }
}

static void on_done(void *user, const char *code, const char *message)
{
    if (code) {
        sig_reply_error(user, code, message);
    } else {
        sig_reply_empty(user, 204);
    }
}

void sig_api_consent(sig_request *q)
{
    sig_recording *c = sig_api_seat(q) ? recording_of(q) : NULL;
    json_t *m = c ? sig_request_json(q, "ConsentRequest") : NULL;
    if (m) {
        g_autofree char *method = g_strdup(json_string_value(json_object_get(m, "method")));
        bool agrees = json_is_true(json_object_get(m, "agree"));
        json_decref(m);
        sig_recording_consent(c, q->part[1], agrees, method, q->operator.actor, on_done, q);
    }
}

/* ---- the catalogue ---- */

static json_t *segments_json(const sig_recording_facts *r)
{
    json_t *list = json_array();
    for (guint i = 0; i < r->segments->len; i++) {
        const sig_segment_facts *s = &g_array_index(r->segments, sig_segment_facts, i);
        json_array_append_new(list, json_pack("{s:I, s:s, s:I, s:I, s:I, s:s}", "segment", (json_int_t)s->segment, "state",
                                              s->state, "started_ms", (json_int_t)s->started_ms, "media_ms",
                                              (json_int_t)s->media_ms, "bytes", (json_int_t)s->bytes, "head", s->hash));
    }
    return list;
}

static json_t *recording_json(const sig_recording_facts *r)
{
    json_int_t media_ms = 0;
    for (guint i = 0; i < r->segments->len; i++) {
        media_ms += g_array_index(r->segments, sig_segment_facts, i).media_ms;
    }
    json_t *m =
        json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:b}", "id", r->id, "room", r->room, "policy", r->policy, "tier", r->tier,
                  "created_ms", (json_int_t)r->created_ms, "state", r->state, "media_ms", media_ms, "hold", r->hold);
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
    const char *room, *state; /* NULL = any */
    int64_t from_ms, to_ms;
} filter;

static bool read_time(struct evkeyvalq *query, const char *name, int64_t otherwise, int64_t *out)
{
    const char *text = evhttp_find_header(query, name);
    char *end = NULL;
    *out = text ? g_ascii_strtoll(text, &end, 10) : otherwise;
    return !text || (*text && !*end && *out >= 0);
}

static bool passes(const filter *f, const sig_recording_facts *r)
{
    return (!f->room || strcmp(f->room, r->room) == 0) && (!f->state || strcmp(f->state, r->state) == 0) &&
           r->created_ms >= f->from_ms && r->created_ms <= f->to_ms;
}

static void list(sig_request *q, const filter *f)
{
    json_t *found = json_array();
    GList *all = sig_facts_recordings(q->gateway->facts);
    for (GList *i = all; i; i = i->next) {
        if (passes(f, i->data)) {
            json_array_append_new(found, recording_json(i->data));
        }
    }
    g_list_free(all);
    sig_reply_json(q, 200, json_pack("{s:o}", "recordings", found));
}

void sig_api_list_recordings(sig_request *q)
{
    struct evkeyvalq query;
    const char *text = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(q->ev));
    filter f = {0};
    if (evhttp_parse_query_str(text ? text : "", &query) != 0) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), "The query is malformed.");
        return;
    }
    f.room = evhttp_find_header(&query, "room");
    f.state = evhttp_find_header(&query, "state");
    if (read_time(&query, "from", 0, &f.from_ms) && read_time(&query, "to", INT64_MAX, &f.to_ms)) {
        list(q, &f);
    } else {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), "from, to: milliseconds since 1970");
    }
    evhttp_clear_headers(&query);
}

/* NULL = 404 has been answered. */
static const sig_recording_facts *recording(sig_request *q)
{
    const sig_recording_facts *r = sig_facts_recording(q->gateway->facts, q->part[0]);
    if (!r) {
        sig_reply_problem(q, 404, mcu_error_name(MCU_ERROR_NOT_FOUND), "There is no such recording.");
    }
    return r;
}

void sig_api_get_recording(sig_request *q)
{
    const sig_recording_facts *r = recording(q);
    if (r) {
        json_t *m = recording_json(r);
        json_object_set_new(m, "segments", segments_json(r));
        sig_reply_json(q, 200, m);
    }
}

void sig_api_shred_recording(sig_request *q)
{
    const sig_recording_facts *r = recording(q);
    if (r) {
        sig_recording_shred(q->gateway, r, q->operator.actor, "operator", on_done, q);
    }
}

void sig_api_hold_recording(sig_request *q)
{
    const sig_recording_facts *r = recording(q);
    json_t *m = r ? sig_request_json(q, "HoldRequest") : NULL;
    if (m) {
        sig_change c = {.kind = SIG_RECORDING_HOLD, .hold = json_is_true(json_object_get(m, "hold"))};
        g_strlcpy(c.recording, r->id, sizeof c.recording);
        json_decref(m);
        sig_audit_entry e = {
            .room = r->room, .actor = q->operator.actor, .operation = c.hold ? "hold" : "release", .target = c.recording};
        sig_api_commit_entry(q, &c, &e);
    }
}
