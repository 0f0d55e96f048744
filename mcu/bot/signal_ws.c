#include <string.h>

#include "mcu/bot/signal.h"

enum { FIRST_RETRY_MS = 300, LAST_RETRY_MS = 2000, PING_S = 2, MAX_MISSED_PINGS = 3, LEAVE_MS = 1000, CONNECT_S = 5 };

typedef struct {
    mcu_signal base;
    char *url, *token, *session; /* session "" = a fresh one is wanted */
    GCancellable *connecting;    /* NULL = no attempt under way */
    SoupWebsocketConnection *socket;
    unsigned attempt, missed_pings;
    guint retry, ping, deadline;
    bool joined, leaving;
} ws;

static void connect_now(ws *w);

static void clear_source(guint *id)
{
    if (*id != 0) {
        g_source_remove(*id);
        *id = 0;
    }
}

static void drop(ws *w)
{
    clear_source(&w->ping);
    clear_source(&w->deadline);
    w->joined = false;
    if (w->connecting != NULL) {
        g_cancellable_cancel(w->connecting);
        g_clear_object(&w->connecting);
    }
    if (w->socket != NULL) {
        g_signal_handlers_disconnect_by_data(w->socket, w);
        if (soup_websocket_connection_get_state(w->socket) == SOUP_WEBSOCKET_STATE_OPEN) {
            soup_websocket_connection_close(w->socket, SOUP_WEBSOCKET_CLOSE_NORMAL, NULL);
        }
        g_clear_object(&w->socket);
    }
}

static bool send_json(ws *w, json_t *take_message)
{
    const bool open = w->socket != NULL && soup_websocket_connection_get_state(w->socket) == SOUP_WEBSOCKET_STATE_OPEN;
    if (open) {
        char *text = json_dumps(take_message, JSON_COMPACT);
        soup_websocket_connection_send_text(w->socket, text);
        free(text);
    }
    json_decref(take_message);
    return open;
}

static gboolean on_retry(gpointer user)
{
    ws *w = user;
    w->retry = 0;
    connect_now(w);
    return G_SOURCE_REMOVE;
}

static void lost(ws *w, const char *why)
{
    drop(w);
    if (w->base.ended) {
        return;
    }
    if (w->leaving) {
        mcu_signal_end(&w->base, "left");
        return;
    }
    const unsigned wait = MIN(LAST_RETRY_MS, FIRST_RETRY_MS << MIN(w->attempt, 4u));
    w->attempt++;
    clear_source(&w->retry);
    w->retry = g_timeout_add(wait, on_retry, w);
    w->base.callbacks->on_down(w->base.user, why);
}

static gboolean on_ping(gpointer user)
{
    ws *w = user;
    if (++w->missed_pings > MAX_MISSED_PINGS) {
        w->ping = 0;
        lost(w, "silent");
        return G_SOURCE_REMOVE;
    }
    send_json(w, json_pack("{s:s, s:i}", "type", "ping", "id", (int)w->missed_pings));
    return G_SOURCE_CONTINUE;
}

static const char *text_of(const json_t *m, const char *member)
{
    const char *v = json_string_value(json_object_get(m, member));
    return v != NULL ? v : "";
}

static void on_joined(ws *w, const json_t *m)
{
    const bool resumed = json_is_true(json_object_get(m, "resumed"));
    w->joined = true;
    w->attempt = 0;
    g_free(w->session);
    w->session = g_strdup(text_of(m, "session"));
    w->base.callbacks->on_joined(w->base.user, text_of(m, "seat"), resumed);
}

static void on_error(ws *w, const json_t *m)
{
    g_autofree char *why = g_strdup_printf("%s: %s", text_of(m, "code"), text_of(m, "message"));
    if (json_is_true(json_object_get(m, "fatal"))) {
        mcu_signal_end(&w->base, why);
    } else {
        w->base.callbacks->on_refused(w->base.user, why);
    }
}

static void on_object(ws *w, const json_t *m)
{
    const char *type = text_of(m, "type");
    const mcu_signal_callbacks *to = w->base.callbacks;
    void *user = w->base.user;
    if (strcmp(type, "joined") == 0) {
        on_joined(w, m);
    } else if (strcmp(type, "answer") == 0) {
        to->on_answer(user, text_of(m, "sdp"));
    } else if (strcmp(type, "candidate") == 0) {
        to->on_candidate(user, text_of(m, "candidate"), text_of(m, "mid"));
    } else if (strcmp(type, "layout") == 0) {
        to->on_layout(user, m);
    } else if (strcmp(type, "restart") == 0) {
        to->on_restart(user);
    } else if (strcmp(type, "replaced") == 0) {
        mcu_signal_end(&w->base, "replaced");
    } else if (strcmp(type, "ended") == 0) {
        mcu_signal_end(&w->base, text_of(m, "reason"));
    } else if (strcmp(type, "error") == 0) {
        on_error(w, m);
    }
}

