#include "signaling/client.h"

#include <event2/bufferevent.h>
#include <string.h>
#include <sys/socket.h>

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

const char *sig_client_host(const sig_request *q)
{
    const char *forwarded = sig_request_header(q, "X-Forwarded-Host");
    return forwarded && from_trusted_proxy(q) ? forwarded : sig_request_header(q, "Host");
}

/* The last hop that is not a trusted proxy: what stands before it in the header is only what that hop claims. */
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

bool sig_client_may_operate(const sig_request *q)
{
    const sig_settings *s = q->gateway->settings;
    sig_address peer, own, client;
    const char *hops = sig_request_header(q, "X-Forwarded-For");
    if (q->http->admin) {
        return true;
    }
    if (s->admin_port != 0 || !address_of(q, get_peer, &peer) || !address_of(q, get_own, &own)) {
        return false;
    }
    if (!hops && !sig_request_header(q, "Forwarded")) {
        bool same_host = sig_address_is_loopback(&peer) || memcmp(&peer, &own, sizeof peer) == 0;
        return same_host || sig_networks_have(s->admin_allow, &peer);
    }
    return hops && from_trusted_proxy(q) && client_behind(s->trusted_proxies, hops, &client) &&
           sig_networks_have(s->admin_allow, &client);
}
