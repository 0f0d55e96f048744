#include "signaling/ice_servers.h"

#include <event2/dns.h>
#include <event2/util.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "mcu/base/log.h"

#define REFRESH_S 300
#define ROOM_TTL_S (7 * 24 * 3600)

typedef struct {
    sig_ice *ice;
    const char *url; /* the settings' */
    char *host;
    int port;
    char transport[8];
    char address[64]; /* "" = not resolved yet */
    bool stun;
    struct evdns_getaddrinfo_request *request;
} ice_server;

struct sig_ice {
    const sig_settings *settings;
    struct evdns_base *dns;
    struct event *refresh;
    ice_server *servers;
    unsigned n_servers;
};

void sig_turn_password(const char *secret, const char *username, char out[29])
{
    unsigned char mac[20];
    unsigned length = sizeof mac;
    HMAC(EVP_sha1(), secret, (int)strlen(secret), (const unsigned char *)username, strlen(username), mac, &length);
    EVP_EncodeBlock((unsigned char *)out, mac, sizeof mac);
}

/* "turn:host:port?transport=udp", "turns:[v6]:port", "host:port" (RFC 7065). */
static void parse_url(ice_server *s, const char *url)
{
    bool tls = g_str_has_prefix(url, "turns:");
    const char *p = tls ? url + 6 : g_str_has_prefix(url, "turn:") ? url + 5 : url;
    g_autofree char *authority = g_strndup(p, strcspn(p, "?"));
    const char *close = authority[0] == '[' ? strchr(authority, ']') : NULL;
    const char *colon = strrchr(close ? close : authority, ':');
    s->port = colon ? atoi(colon + 1) : 0;
    s->port = s->port > 0 && s->port < 65536 ? s->port : tls ? 5349 : 3478;
    size_t n = colon ? (size_t)(colon - authority) : strlen(authority);
    s->host = close ? g_strndup(authority + 1, (gsize)(close - authority - 1)) : g_strndup(authority, n);
    g_strlcpy(s->transport, tls ? "tls" : strstr(url, "transport=tcp") ? "tcp" : "udp", sizeof s->transport);
}

static void on_resolved(int result, struct evutil_addrinfo *found, void *user)
{
    ice_server *s = user;
    s->request = NULL;
    if (result == EVUTIL_EAI_CANCEL) {
        return;
    }
    if (result != 0 || !found) {
        mcu_warn("ice.unresolved", "error=%s", evutil_gai_strerror(result));
        return;
    }
    const void *raw = found->ai_family == AF_INET ? (const void *)&((struct sockaddr_in *)(void *)found->ai_addr)->sin_addr
                                                  : (const void *)&((struct sockaddr_in6 *)(void *)found->ai_addr)->sin6_addr;
    evutil_inet_ntop(found->ai_family, raw, s->address, sizeof s->address);
    evutil_freeaddrinfo(found);
}

static void resolve_all(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_ice *i = user;
    struct evutil_addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM, .ai_protocol = IPPROTO_UDP};
    for (unsigned n = 0; n < i->n_servers; n++) {
        ice_server *s = &i->servers[n];
        if (!s->request) {
            s->request = evdns_getaddrinfo(i->dns, s->host, NULL, &hints, on_resolved, s);
        }
    }
}

sig_ice *sig_ice_new(struct event_base *base, const sig_settings *settings)
{
    sig_ice *i = g_new0(sig_ice, 1);
    i->settings = settings;
    unsigned turn = settings->turn_in_rooms ? g_strv_length((char **)(uintptr_t)settings->turn_urls) : 0;
    i->n_servers = turn + (*settings->stun ? 1 : 0);
    if (i->n_servers == 0) {
        return i;
    }
    i->servers = g_new0(ice_server, i->n_servers);
    for (unsigned n = 0; n < i->n_servers; n++) {
        ice_server *s = &i->servers[n];
        s->stun = n == turn;
        s->url = s->stun ? settings->stun : settings->turn_urls[n];
        parse_url(s, s->url);
    }
    i->dns = evdns_base_new(base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    if (!i->dns) { /* no resolver configured: addresses and /etc/hosts still work */
        i->dns = evdns_base_new(base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
        evdns_base_load_hosts(i->dns, "/etc/hosts");
    }
    i->refresh = event_new(base, -1, EV_PERSIST, resolve_all, i);
    struct timeval every = {REFRESH_S, 0};
    event_add(i->refresh, &every);
    resolve_all(-1, 0, i);
    return i;
}

void sig_ice_free(sig_ice *i)
{
    if (!i) {
        return;
    }
    if (i->refresh) {
        event_free(i->refresh);
    }
    if (i->dns) {
        evdns_base_free(i->dns, 0);
    }
    for (unsigned n = 0; n < i->n_servers; n++) {
        g_free(i->servers[n].host);
    }
    g_free(i->servers);
    g_free(i);
}

static void credentials(const sig_ice *i, const char *who, int64_t expiry_s, char *username, size_t size, char password[29])
{
    snprintf(username, size, "%" PRId64 ":%s", expiry_s, who);
    sig_turn_password(i->settings->turn_secret, username, password);
}

json_t *sig_ice_for_seat(const sig_ice *i, const char *seat, int64_t now_s)
{
    json_t *all = json_array();
    const sig_settings *s = i->settings;
    if (*s->stun) {
        json_array_append_new(all, json_pack("{s:[s+]}", "urls", "stun:", s->stun));
    }
    if (s->turn_urls[0]) {
        char username[96], password[29];
        credentials(i, seat, now_s + s->turn_ttl_s, username, sizeof username, password);
        json_t *urls = json_array();
        for (const char *const *u = s->turn_urls; *u; u++) {
            json_array_append_new(urls, json_string(*u));
        }
        json_array_append_new(all, json_pack("{s:o, s:s, s:s}", "urls", urls, "username", username, "credential", password));
    }
    return all;
}

json_t *sig_ice_links(const sig_ice *i, const char *seat, int64_t now_s)
{
    json_t *all = json_array();
    const sig_settings *s = i->settings;
    if (*s->stun) {
        json_array_append_new(all, json_sprintf("<stun:%s>; rel=\"ice-server\"", s->stun));
    }
    if (s->turn_urls[0]) {
        char username[96], password[29];
        credentials(i, seat, now_s + s->turn_ttl_s, username, sizeof username, password);
        for (const char *const *u = s->turn_urls; *u; u++) {
            json_array_append_new(all, json_sprintf("<%s>; rel=\"ice-server\"; username=\"%s\"; credential=\"%s\"; "
                                                    "credential-type=\"password\"",
                                                    *u, username, password));
        }
    }
    return all;
}

void sig_ice_add_to_room(const sig_ice *i, json_t *media, const char *room, int64_t now_s)
{
    json_t *turn = json_array();
    for (unsigned n = 0; n < i->n_servers; n++) {
        const ice_server *s = &i->servers[n];
        if (!*s->address) {
            continue;
        }
        if (s->stun) {
            bool v6 = strchr(s->address, ':') != NULL;
            json_object_set_new(media, "stun", json_sprintf(v6 ? "[%s]:%d" : "%s:%d", s->address, s->port));
            continue;
        }
        char username[96], password[29];
        credentials(i, room, now_s + ROOM_TTL_S, username, sizeof username, password);
        json_array_append_new(turn, json_pack("{s:s, s:i, s:s, s:s, s:s}", "host", s->address, "port", s->port, "transport",
                                              s->transport, "username", username, "password", password));
    }
    json_object_set_new(media, "turn", turn);
}
