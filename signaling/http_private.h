/* http_private.h - what http.c and http_connection.c share.  Thread: the gateway's loop. */
#ifndef SIGNALING_HTTP_PRIVATE_H
#define SIGNALING_HTTP_PRIVATE_H

#include "mcu/base/metrics.h"
#include "signaling/http.h"

#define SIG_HTTP_TIMEOUT_S 15 /* of a read or a write */

struct sig_http {
    sig_gateway *gateway;
    bool admin; /* the operator's own listener */
    struct evhttp *ev;
    const sig_route *routes;
    unsigned n_routes;
    sig_handler fallback;
    GPtrArray *bound;   /* evhttp_bound_socket, evhttp's */
    GQueue connections; /* open TCP connections */
    unsigned max_connections;
    struct event *sweep;
    mcu_gauge *gauge;
    sig_ws_set sockets;
};

void sig_http_connections_init(sig_http *h);
void sig_http_connections_orphan(sig_http *h); /* libevent frees the last ones after the server */
bool sig_http_may_operate(sig_request *q);     /* where the operator's API answers; false = refused and answered */
void sig_http_set_limits(struct evhttp *ev);   /* what is larger is refused at once, and told why (http_refusal.c) */
/* For answers that there is no request of ours for. */
const char *sig_reply_reason(int status);
void sig_reply_count(int status);
json_t *sig_reply_problem_json(int status, const char *code, const char *detail);
void sig_http_note_request(struct evhttp_request *ev, bool becomes_websocket);

#endif
