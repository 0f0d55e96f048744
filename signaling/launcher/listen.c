#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mcu/base/status.h"
#include "signaling/launcher/launcher.h"

static bool fail(GError **error, const char *address, unsigned port, int number)
{
    const char *mend = number == EADDRINUSE      ? " (something else listens there: end it, or choose another with --port)"
                       : number == EACCES        ? " (ports below 1024 need privileges: choose another with --port)"
                       : number == EADDRNOTAVAIL ? " (this host does not have the address: see [server] listen)"
                                                 : "";
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "cannot listen on %s port %u: %s%s", address, port, g_strerror(number), mend);
    return false;
}

static int bind_one(const struct addrinfo *a)
{
    int one = 1, number = 0;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a->ai_family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    }
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0) {
        return fd;
    }
    number = errno;
    close(fd);
    errno = number;
    return -1;
}

static bool listen_on(sig_launcher_state *l, const char *const *addresses, unsigned number, const char *key, GError **error)
{
    char port[8];
    unsigned before = l->n_sockets;
    g_snprintf(port, sizeof port, "%u", number);
    for (const char *const *address = addresses; *address && l->n_sockets < SIG_LISTEN_MAX; address++) {
        struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
        struct addrinfo *found = NULL;
        if (getaddrinfo(*address, port, &hints, &found) != 0) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "[%s] listen: %s is not an address", key, *address);
            return false;
        }
        int fd = bind_one(found);
        int problem = errno;
        bool six = found->ai_family == AF_INET6;
        freeaddrinfo(found);
        bool no_v6 = six && (problem == EAFNOSUPPORT || problem == EADDRNOTAVAIL) && (*address)[strspn(*address, ":1")] == '\0';
        if (fd >= 0) {
            l->sockets[l->n_sockets++] = fd;
        } else if (!no_v6) { /* a host without IPv6 is none the worse */
            return fail(error, *address, number, problem);
        }
    }
    return l->n_sockets > before || fail(error, addresses[0], number, EADDRNOTAVAIL);
}

bool sig_listen(sig_launcher_state *l, const sig_settings *s, GError **error)
{
    if (!listen_on(l, s->listen, s->port, "server", error)) {
        return false;
    }
    unsigned public_sockets = l->n_sockets;
    if (s->admin_port != 0 && !listen_on(l, s->admin_listen, s->admin_port, "admin", error)) {
        return false;
    }
    l->n_admin_sockets = l->n_sockets - public_sockets;
    return true;
}
