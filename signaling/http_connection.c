/* TCP connections below HTTP: TLS, a count, and an end for those that stay idle or dribble. */
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "mcu/base/clock.h"
#include "mcu/base/metrics.h"
#include "signaling/http_private.h"
#include "signaling/tls.h"

#define FIRST_REQUEST_NS (INT64_C(10) * 1000000000)
#define IDLE_NS (INT64_C(60) * 1000000000)
#define SWEEP_MS 2000

/* Hung on the SSL object, so that it lives exactly as long as the connection. */
typedef struct {
    sig_http *http;
    GList *link;
    SSL *ssl;
    int64_t since_ns; /* accepted, or its newest request */
    bool asked;       /* a request came */
    bool exempt;      /* a WebSocket: it watches itself */
} tcp_connection;

static int index_of_connection = -1;

static void accept_more(sig_http *h)
{
    bool room = g_queue_get_length(&h->connections) < h->max_connections;
    for (guint i = 0; i < h->bound->len; i++) {
        struct evconnlistener *l = evhttp_bound_socket_get_listener(g_ptr_array_index(h->bound, i));
        if (room) {
            evconnlistener_enable(l);
        } else {
            evconnlistener_disable(l);
        }
    }
}

static void on_ssl_freed(void *parent, void *value, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
    (void)parent;
    (void)data;
    (void)index;
    (void)argl;
    (void)argp;
    tcp_connection *c = value;
    if (c && c->http) {
        g_queue_delete_link(&c->http->connections, c->link);
        mcu_gauge_add(c->http->gauge, -1);
        accept_more(c->http);
    }
    g_free(c);
}

struct bufferevent *sig_http_new_connection(struct event_base *base, void *http)
{
    sig_http *h = http;
    SSL *ssl = sig_tls_connection(h->gateway->tls);
    struct bufferevent *bev =
        ssl ? bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE) : NULL;
    if (!bev) { /* without one evhttp would speak plain HTTP: out of memory here, as GLib would end */
        g_error("no memory for a connection");
    }
    tcp_connection *c = g_new0(tcp_connection, 1);
    c->http = h;
    c->ssl = ssl;
    c->since_ns = mcu_now_ns();
    g_queue_push_tail(&h->connections, c);
    c->link = h->connections.tail;
    SSL_set_ex_data(ssl, index_of_connection, c);
    mcu_gauge_add(h->gauge, 1);
    accept_more(h);
    return bev;
}

void sig_http_note_request(struct evhttp_request *ev, bool becomes_websocket)
{
    struct bufferevent *bev = evhttp_connection_get_bufferevent(evhttp_request_get_connection(ev));
    tcp_connection *c = SSL_get_ex_data(bufferevent_openssl_get_ssl(bev), index_of_connection);
    c->asked = true;
    c->exempt = becomes_websocket;
    c->since_ns = mcu_now_ns();
}

void sig_reply_watched(sig_request *q, bool watched)
{
    struct bufferevent *bev = evhttp_connection_get_bufferevent(evhttp_request_get_connection(q->ev));
    const struct timeval limit = {SIG_HTTP_TIMEOUT_S, 0};
    sig_http_note_request(q->ev, !watched);
    bufferevent_set_timeouts(bev, watched ? &limit : NULL, watched ? &limit : NULL);
}

static void on_sweep(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_http *h = user;
    int64_t now = mcu_now_ns();
    for (GList *i = h->connections.head; i; i = i->next) {
        tcp_connection *c = i->data;
        if (!c->exempt && now - c->since_ns > (c->asked ? IDLE_NS : FIRST_REQUEST_NS)) {
            shutdown(SSL_get_fd(c->ssl), SHUT_RDWR); /* libevent sees the end and frees it */
        }
    }
    sig_timer_arm(h->sweep, SWEEP_MS);
}

/* As configured, but what rooms and files need of the process's descriptors is left: accept() without one would spin. */
static unsigned most_connections(const sig_settings *s)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) {
        return s->max_connections;
    }
    rlim_t spared = MIN(files.rlim_cur / 2, 64 + (rlim_t)s->max_rooms);
    return (unsigned)MIN(files.rlim_cur - spared, s->max_connections);
}

void sig_http_connections_init(sig_http *h)
{
    h->max_connections = most_connections(h->gateway->settings);
    if (index_of_connection < 0) {
        index_of_connection = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_ssl_freed);
    }
    g_queue_init(&h->connections);
    h->gauge = mcu_gauge_get("tessera_http_connections", NULL, "TCP connections.");
    h->sweep = sig_timer_new(h->gateway->base, on_sweep, h);
    sig_timer_arm(h->sweep, SWEEP_MS);
}

void sig_http_connections_orphan(sig_http *h)
{
    for (GList *i = h->connections.head; i; i = i->next) {
        ((tcp_connection *)i->data)->http = NULL;
    }
    g_queue_clear(&h->connections);
}
