/* http.h - HTTPS on the listening sockets: limits, routes, and how a handler reads a request and answers it.  Thread: the
 * gateway's loop. A handler answers exactly once, now or later; every error is a problem detail (RFC 9457). */
#ifndef SIGNALING_HTTP_H
#define SIGNALING_HTTP_H

#include <event2/http.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "signaling/gateway.h"
#include "signaling/operator.h"
#include "signaling/ws.h"

#define SIG_PATH_PARTS 8

typedef struct sig_request {
    sig_gateway *gateway;
    const sig_http *http; /* that took it */
    struct evhttp_request *ev;
    char *path;                       /* decoded */
    char *storage;                    /* what `part` points into */
    const char *part[SIG_PATH_PARTS]; /* what the route's stars matched */
    unsigned n_parts;
    sig_operator operator; /* who sent it, on routes that need one */
} sig_request;

typedef void (*sig_handler)(sig_request *q);
typedef enum {
    SIG_ACCESS_NONE = 0,
    SIG_ACCESS_PUBLIC,
    SIG_ACCESS_OPERATOR, /* only where the operator's API answers: see client.h */
    SIG_ACCESS_ADMIN,    /* there, and by an operator: see operator.h */
    SIG_ACCESS_REVIEWER, /* the same, or anywhere by a link that shows a visit's recordings: q->operator.room is set then */
} sig_access_level;
typedef struct {
    unsigned methods;    /* EVHTTP_REQ_* */
    const char *pattern; /* "/api/v1/rooms/" "*": a star is one part of a path */
    sig_handler handler;
    sig_access_level access;
} sig_route;

/* `admin`: for the operator's own listener. */
sig_http *sig_http_new(sig_gateway *g, bool admin, const sig_route *routes, unsigned n_routes, sig_handler fallback);
bool sig_http_listen(sig_http *h, int take_fd); /* a listening TCP socket */
void sig_http_stop_listening(sig_http *h);
void sig_http_drop_sockets(sig_http *h); /* every WebSocket, at once */
void sig_http_free(sig_http *h);
sig_ws_set *sig_http_sockets(sig_http *h);

/* ---- the request ---- */
const char *sig_request_header(const sig_request *q, const char *name); /* NULL = absent */
const char *sig_request_body(const sig_request *q, size_t *length);     /* zero-terminated too; valid until the reply */
/* The body as an object that fits components/schemas/`schema` of the API; NULL = a problem has been answered. */
json_t *sig_request_json(sig_request *q, const char *schema);
const char *sig_request_method(const sig_request *q);

/* ---- the answer: each frees the request ---- */
void sig_reply_header(sig_request *q, const char *name, const char *value); /* before the answer; replaces */
void sig_reply_json(sig_request *q, int status, json_t *take_body);
void sig_reply_body(sig_request *q, int status, const char *type, const void *body, size_t length);
void sig_reply_empty(sig_request *q, int status);
/* The head of an answer whose body follows by evhttp_send_reply_chunk_with_cb(); the request stays the caller's. The connection
 * is watched by who sends, not by http_connection.c, until sig_reply_watched(q, true). */
void sig_reply_start(sig_request *q, int status);
void sig_reply_watched(sig_request *q, bool watched);
/* `code` is an mcu_error_name() or one of the API's own; `detail` a sentence. */
void sig_reply_problem(sig_request *q, int status, const char *code, const char *detail);
void sig_reply_error(sig_request *q, const char *code, const char *detail); /* the status follows from the code */
void sig_reply_release(sig_request *q);                                     /* without an answer: its connection was taken over */

/* By http_connection.c: a server-side bufferevent for the next connection, counted. */
struct bufferevent *sig_http_new_connection(struct event_base *base, void *http);
unsigned sig_http_connections(const sig_http *h);

#endif
