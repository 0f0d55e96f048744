/* How people reach this server: what stands before /j/ in join links. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

#include "signaling/api.h"
#include "signaling/client.h"
#include "signaling/networks.h"

/* A Host header may end up in a link, so only what a host can look like is taken. */
static bool host_ok(const char *host)
{
    return host && *host && strlen(host) < 256 &&
           strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]") == strlen(host);
}

static const char *first_specific(const char *const *addresses)
{
    for (const char *const *a = addresses; *a; a++) {
        if (strcmp(*a, "0.0.0.0") != 0 && (*a)[strspn(*a, "0:")] != '\0') {
            return *a;
        }
    }
    return NULL;
}

/* The first address of this machine that others can reach, IPv4 before IPv6; NULL = it has none. */
static const char *machine_address(char out[INET6_ADDRSTRLEN])
{
    struct ifaddrs *all = NULL;
    const char *found = NULL;
    if (getifaddrs(&all) != 0) {
        return NULL;
    }
    for (int family = AF_INET; !found; family = AF_INET6) {
        for (const struct ifaddrs *i = all; i && !found; i = i->ifa_next) {
            sig_address address;
            if (!i->ifa_addr || i->ifa_addr->sa_family != family || !(i->ifa_flags & IFF_UP) || (i->ifa_flags & IFF_LOOPBACK) ||
                !sig_address_of(i->ifa_addr, &address) || (family == AF_INET6 && address.bytes[0] == 0xfe)) { /* link-local */
                continue;
            }
            found = inet_ntop(family, address.bytes + (family == AF_INET ? 12 : 0), out, INET6_ADDRSTRLEN);
        }
        if (family == AF_INET6) {
            break;
        }
    }
    freeifaddrs(all);
    return found;
}

static char *own_url(const sig_settings *s)
{
    char text[INET6_ADDRSTRLEN];
    const char *address = first_specific(s->listen);
    address = address ? address : *s->nat_address ? s->nat_address : s->addresses[0];
    address = address ? address : machine_address(text);
    address = address ? address : "localhost";
    bool six = strchr(address, ':') != NULL;
    return g_strdup_printf("https://%s%s%s:%u", six ? "[" : "", address, six ? "]" : "", s->port);
}

/* The operator's own listener is not for people: what its clients call it goes into no link. */
char *sig_api_base_url(const sig_request *q)
{
    const sig_settings *s = q->gateway->settings;
    if (*s->public_url) {
        size_t n = strlen(s->public_url);
        return g_strndup(s->public_url, s->public_url[n - 1] == '/' ? n - 1 : n);
    }
    const char *host = sig_client_is_on_admin_port(q) ? NULL : sig_client_host(q);
    return host_ok(host) ? g_strconcat("https://", host, NULL) : own_url(s);
}
