#include "signaling/client.h"

#include <event2/bufferevent.h>
#include <event2/keyvalq_struct.h>
#include <string.h>
#include <sys/socket.h>

#include "mcu/base/log.h"
#include "signaling/http_private.h"
#include "signaling/networks.h"

#define HOPS_MAX 16

static bool address_of(const sig_request *q, int (*get)(int fd, struct sockaddr *, socklen_t *), sig_address *out)
{
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof from;
    int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(evhttp_request_get_connection(q->ev)));
    return get(fd, (struct sockaddr *)&from, &size) == 0 && sig_address_of((const struct sockaddr *)&from, out);
}

static int get_peer(int fd, struct sockaddr *out, socklen_t *size)
{
    return getpeername(fd, out, size);
}

static int get_own(int fd, struct sockaddr *out, socklen_t *size)
{
    return getsockname(fd, out, size);
}

static bool from_trusted_proxy(const sig_request *q)
{
    sig_address peer;
    return address_of(q, get_peer, &peer) && sig_networks_have(q->gateway->settings->trusted_proxies, &peer);
}

/* ---- what proxies add: a header may come in several lines, and then the last element of the last line is the nearest's ---- */

static const struct evkeyval *first_line(const sig_request *q)
{
    return evhttp_request_get_input_headers(q->ev)->tqh_first;
}

static const char *last_element(const sig_request *q, const char *name)
{
    const char *value = NULL;
    for (const struct evkeyval *line = first_line(q); line; line = line->next.tqe_next) {
        value = g_ascii_strcasecmp(line->key, name) == 0 ? line->value : value;
    }
    const char *comma = value ? strrchr(value, ',') : NULL;
    value = comma ? comma + 1 : value;
    return value ? value + strspn(value, " \t") : NULL;
}

/* Every line as one list; NULL = absent. */
static char *whole_list(const sig_request *q, const char *name)
{
    GString *list = NULL;
    for (const struct evkeyval *line = first_line(q); line; line = line->next.tqe_next) {
        if (g_ascii_strcasecmp(line->key, name) != 0) {
            continue;
        }
        if (list) {
            g_string_append_c(list, ',');
        } else {
            list = g_string_new(NULL);
        }
        g_string_append(list, line->value);
    }
    return list ? g_string_free(list, FALSE) : NULL;
}

/* Also what says no more than that somebody stands between. */
static bool is_forwarded(const sig_request *q)
{
    static const char *const signs[] = {"Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host", "X-Forwarded-Proto"};
    for (size_t i = 0; i < G_N_ELEMENTS(signs); i++) {
        if (sig_request_header(q, signs[i])) {
            return true;
        }
    }
    return false;
}

const char *sig_client_host(const sig_request *q)
{
    const char *forwarded = last_element(q, "X-Forwarded-Host");
    return forwarded && from_trusted_proxy(q) ? forwarded : sig_request_header(q, "Host");
}

/* The last hop that is not a trusted proxy: what stands before it in the list is only what that hop claims. */
static bool client_behind(const sig_networks *trusted, const char *hops, sig_address *out)
{
    g_auto(GStrv) list = g_strsplit(hops, ",", HOPS_MAX);
    for (guint i = g_strv_length(list); i-- > 0;) {
        if (!sig_address_parse(g_strstrip(list[i]), out)) {
            return false;
        }
        if (!sig_networks_have(trusted, out)) {
            return true;
        }
    }
    return false;
}

void sig_client_key(const sig_request *q, char out[SIG_CLIENT_KEY])
{
    sig_address peer = {0}, client;
    if (address_of(q, get_peer, &peer) && sig_networks_have(q->gateway->settings->trusted_proxies, &peer)) {
        g_autofree char *hops = whole_list(q, "X-Forwarded-For");
        peer = hops && client_behind(q->gateway->settings->trusted_proxies, hops, &client) ? client : peer;
    }
    size_t bytes = sig_address_is_ipv4(&peer) ? sizeof peer.bytes : 8;
    for (size_t i = 0; i < bytes; i++) {
        g_snprintf(out + 2 * i, 3, "%02x", peer.bytes[i]);
    }
}

bool sig_client_is_on_admin_port(const sig_request *q)
{
    return q->http->admin;
}

bool sig_client_may_operate(const sig_request *q)
{
    const sig_settings *s = q->gateway->settings;
    sig_address peer, own, client;
    if (q->http->admin) {
        return true;
    }
    if (s->admin_port != 0 || !address_of(q, get_peer, &peer) || !address_of(q, get_own, &own)) {
        return false;
    }
    bool by_proxy = sig_networks_have(s->trusted_proxies, &peer);
    g_autofree char *hops = whole_list(q, "X-Forwarded-For");
    if (hops) {
        return by_proxy && client_behind(s->trusted_proxies, hops, &client) && sig_networks_have(s->admin_allow, &client);
    }
    bool same_host = sig_address_is_loopback(&peer) || memcmp(&peer, &own, sizeof peer) == 0;
    /* A proxy that does not say for whom: its address stands for everybody. One on this host cannot be told from this host
     * itself; who trusts it has seen to it that it says so. */
    if (is_forwarded(q) || (by_proxy && !same_host)) {
        return false;
    }
    return same_host || sig_networks_have(s->admin_allow, &peer);
}

void sig_client_warn(const sig_settings *s)
{
    static const char *const own[] = {"127.0.0.1", "::1"};
    for (size_t i = 0; s->admin_port == 0 && i < G_N_ELEMENTS(own); i++) {
        sig_address a;
        if (sig_address_parse(own[i], &a) && sig_networks_have(s->trusted_proxies, &a)) {
            mcu_warn("admin.behind_proxy", "proxy=%s advice=\"it must send X-Forwarded-For; or set [admin] port\"", own[i]);
            return;
        }
    }
}
