#include "signaling/http.h"

#include <event2/buffer.h>
#include <event2/listener.h>
#include <string.h>
#include <sys/socket.h>

#include "mcu/base/status.h"
#include "signaling/access.h"
#include "signaling/audit.h"
#include "signaling/client.h"
#include "signaling/http_private.h"
#include "signaling/json_guard.h"
#include "signaling/permissions.h"

#define PATH_MAX_BYTES 4096

static const struct {
    enum evhttp_cmd_type command;
    const char *name;
} methods[] = {{EVHTTP_REQ_GET, "GET"},        {EVHTTP_REQ_HEAD, "HEAD"}, {EVHTTP_REQ_POST, "POST"},
               {EVHTTP_REQ_PATCH, "PATCH"},    {EVHTTP_REQ_PUT, "PUT"},   {EVHTTP_REQ_DELETE, "DELETE"},
               {EVHTTP_REQ_OPTIONS, "OPTIONS"}};

const char *sig_request_method(const sig_request *q)
{
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (methods[i].command == evhttp_request_get_command(q->ev)) {
            return methods[i].name;
        }
    }
    return "";
}

const char *sig_request_header(const sig_request *q, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(q->ev), name);
}

const char *sig_request_body(const sig_request *q, size_t *length)
{
    struct evbuffer *in = evhttp_request_get_input_buffer(q->ev);
    *length = evbuffer_get_length(in);
    evbuffer_add(in, "", 1);
    const char *body = (const char *)evbuffer_pullup(in, -1);
    return body ? body : "";
}

json_t *sig_request_json(sig_request *q, const char *schema)
{
    g_autoptr(GError) error = NULL;
    size_t length = 0;
    const char *body = sig_request_body(q, &length);
    json_t *m = sig_json_object(length ? body : "{}", length ? length : 2, &error);
    g_autofree char *pointer = g_strconcat("#/components/schemas/", schema, NULL);
    if (!m || !sig_schema_check(q->gateway->api, pointer, m, &error)) {
        json_decref(m);
        sig_reply_error(q, mcu_error_name(error->code), error->message);
        return NULL;
    }
    return m;
}

/* ---- routing ---- */

/* Splits a path into parts at '/'; false = too many. "/a/b" has two. */
static unsigned split(char *path, const char *parts[SIG_PATH_PARTS])
{
    unsigned n = 0;
    char *p = path;
    while (*p == '/') {
        *p++ = '\0';
        if (n == SIG_PATH_PARTS) {
            return SIG_PATH_PARTS + 1;
        }
        parts[n++] = p;
        p += strcspn(p, "/");
    }
    return n;
}

static bool matches(const sig_route *r, sig_request *q, const char *const *parts, unsigned n)
{
    const char *p = r->pattern;
    unsigned i = 0;
    q->n_parts = 0;
    for (; *p == '/' && i < n; i++) {
        size_t length = strcspn(++p, "/");
        if (length == 1 && *p == '*') {
            q->part[q->n_parts++] = parts[i];
        } else if (strlen(parts[i]) != length || strncmp(p, parts[i], length) != 0) {
            return false;
        }
        p += length;
    }
    return *p == '\0' && i == n;
}

static void refuse_method(sig_request *q, unsigned allowed)
{
    GString *list = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        if (allowed & (unsigned)methods[i].command) {
            g_string_append_printf(list, "%s%s", list->len ? ", " : "", methods[i].name);
        }
    }
    sig_reply_header(q, "Allow", list->str);
    g_string_free(list, TRUE);
    sig_reply_problem(q, 405, "method_not_allowed", "This resource does not know that method.");
}

bool sig_http_may_operate(sig_request *q)
{
    if (!sig_client_may_operate(q)) {
        sig_reply_problem(q, 403, mcu_error_name(MCU_ERROR_FORBIDDEN),
                          "The operator's API does not answer here: see [admin] in the configuration.");
        return false;
    }
    return true;
}

/* False = refused and answered. */
static bool admitted(sig_request *q, sig_access_level level)
{
    if (level == SIG_ACCESS_REVIEWER) {
        switch (sig_access_review(q->gateway, sig_auth_bearer(sig_request_header(q, "Authorization")), &q->operator)) {
        case SIG_REVIEW_ALLOWED:
            return true;
        case SIG_REVIEW_REFUSED:
            sig_reply_problem(q, 403, mcu_error_name(MCU_ERROR_FORBIDDEN), sig_permission_refusal(SIG_MAY_REVIEW));
            return false;
        case SIG_REVIEW_NO_LINK:
            break;
        }
    }
    if (level != SIG_ACCESS_PUBLIC && !sig_http_may_operate(q)) {
        return false;
    }
    if (level != SIG_ACCESS_ADMIN && level != SIG_ACCESS_REVIEWER) {
        return true;
    }
    const char *refusal =
        sig_operators_identify(q->gateway->operators, sig_request_header(q, "Authorization"), sig_now_s(), &q->operator);
    if (refusal) {
        const sig_audit_entry e = {.operation = "operate", .reason = mcu_error_name(MCU_ERROR_UNAUTHORIZED)};
        sig_audit_refused(q->gateway, &e);
        sig_reply_problem(q, 401, mcu_error_name(MCU_ERROR_UNAUTHORIZED), refusal);
    }
    return !refusal;
}

