/* Health, readiness, metrics, and the published descriptions. */
#include <string.h>

#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/api.h"
#include "signaling/supervisor.h"

void sig_api_health(sig_request *q)
{
    sig_reply_json(q, 200, json_pack("{s:s, s:s}", "status", "ok", "version", TESSERA_VERSION));
}

void sig_api_ready(sig_request *q)
{
    const char *problem = NULL;
    if (q->gateway->closing || q->gateway->draining) {
        problem = "The server is going down.";
    } else if (!sig_store_healthy(q->gateway->store) || sig_store_stalled(q->gateway->store)) {
        problem = "The database cannot be written.";
    } else if (!sig_supervisor_ready(q->gateway->supervisor)) {
        problem = "No room process stands by.";
    }
    if (problem) {
        sig_reply_problem(q, 503, mcu_error_name(MCU_ERROR_UNAVAILABLE), problem);
    } else {
        sig_reply_json(q, 200, json_pack("{s:s}", "status", "ready"));
    }
}

/* ---- metrics: ours and every room's, summed ---- */

typedef struct {
    sig_request *q;
    json_t *sum;
    unsigned waiting;
} collection;

static void finish(collection *c)
{
    if (--c->waiting > 0) {
        return;
    }
    char *text = mcu_metrics_text(c->sum);
    sig_reply_body(c->q, 200, "text/plain; version=0.0.4; charset=utf-8", text, strlen(text));
    g_free(text);
    json_decref(c->sum);
    g_free(c);
}

static void on_metrics(void *user, const json_t *reply, const char *code, const char *message)
{
    collection *c = user;
    (void)code; /* a room that does not answer is missing from the sum */
    (void)message;
    const json_t *metrics = json_object_get(reply, "metrics");
    if (json_is_array(metrics)) {
        mcu_metrics_json_merge(c->sum, metrics);
    }
    finish(c);
}

static void ask(sig_room *r, void *user)
{
    collection *c = user;
    if (sig_room_running(r) && sig_room_call(r, json_pack("{s:s}", "type", "metrics"), false, on_metrics, c)) {
        c->waiting++;
    }
}

void sig_api_metrics(sig_request *q)
{
    sig_gateway *g = q->gateway;
    mcu_gauge_set(mcu_gauge_get("tessera_rooms", NULL, "Rooms that exist."), sig_facts_live_rooms(g->facts));
    mcu_gauge_set(mcu_gauge_get("tessera_seats", NULL, "Seats of all rooms."), sig_facts_live_seats(g->facts));
    mcu_gauge_set(mcu_gauge_get("tessera_rooms_running", NULL, "Rooms that have a process."),
                  sig_supervisor_running(g->supervisor));
    collection *c = g_new0(collection, 1);
    c->q = q;
    c->sum = mcu_metrics_json();
    c->waiting = 1;
    sig_supervisor_each(g->supervisor, ask, c);
    finish(c);
}

/* ---- descriptions ---- */

void sig_api_openapi(sig_request *q)
{
    sig_reply_header(q, "Cache-Control", "no-cache");
    sig_reply_json(q, 200, json_copy((json_t *)(uintptr_t)sig_schema_document(q->gateway->api)));
}

void sig_api_messages(sig_request *q)
{
    sig_reply_header(q, "Cache-Control", "no-cache");
    sig_reply_json(q, 200, json_copy((json_t *)(uintptr_t)sig_schema_document(q->gateway->messages)));
}