static void on_message(SoupWebsocketConnection *c, gint type, GBytes *message, gpointer user)
{
    ws *w = user;
    gsize size = 0;
    const char *data = g_bytes_get_data(message, &size);
    (void)c;
    w->missed_pings = 0;
    json_t *m = type == SOUP_WEBSOCKET_DATA_TEXT && data != NULL ? json_loadb(data, size, 0, NULL) : NULL;
    if (m != NULL) {
        on_object(w, m);
        json_decref(m);
    }
}

static void on_closed(SoupWebsocketConnection *c, gpointer user)
{
    (void)c;
    lost(user, "closed");
}

static gboolean on_deadline(gpointer user)
{
    ws *w = user;
    w->deadline = 0;
    lost(w, "no connection in time");
    return G_SOURCE_REMOVE;
}

static void on_connected(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    SoupWebsocketConnection *c = soup_session_websocket_connect_finish(SOUP_SESSION(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        return; /* `user` may be gone */
    }
    ws *w = user;
    g_clear_object(&w->connecting);
    if (c == NULL) {
        lost(w, error->message);
        return;
    }
    clear_source(&w->deadline);
    w->socket = c;
    w->missed_pings = 0;
    soup_websocket_connection_set_max_incoming_payload_size(c, 1024 * 1024);
    g_signal_connect(c, "message", G_CALLBACK(on_message), w);
    g_signal_connect(c, "closed", G_CALLBACK(on_closed), w);
    w->ping = g_timeout_add_seconds(PING_S, on_ping, w);
    json_t *join = json_pack("{s:s, s:s}", "type", "join", "token", w->token);
    if (w->session[0] != '\0') {
        json_object_set_new(join, "session", json_string(w->session));
    }
    send_json(w, join);
}

static void connect_now(ws *w)
{
    drop(w);
    clear_source(&w->retry);
    g_autoptr(SoupMessage) m = mcu_signal_request("GET", w->url, w->base.insecure);
    if (m == NULL) {
        mcu_signal_end(&w->base, "the address is not a URL");
        return;
    }
    w->connecting = g_cancellable_new();
    w->deadline = g_timeout_add_seconds(CONNECT_S, on_deadline, w);
    soup_session_websocket_connect_async(w->base.soup, m, NULL, NULL, G_PRIORITY_DEFAULT, w->connecting, on_connected, w);
}

/* ---- the interface ---- */

static void start(mcu_signal *s)
{
    connect_now((ws *)s);
}

static void rejoin(mcu_signal *s)
{
    ws *w = (ws *)s;
    w->session[0] = '\0';
    connect_now(w);
}

static void offer(mcu_signal *s, const char *sdp)
{
    ws *w = (ws *)s;
    send_json(w, json_pack("{s:s, s:s, s:s}", "type", "offer", "sdp", sdp, "session", w->session));
}

static void candidate(mcu_signal *s, const char *text, const char *mid)
{
    send_json((ws *)s, json_pack("{s:s, s:s, s:s}", "type", "candidate", "candidate", text != NULL ? text : "", "mid", mid));
}

static void state(mcu_signal *s, bool audio, bool video)
{
    send_json((ws *)s, json_pack("{s:s, s:b, s:b}", "type", "state", "audio", audio, "video", video));
}

static void tier(mcu_signal *s, const char *name)
{
    send_json((ws *)s, json_pack("{s:s, s:s}", "type", "tier", "tier", name));
}

static gboolean leave_in_time(gpointer user)
{
    ws *w = user;
    w->deadline = 0;
    lost(w, "left");
    return G_SOURCE_REMOVE;
}

static void leave(mcu_signal *s)
{
    ws *w = (ws *)s;
    w->leaving = true;
    clear_source(&w->retry);
    clear_source(&w->deadline);
    const bool told = send_json(w, json_pack("{s:s}", "type", "leave"));
    w->deadline = g_timeout_add(told ? LEAVE_MS : 0, leave_in_time, w);
}

static void free_ws(mcu_signal *s)
{
    ws *w = (ws *)s;
    w->base.ended = true;
    drop(w);
    clear_source(&w->retry);
    g_free(w->url);
    g_free(w->token);
    g_free(w->session);
    g_free(w);
}

mcu_signal *mcu_signal_ws_new(SoupSession *soup, const char *base, const char *token, bool insecure,
                              const mcu_signal_callbacks *callbacks, void *user)
{
    static const mcu_signal_kind kind = {start, rejoin, offer, candidate, state, tier, leave, free_ws, true};
    ws *w = g_new0(ws, 1);
    w->base = (mcu_signal){.kind = &kind, .soup = soup, .callbacks = callbacks, .user = user, .insecure = insecure};
    w->url = g_str_has_prefix(base, "http") ? g_strconcat("ws", base + 4, "/ws", NULL) : g_strconcat(base, "/ws", NULL);
    w->token = g_strdup(token);
    w->session = g_strdup("");
    return &w->base;
}
