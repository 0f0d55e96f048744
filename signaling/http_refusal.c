/* What libevent refuses before there is a request of ours, as problem details; and who sends on meanwhile hears it before the
 * end. */
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "mcu/base/status.h"
#include "signaling/http_private.h"
#include "signaling/json_guard.h"

#define HEADERS_MAX 8192
#define BODY_MAX SIG_JSON_BYTES
#define LINGER_S 5 /* without a byte from who is refused */

void sig_http_set_limits(struct evhttp *ev)
{
    evhttp_set_max_headers_size(ev, HEADERS_MAX);
    evhttp_set_max_body_size(ev, BODY_MAX);
}

static void say_why(int status, const char **code, const char **detail)
{
    static const struct {
        int status;
        const char *code, *detail;
    } table[] = {{413, "too_large", "The body is larger than any that is taken here, or its chunks have no size."},
                 {417, "bad_request", "Of the Expect header only 100-continue is known."},
                 {501, "not_implemented", "That method is known nowhere on this server."},
                 {400, "bad_request", "This is not a request as HTTP/1.1 writes it, or its headers are too long."}};
    *code = mcu_error_name(MCU_ERROR_INTERNAL);
    *detail = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].status == status) {
            *code = table[i].code;
            *detail = table[i].detail;
        }
    }
}

static void write_refusal(struct evbuffer *out, int status, bool with_body)
{
    const char *code, *detail;
    say_why(status, &code, &detail);
    json_t *problem = sig_reply_problem_json(status, code, detail);
    char *text = json_dumps(problem, JSON_COMPACT);
    json_decref(problem);
    const char *body = text ? text : "{}";
    evbuffer_add_printf(out,
                        "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %zu\r\nConnection: close\r\n"
                        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n\r\n%s",
                        status, sig_reply_reason(status), strlen(body), with_body ? body : "");
    free(text);
    sig_reply_count(status);
}

/* ---- the end of such a connection ---- */

static void on_more(struct bufferevent *bev, void *connection)
{
    (void)connection;
    struct evbuffer *in = bufferevent_get_input(bev);
    evbuffer_drain(in, evbuffer_get_length(in));
}

/* All is said: the client sees the end, and what it still sends is read, for a socket closed over unread bytes is reset, and the
 * answer with it. */
static void on_said(struct bufferevent *bev, void *connection)
{
    (void)connection;
    SSL *ssl = bufferevent_openssl_get_ssl(bev);
    (void)SSL_shutdown(ssl);
    shutdown(SSL_get_fd(ssl), SHUT_WR);
}

static void on_end(struct bufferevent *bev, short what, void *connection)
{
    (void)bev;
    (void)what;
    evhttp_connection_free(connection);
}

/* In the place of libevent's own, which answers with a page of HTML: 2.1 has no hook for that (2.2: evhttp_set_errorcb), but it
 * calls the function by its public name, and a program's own comes before a library's. From here on the connection is ours; the
 * sweep of all connections ends those that send for ever. */
void evhttp_send_error(struct evhttp_request *req, int error, const char *reason)
{
    (void)reason;
    struct evhttp_connection *connection = evhttp_request_get_connection(req);
    struct bufferevent *bev = evhttp_connection_get_bufferevent(connection);
    const struct timeval linger = {LINGER_S, 0};
    bufferevent_setcb(bev, on_more, on_said, on_end, connection);
    bufferevent_set_timeouts(bev, &linger, &linger);
    write_refusal(bufferevent_get_output(bev), error, evhttp_request_get_command(req) != EVHTTP_REQ_HEAD);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
    on_more(bev, connection);
}
