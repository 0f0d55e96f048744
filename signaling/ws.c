#include "signaling/ws.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>
#include <wslay/wslay.h>

#include "mcu/base/clock.h"
#include "mcu/base/metrics.h"
#include "signaling/gateway.h"

#define OUTPUT_MAX (256u * 1024)
#define QUEUE_MAX (512u * 1024)
#define QUEUE_MAX_MESSAGES 1024 /* answers to empty pings have no length */
#define PING_MS 15000
#define DEAD_NS (INT64_C(40) * 1000000000)
#define LINGER_MS 2000

struct sig_ws {
    sig_ws_set *set;
    GList *link;
    struct evhttp_connection *connection;
    struct bufferevent *bev;
    wslay_event_context_ptr ctx;
    struct event *timer, *end;
    sig_ws_events events;
    void *user;
    int64_t heard_ns;
    unsigned close_code; /* of the close frame that waits for the messages before it; 0 = none */
    char close_reason[64];
    bool closing; /* a close frame was sent or received: wait for the output to drain */
    bool ended;   /* destroyed at the next turn of the loop */
    bool receiving;
};

static mcu_gauge *sockets(void)
{
    return mcu_gauge_get("tessera_websockets", NULL, "WebSocket connections.");
}

void sig_ws_set_init(sig_ws_set *set)
{
    g_queue_init(&set->all);
}

void sig_ws_accept_key(const char *key, char out[29])
{
    unsigned char digest[SHA_DIGEST_LENGTH];
    g_autofree char *text = g_strconcat(key, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", NULL); /* RFC 6455 1.3 */
    SHA1((const unsigned char *)text, strlen(text), digest);
    EVP_EncodeBlock((unsigned char *)out, digest, sizeof digest);
}

static bool has_token(const char *list, const char *token)
{
    g_auto(GStrv) parts = g_strsplit(list ? list : "", ",", 16);
    for (char **p = parts; *p; p++) {
        if (g_ascii_strcasecmp(g_strstrip(*p), token) == 0) {
            return true;
        }
    }
    return false;
}

const char *sig_ws_check_request(struct evhttp_request *req)
{
    struct evkeyvalq *h = evhttp_request_get_input_headers(req);
    const char *version = evhttp_find_header(h, "Sec-WebSocket-Version");
    const char *key = evhttp_find_header(h, "Sec-WebSocket-Key");
    if (evhttp_request_get_command(req) != EVHTTP_REQ_GET || !has_token(evhttp_find_header(h, "Upgrade"), "websocket") ||
        !has_token(evhttp_find_header(h, "Connection"), "upgrade")) {
        return "a WebSocket handshake is needed";
    }
    if (!version || strcmp(version, "13") != 0) {
        return "Sec-WebSocket-Version must be 13";
    }
    return key && strlen(key) == 24 ? NULL : "Sec-WebSocket-Key must have 24 characters";
}

/* ---- the end ---- */

static void destroy(sig_ws *w)
{
    unsigned code = wslay_event_get_close_received(w->ctx) ? wslay_event_get_status_code_received(w->ctx) : SIG_WS_LOST;
    sig_ws_events events = w->events;
    void *user = w->user;
    g_queue_delete_link(&w->set->all, w->link);
    wslay_event_context_free(w->ctx);
    evhttp_connection_free(w->connection); /* and with it the bufferevent and the request */
    event_free(w->timer);
    event_free(w->end);
    g_free(w);
    mcu_gauge_add(sockets(), -1);
    events.on_closed(user, code);
}

static void on_end(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    destroy(user);
}

/* libevent is still using the objects when its callbacks run: they are freed on the next turn. */
static void end(sig_ws *w)
{
    if (!w->ended) {
        w->ended = true;
        bufferevent_disable(w->bev, EV_READ | EV_WRITE);
        bufferevent_setcb(w->bev, NULL, NULL, NULL, NULL);
        sig_timer_arm(w->end, 0);
    }
}

void sig_ws_set_abort(sig_ws_set *set)
{
    sig_ws *w = NULL;
    while ((w = g_queue_peek_head(&set->all))) {
        destroy(w);
    }
}

/* ---- reading and writing ---- */

static void begin_closing(sig_ws *w)
{
    if (!w->closing) {
        w->closing = true;
        sig_timer_arm(w->timer, LINGER_MS);
    }
}

/* wslay sends a close frame before everything that waits, and then nothing more: so it is queued last. */
static int send_queued(sig_ws *w)
{
    int result = wslay_event_send(w->ctx);
    if (result != 0 || w->close_code == 0 || wslay_event_get_queued_msg_count(w->ctx) > 0) {
        return result;
    }
    wslay_event_queue_close(w->ctx, (uint16_t)w->close_code, (const uint8_t *)w->close_reason, strlen(w->close_reason));
    w->close_code = 0;
    return wslay_event_send(w->ctx);
}

static void flush(sig_ws *w)
{
    if (w->ended || w->receiving) {
        return;
    }
    if (send_queued(w) != 0 || wslay_event_get_queued_msg_length(w->ctx) > QUEUE_MAX ||
        wslay_event_get_queued_msg_count(w->ctx) > QUEUE_MAX_MESSAGES) {
        end(w);
        return;
    }
    if (wslay_event_get_close_sent(w->ctx) || wslay_event_get_close_received(w->ctx)) {
        begin_closing(w);
    }
    bool drained = evbuffer_get_length(bufferevent_get_output(w->bev)) == 0;
    if (drained && wslay_event_get_close_sent(w->ctx) && wslay_event_get_close_received(w->ctx)) {
        end(w);
    }
}

static void pump(sig_ws *w)
{
    if (w->ended) {
        return;
    }
    w->receiving = true;
    int result = wslay_event_recv(w->ctx);
    w->receiving = false;
    if (result != 0) {
        end(w);
        return;
    }
    if (w->closing || !wslay_event_get_read_enabled(w->ctx)) { /* unread bytes would turn our close into a reset */
        struct evbuffer *input = bufferevent_get_input(w->bev);
        evbuffer_drain(input, evbuffer_get_length(input));
    }
    flush(w);
}

static ssize_t ws_recv(wslay_event_context_ptr ctx, uint8_t *buffer, size_t length, int flags, void *user)
{
    (void)flags;
    sig_ws *w = user;
    size_t n = bufferevent_read(w->bev, buffer, length);
    if (n == 0) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    return (ssize_t)n;
}

static ssize_t ws_send(wslay_event_context_ptr ctx, const uint8_t *data, size_t length, int flags, void *user)
{
    (void)flags;
    sig_ws *w = user;
    if (evbuffer_get_length(bufferevent_get_output(w->bev)) > OUTPUT_MAX) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    if (bufferevent_write(w->bev, data, length) != 0) {
        wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
        return -1;
    }
    return (ssize_t)length;
}

static void ws_message(wslay_event_context_ptr ctx, const struct wslay_event_on_msg_recv_arg *m, void *user)
{
    (void)ctx;
    sig_ws *w = user;
    if (w->closing || wslay_is_ctrl_frame(m->opcode)) {
        return;
    }
    if (m->opcode != WSLAY_TEXT_FRAME) {
        sig_ws_close(w, WSLAY_CODE_UNSUPPORTED_DATA, "text only");
        return;
    }
    w->events.on_text(w->user, (const char *)m->msg, m->msg_length);
}

static void on_read(struct bufferevent *bev, void *user)
{
    (void)bev;
    sig_ws *w = user;
    w->heard_ns = mcu_now_ns();
    pump(w);
}

static void on_write(struct bufferevent *bev, void *user)
{
    (void)bev;
    flush(user);
}

static void on_event(struct bufferevent *bev, short what, void *user)
{
    (void)bev;
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) {
        end(user);
    }
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_ws *w = user;
    if (w->closing || mcu_now_ns() - w->heard_ns > DEAD_NS) {
        end(w);
        return;
    }
    struct wslay_event_msg ping = {.opcode = WSLAY_PING};
    wslay_event_queue_msg(w->ctx, &ping);
    sig_timer_arm(w->timer, PING_MS);
    flush(w);
}