static void dispatch(sig_http *h, sig_request *q)
{
    const char *parts[SIG_PATH_PARTS] = {NULL};
    q->storage = g_strdup(q->path);
    unsigned n = split(q->storage, parts), allowed = 0;
    unsigned command = (unsigned)evhttp_request_get_command(q->ev);
    for (unsigned i = 0; i < h->n_routes && n <= SIG_PATH_PARTS; i++) {
        const sig_route *r = &h->routes[i];
        if (!matches(r, q, parts, n)) {
            continue;
        }
        allowed |= r->methods;
        if (!(r->methods & command)) {
            continue;
        }
        if (!admitted(q, r->access)) {
            return;
        }
        r->handler(q);
        return;
    }
    if (allowed) {
        refuse_method(q, allowed);
    } else {
        h->fallback(q);
    }
}

static char *decoded_path(struct evhttp_request *ev)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(ev);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    if (!path || *path != '/' || strlen(path) > PATH_MAX_BYTES) {
        return NULL;
    }
    return g_uri_unescape_string(path, "/"); /* NULL for an encoded slash or zero */
}

static void on_request(struct evhttp_request *ev, void *user)
{
    sig_http *h = user;
    sig_request *q = g_new0(sig_request, 1);
    q->gateway = h->gateway;
    q->http = h;
    q->ev = ev;
    q->path = decoded_path(ev);
    sig_http_note_request(ev, false);
    if (!q->path) {
        sig_reply_problem(q, 400, mcu_error_name(MCU_ERROR_BAD_REQUEST), "The address is malformed.");
        return;
    }
    dispatch(h, q);
}

/* ---- life ---- */

sig_http *sig_http_new(sig_gateway *g, bool admin, const sig_route *routes, unsigned n_routes, sig_handler fallback)
{
    sig_http *h = g_new0(sig_http, 1);
    h->gateway = g;
    h->admin = admin;
    h->routes = routes;
    h->n_routes = n_routes;
    h->fallback = fallback;
    h->bound = g_ptr_array_new();
    sig_ws_set_init(&h->sockets);
    sig_http_connections_init(h);
    h->ev = evhttp_new(g->base);
    evhttp_set_bevcb(h->ev, sig_http_new_connection, h);
    evhttp_set_gencb(h->ev, on_request, h);
    sig_http_set_limits(h->ev);
    evhttp_set_timeout(h->ev, SIG_HTTP_TIMEOUT_S);
    evhttp_set_default_content_type(h->ev, NULL);
    uint16_t allowed = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        allowed = (uint16_t)(allowed | methods[i].command);
    }
    evhttp_set_allowed_methods(h->ev, allowed);
    return h;
}

bool sig_http_listen(sig_http *h, int take_fd)
{
    evutil_make_socket_nonblocking(take_fd);
    /* Not LEV_OPT_CLOSE_ON_FREE alone: the launcher keeps its own copy, so ours may go. */
    struct evconnlistener *l =
        evconnlistener_new(h->gateway->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, take_fd);
    struct evhttp_bound_socket *b = l ? evhttp_bind_listener(h->ev, l) : NULL;
    if (!b) {
        return false;
    }
    g_ptr_array_add(h->bound, b);
    return true;
}

void sig_http_stop_listening(sig_http *h)
{
    for (guint i = 0; i < h->bound->len; i++) {
        evhttp_del_accept_socket(h->ev, g_ptr_array_index(h->bound, i));
    }
    g_ptr_array_set_size(h->bound, 0);
}

void sig_http_drop_sockets(sig_http *h)
{
    sig_ws_set_abort(&h->sockets);
}

void sig_http_free(sig_http *h)
{
    if (h) {
        sig_ws_set_abort(&h->sockets);
        sig_http_stop_listening(h);
        evhttp_free(h->ev);
        sig_http_connections_orphan(h);
        event_free(h->sweep);
        g_ptr_array_free(h->bound, TRUE);
        g_free(h);
    }
}

sig_ws_set *sig_http_sockets(sig_http *h)
{
    return &h->sockets;
}

unsigned sig_http_connections(const sig_http *h)
{
    return h->connections.length;
}
