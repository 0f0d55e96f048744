/* ipc_wire.c - datagrams with descriptors, sealed memfds.  Thread: the
 * caller's. */
#include "mcu/base/ipc_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/whole_io.h"

/* Sealed against shrinking, growing and writing: nothing can change under the
 * reader. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define CONTROL_FDS                                                                                                              \
    16 /* room for more than we accept, so that a surplus arrives and is closed                                                  \
          rather than cut off unseen */

int ipc_memfd_new(const char *data, size_t size)
{
    int fd = memfd_create("tessera-ipc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return -1;
    }
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(fd, data + done, size - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            break;
        }
        done += (size_t)n;
    }
    if (done < size || fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

char *ipc_memfd_read(int fd, size_t size)
{
    struct stat st;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) != 0 || st.st_size < 0 || (size_t)st.st_size != size) {
        return NULL;
    }
    char *data = g_malloc(size);
    if (mcu_pread_whole(fd, data, size, 0) != size) {
        g_clear_pointer(&data, g_free);
    }
    return data;
}

ipc_send_result ipc_datagram_send(int fd, const char *data, size_t size, const int *fds, unsigned n_fds)
{
    g_assert(n_fds <= IPC_FDS_MAX);
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(IPC_FDS_MAX * sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (n_fds > 0) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
    }
    for (;;) {
        if (sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            return IPC_SENT;
        }
        if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS) {
            return IPC_FULL;
        }
        if (errno != EINTR) {
            return IPC_GONE;
        }
    }
}

static void close_all(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        close(fds[i]);
    }
}

static unsigned collect_fds(struct msghdr *msg, int fds[CONTROL_FDS])
{
    unsigned n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        unsigned here = (unsigned)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (unsigned i = 0; i < here && n < CONTROL_FDS; i++) {
            memcpy(&fds[n++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
        }
    }
    return n;
}

mcu_ipc_result ipc_datagram_recv(int fd, char *buffer, size_t room, size_t *size, int fds[IPC_FDS_MAX], unsigned *n_fds)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(CONTROL_FDS * sizeof(int))];
    } control;
    struct iovec iov = {.iov_base = buffer, .iov_len = room};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
    ssize_t n;
    do {
        n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return errno == EAGAIN ? MCU_IPC_AGAIN : MCU_IPC_CLOSED;
    }
    int all[CONTROL_FDS];
    unsigned got = collect_fds(&msg, all);
    /* A datagram that did not fit shows only as these flags; descriptors cut off
     * with it were closed by the kernel. */
    bool cut = (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
    if (n == 0 || cut || got > IPC_FDS_MAX) {
        close_all(all, got);
        return n == 0 ? MCU_IPC_CLOSED : MCU_IPC_BAD;
    }
    memcpy(fds, all, got * sizeof(int));
    *n_fds = got;
    *size = (size_t)n;
    return MCU_IPC_MESSAGE;
}
