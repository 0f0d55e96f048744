/* REST: who hears a participant and what the participant hears, as the client's message `sound` has it. */
#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/session.h"
#include "signaling/supervisor.h"

typedef struct {
    sig_request *request;
    json_t *order;
} wish;

static void on_done(void *user, const json_t *reply, const char *code, const char *message)
{
    sig_request *q = user;
    if (reply) {
        sig_reply_empty(q, 204);
    } else {
        sig_reply_error(q, code, message);
    }
}

static void on_recorded(void *user)
{
    wish *w = user;
    sig_request *q = w->request;
    sig_room *r = sig_supervisor_room(q->gateway->supervisor, q->part[0]);
    if (!r || !sig_room_call(r, json_incref(w->order), false, on_done, q)) {
        sig_reply_problem(q, 409, mcu_error_name(MCU_ERROR_CONFLICT), "The visit is not running.");
    }
    json_decref(w->order);
    g_free(w);
}

void sig_api_sound(sig_request *q)
{
    const sig_seat_facts *s = sig_api_seat(q);
    json_t *m = s ? sig_request_json(q, "SoundRequest") : NULL;
    if (!m) {
        return;
    }
    sig_permission first;
    wish *w = g_new0(wish, 1);
    *w = (wish){q, sig_sound_order(q->part[1], m, &first)};
    json_decref(m);
    if (first == SIG_MAY_NONE) {
        json_decref(w->order);
        g_free(w);
        sig_reply_error(q, mcu_error_name(MCU_ERROR_BAD_REQUEST), "there is nothing to change");
        return;
    }
    const sig_audit_entry e = sig_api_entry(q, sig_permission_name(first));
    sig_audit_first(q->gateway, &e, on_recorded, w);
}
