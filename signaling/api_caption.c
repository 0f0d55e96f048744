/* REST: a line of words over a room's picture, by an operator or a program that writes down what is said. */
#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/supervisor.h"

typedef struct {
    sig_request *request;
    unsigned turn;
    char *text;
} caption;

static void show(void *user)
{
    caption *c = user;
    sig_room *r = sig_supervisor_room(c->request->gateway->supervisor, c->request->part[0]);
    if (r) {
        sig_room_set_line(r, c->turn, c->text);
        sig_reply_empty(c->request, 204);
    } else {
        sig_reply_error(c->request, mcu_error_name(MCU_ERROR_UNAVAILABLE), "The visit has ended, or the server is going down.");
    }
    g_free(c->text);
    g_free(c);
}

/* That there are words is recorded, not each of them. */
void sig_api_caption(sig_request *q)
{
    json_t *m = sig_api_room(q) ? sig_request_json(q, "CaptionRequest") : NULL;
    if (!m) {
        return;
    }
    sig_room *r = sig_supervisor_room(q->gateway->supervisor, q->part[0]);
    caption *c = g_new(caption, 1);
    *c = (caption){q, r ? sig_room_line_turn(r) : 0, g_strdup(json_string_value(json_object_get(m, "text")))};
    json_decref(m);
    if (r && sig_room_line_begins_or_ends(r, c->text)) {
        const sig_audit_entry e = sig_api_entry(q, "caption");
        sig_audit_first(q->gateway, &e, show, c);
    } else {
        show(c);
    }
}
