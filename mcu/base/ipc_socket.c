/* ipc_socket.c - listening, connecting and accepting on a named room socket.
 * Thread: any. */
#include "mcu/base/ipc.h"

#include "mcu/base/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 16

static int fail(int fd, GError **error, mcu_error code, const char *what, const char *name, int err)
{
    if (fd >= 0) {
        close(fd);
    }
    g_set_error(error, MCU_ERROR, code, "%s %s: %s", what, name, g_strerror(err));
    return -1;
}

/* The folder's descriptor keeps the path short enough for sun_path, and names
 * that very folder even if it was moved. */
static bool make_address(int dir_fd, const char *name, struct sockaddr_un *a)
{
    memset(a, 0, sizeof *a);
    a->sun_family = AF_UNIX;
    if (!*name || strchr(name, '/')) {
        return false;
    }
    int n = snprintf(a->sun_path, sizeof a->sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
    return n > 0 && (size_t)n < sizeof a->sun_path;
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static bool peer_is_us(int fd)
{
    struct ucred who;
    socklen_t size = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == geteuid();
}

/* A socket file that nobody listens on is what a killed process leaves behind.
 */
static bool is_stale(const struct sockaddr_un *a)
{
    int fd = new_socket();
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)a, sizeof *a) != 0 && errno == ECONNREFUSED;
    if (fd >= 0) {
        close(fd);
    }
    return refused;
}

int mcu_ipc_listen(int dir_fd, const char *name, GError **error)
{
    struct sockaddr_un a;
    if (!make_address(dir_fd, name, &a)) {
        return fail(-1, error, MCU_ERROR_BAD_REQUEST, "socket name", name, ENAMETOOLONG);
    }
    int fd = new_socket();
    if (fd < 0) {
        return fail(fd, error, MCU_ERROR_INTERNAL, "socket", name, errno);
    }
    int rc = bind(fd, (struct sockaddr *)&a, sizeof a);
    if (rc != 0 && errno == EADDRINUSE && is_stale(&a) && unlinkat(dir_fd, name, 0) == 0) {
        rc = bind(fd, (struct sockaddr *)&a, sizeof a);
    } else if (rc != 0 && errno != EADDRINUSE) {
        return fail(fd, error, MCU_ERROR_INTERNAL, "bind", name, errno);
    }
    if (rc != 0) {
        return fail(fd, error, MCU_ERROR_CONFLICT, "bind", name, EADDRINUSE);
    }
    if (listen(fd, BACKLOG) != 0) {
        return fail(fd, error, MCU_ERROR_INTERNAL, "listen", name, errno);
    }
    return fd;
}

int mcu_ipc_connect(int dir_fd, const char *name, GError **error)
{
    struct sockaddr_un a;
    if (!make_address(dir_fd, name, &a)) {
        return fail(-1, error, MCU_ERROR_BAD_REQUEST, "socket name", name, ENAMETOOLONG);
    }
    int fd = new_socket();
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        int err = errno;
        return fail(fd, error, err == ENOENT ? MCU_ERROR_NOT_FOUND : MCU_ERROR_UNAVAILABLE, "connect", name, err);
    }
    if (!peer_is_us(fd)) {
        return fail(fd, error, MCU_ERROR_FORBIDDEN, "connect", name, EPERM);
    }
    return fd;
}

int mcu_ipc_accept(int listen_fd, GError **error)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return fail(fd, error, MCU_ERROR_UNAVAILABLE, "accept", "a peer", errno);
    }
    if (!peer_is_us(fd)) {
        return fail(fd, error, MCU_ERROR_FORBIDDEN, "accept", "a peer of another user", EPERM);
    }
    return fd;
}