/* ---- the beginning ---- */

static void answer(sig_ws *w, const char *key)
{
    char accept[29];
    sig_ws_accept_key(key, accept);
    evbuffer_add_printf(bufferevent_get_output(w->bev),
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n",
                        accept);
}

sig_ws *sig_ws_take(sig_ws_set *set, struct event_base *base, struct evhttp_request *req, const sig_ws_events *events, void *user)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = ws_recv, .send_callback = ws_send, .on_msg_recv_callback = ws_message};
    sig_ws *w = g_new0(sig_ws, 1);
    w->set = set;
    w->events = *events;
    w->user = user;
    w->heard_ns = mcu_now_ns();
    w->connection = evhttp_request_get_connection(req);
    w->bev = evhttp_connection_get_bufferevent(w->connection);
    w->timer = sig_timer_new(base, on_timer, w);
    w->end = sig_timer_new(base, on_end, w);
    g_queue_push_tail(&set->all, w);
    w->link = set->all.tail;
    mcu_gauge_add(sockets(), 1);
    /* From here on the connection is ours: evhttp's own callbacks and timeouts would free it under us. */
    evhttp_connection_set_closecb(w->connection, NULL, NULL);
    bufferevent_setcb(w->bev, on_read, on_write, on_event, w);
    bufferevent_setwatermark(w->bev, EV_READ, 0, 128 * 1024);
    bufferevent_set_timeouts(w->bev, NULL, NULL);
    g_assert(wslay_event_context_server_init(&w->ctx, &callbacks, w) == 0);
    wslay_event_config_set_max_recv_msg_length(w->ctx, SIG_WS_MESSAGE_MAX);
    answer(w, evhttp_find_header(evhttp_request_get_input_headers(req), "Sec-WebSocket-Key"));
    bufferevent_enable(w->bev, EV_READ | EV_WRITE);
    sig_timer_arm(w->timer, PING_MS);
    return w;
}

void sig_ws_start(sig_ws *w)
{
    pump(w);
}

void sig_ws_send(sig_ws *w, const char *text, size_t length)
{
    if (w->ended || w->closing) {
        return;
    }
    struct wslay_event_msg m = {.opcode = WSLAY_TEXT_FRAME, .msg = (const uint8_t *)text, .msg_length = length};
    wslay_event_queue_msg(w->ctx, &m);
    flush(w);
}

void sig_ws_close(sig_ws *w, unsigned code, const char *reason)
{
    if (w->ended || w->closing) {
        return;
    }
    w->close_code = code;
    g_strlcpy(w->close_reason, reason, sizeof w->close_reason);
    begin_closing(w);
    flush(w);
}
