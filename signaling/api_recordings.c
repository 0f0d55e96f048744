/* REST: a room's recording and its policy, and what people said who cannot press a button. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/recording.h"
#include "signaling/supervisor.h"

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

typedef struct {
    sig_request *q;
    bool stops;
    char before[SIG_ID_MAX + 1]; /* the recording that it is about */
} command;

/* One that is stopped is off, although its last part is being written to its end. */
static void on_commanded(void *user, const char *code, const char *message)
{
    command *k = user;
    const sig_recording *c = code ? NULL : recording_of(k->q);
    if (code && strcmp(code, SIG_RECORDING_DISK_FULL) == 0) {
        sig_reply_problem(k->q, 503, code, message);
    } else if (code) {
        sig_reply_error(k->q, code, message);
    } else if (c) {
        const char *id = k->stops ? k->before : sig_recording_id(c), *state = k->stops ? "off" : sig_recording_state(c);
        sig_reply_json(k->q, 200, json_pack("{s:s, s:s}", "recording", id, "state", state));
    }
    g_free(k);
}

void sig_api_record(sig_request *q)
{
    sig_recording *c = recording_of(q);
    json_t *m = c ? sig_request_json(q, "RecordRequest") : NULL;
    if (m) {
        g_autofree char *action = g_strdup(json_string_value(json_object_get(m, "action")));
        json_decref(m);
        command *k = g_new0(command, 1);
        *k = (command){.q = q, .stops = strcmp(action, "stop") == 0};
        g_strlcpy(k->before, sig_recording_id(c), sizeof k->before);
        sig_recording_command(c, action, q->operator.actor, on_commanded, k);
    }
}

void sig_api_set_policy(sig_request *q)
{
    const sig_recording *c = recording_of(q);
    json_t *m = c ? sig_request_json(q, "RecordingPolicyRequest") : NULL;
    if (!m) {
        return;
    }
    const sig_room_facts *r = sig_facts_room(q->gateway->facts, q->part[0]);
    const char *policy = json_string_value(json_object_get(m, "policy"));
    const char *evidence = json_string_value(json_object_get(m, "evidence"));
    sig_change change = {.kind = SIG_ROOM_RECORDING};
    g_strlcpy(change.room, q->part[0], sizeof change.room);
    g_strlcpy(change.policy, policy ? policy : r->policy, sizeof change.policy);
    g_strlcpy(change.evidence, evidence ? evidence : r->evidence, sizeof change.evidence);
    json_decref(m);
    bool other = strcmp(change.policy, r->policy) != 0 && strcmp(change.policy, SIG_POLICY_NOBODY) != 0;
    if (other && *sig_recording_id(c)) {
        sig_reply_error(q, mcu_error_name(MCU_ERROR_CONFLICT), "Not while the visit is being recorded: stop that first.");
    } else {
        sig_api_commit_one(q, &change, "recording_policy");
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
        sig_recording_consent(c, q->part[1], agrees, method, q->operator.actor, sig_api_done, q);
    }
}
