#include <string.h>

#include "mcu/bot/signal.h"

enum { RETRY_MS = 1000 };

typedef struct {
    mcu_signal base;
    char *endpoint, *token;
    char *resource; /* absolute, NULL = none */
    GCancellable *request;
    guint again;
    bool leaving;
} whip;

static SoupMessage *request(whip *w, const char *method, const char *url)
{
    SoupMessage *m = mcu_signal_request(method, url, w->base.insecure);
    if (m != NULL) {
        g_autofree char *bearer = g_strconcat("Bearer ", w->token, NULL);
        soup_message_headers_replace(soup_message_get_request_headers(m), "Authorization", bearer);
    }
    return m;
}

static gboolean joined(gpointer user)
{
    whip *w = user;
    w->again = 0;
    w->base.callbacks->on_joined(w->base.user, "", false);
    return G_SOURCE_REMOVE;
}

static void joined_after(whip *w, unsigned ms)
{
    if (w->again == 0) {
        w->again = g_timeout_add(ms, joined, w);
    }
}

static void on_posted(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) body = soup_session_send_and_read_finish(SOUP_SESSION(source), result, &error);
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        return; /* `user` may be gone */
    }
    whip *w = user;
    SoupMessage *m = soup_session_get_async_result_message(SOUP_SESSION(source), result);
    const unsigned status = m != NULL ? soup_message_get_status(m) : 0;
    g_clear_object(&w->request);
    if (body == NULL || status != 201) {
        g_autofree char *why = body == NULL ? g_strdup(error->message) : g_strdup_printf("HTTP status %u", status);
        if (status >= 400 && status < 500 && status != 409 && status != 429) {
            mcu_signal_end(&w->base, why);
        } else {
            w->base.callbacks->on_refused(w->base.user, why);
        }
        return;
    }
    const char *location = soup_message_headers_get_one(soup_message_get_response_headers(m), "Location");
    g_autofree char *sdp = g_strndup(g_bytes_get_data(body, NULL), g_bytes_get_size(body));
    g_free(w->resource);
    w->resource = location != NULL ? g_uri_resolve_relative(w->endpoint, location, G_URI_FLAGS_NONE, NULL) : NULL;
    w->base.callbacks->on_answer(w->base.user, sdp);
}

static void on_deleted(GObject *source, GAsyncResult *result, gpointer user)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) body = soup_session_send_and_read_finish(SOUP_SESSION(source), result, &error);
    if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        whip *w = user;
        g_clear_object(&w->request);
        mcu_signal_end(&w->base, "left");
    }
}

static void stop_request(whip *w)
{
    if (w->request != NULL) {
        g_cancellable_cancel(w->request);
        g_clear_object(&w->request);
    }
}

/* ---- the interface ---- */

static void start(mcu_signal *s)
{
    joined_after((whip *)s, 0);
}

static void rejoin(mcu_signal *s)
{
    whip *w = (whip *)s;
    stop_request(w);
    g_clear_pointer(&w->resource, g_free); /* the same seat: a new POST takes the place of the old resource */
    joined_after(w, RETRY_MS);
}

static void offer(mcu_signal *s, const char *sdp)
{
    whip *w = (whip *)s;
    stop_request(w);
    g_autoptr(SoupMessage) m = request(w, "POST", w->endpoint);
    if (m == NULL) {
        mcu_signal_end(s, "the address is not a URL");
        return;
    }
    g_autoptr(GBytes) body = g_bytes_new(sdp, strlen(sdp));
    soup_message_set_request_body_from_bytes(m, "application/sdp", body);
    w->request = g_cancellable_new();
    soup_session_send_and_read_async(s->soup, m, G_PRIORITY_DEFAULT, w->request, on_posted, w);
}

static void candidate(mcu_signal *s, const char *text, const char *mid)
{
    (void)s;
    (void)text;
    (void)mid;
}

static void state(mcu_signal *s, bool audio, bool video)
{
    (void)s;
    (void)audio;
    (void)video;
}

static void tier(mcu_signal *s, const char *name)
{
    (void)s;
    (void)name;
}

static void leave(mcu_signal *s)
{
    whip *w = (whip *)s;
    stop_request(w);
    g_autoptr(SoupMessage) m = w->resource != NULL ? request(w, "DELETE", w->resource) : NULL;
    if (m == NULL) {
        mcu_signal_end(s, "left");
        return;
    }
    w->request = g_cancellable_new();
    soup_session_send_and_read_async(s->soup, m, G_PRIORITY_DEFAULT, w->request, on_deleted, w);
}

static void free_whip(mcu_signal *s)
{
    whip *w = (whip *)s;
    s->ended = true;
    stop_request(w);
    if (w->again != 0) {
        g_source_remove(w->again);
    }
    g_free(w->endpoint);
    g_free(w->token);
    g_free(w->resource);
    g_free(w);
}

mcu_signal *mcu_signal_whip_new(SoupSession *soup, const char *base, const char *room, const char *token, bool insecure,
                                const mcu_signal_callbacks *callbacks, void *user)
{
    static const mcu_signal_kind kind = {start, rejoin, offer, candidate, state, tier, leave, free_whip, false};
    whip *w = g_new0(whip, 1);
    w->base = (mcu_signal){.kind = &kind, .soup = soup, .callbacks = callbacks, .user = user, .insecure = insecure};
    w->endpoint = g_strconcat(base, "/whip/", room, NULL);
    w->token = g_strdup(token);
    return &w->base;
}
