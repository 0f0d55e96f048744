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

bool sig_listen(sig_launcher_state *l, const sig_settings *s, GError **error)
{
    char port[8];
    g_snprintf(port, sizeof port, "%u", s->port);
    for (const char *const *address = s->listen; *address && l->n_sockets < SIG_LISTEN_MAX; address++) {
        struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
        struct addrinfo *found = NULL;
        if (getaddrinfo(*address, port, &hints, &found) != 0) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "[server] listen: %s is not an address", *address);
            return false;
        }
        int fd = bind_one(found);
        int number = errno;
        freeaddrinfo(found);
        bool no_v6 = strcmp(*address, "::") == 0 && (number == EAFNOSUPPORT || number == EADDRNOTAVAIL);
        if (fd >= 0) {
            l->sockets[l->n_sockets++] = fd;
        } else if (!no_v6) { /* a host without IPv6 is none the worse */
            return fail(error, *address, s->port, number);
        }
    }
    return l->n_sockets > 0 || fail(error, s->listen[0], s->port, EADDRNOTAVAIL);
}
