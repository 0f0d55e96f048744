/* fuzz_base_ipc.c - any datagram, with and without descriptors, as a room protocol message. Whatever comes, no descriptor is
 * left. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mcu/base/ipc.h"
#include "mcu/base/ipc_wire.h"

static int next_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(fd);
    return fd;
}

/* First byte: how many descriptors come along; the second says whether the text goes into the first of them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int before = next_fd();
    int pair[2];
    if (size < 3 || size > IPC_DATAGRAM_MAX || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return 0;
    }
    const char *text = (const char *)data + 2;
    size -= 2;
    unsigned n = data[0] % (IPC_FDS_MAX + 1);
    int memfd = ipc_memfd_new(text, size);
    int fds[IPC_FDS_MAX] = {memfd, memfd, memfd};
    char head[48];
    if (n > 0 && data[1] & 1) {
        int length = snprintf(head, sizeof head, "{\"memfd\":%zu}", size);
        text = head;
        size = (size_t)length;
    }
    ipc_datagram_send(pair[0], text, size, fds, n);
    close(memfd);
    mcu_ipc *c = mcu_ipc_new(pair[1]);
    json_t *message;
    int fd;
    mcu_ipc_result r = mcu_ipc_recv(c, &message, &fd);
    if ((r == MCU_IPC_MESSAGE) != (message != NULL)) {
        abort();
    }
    json_decref(message);
    if (fd >= 0) {
        close(fd);
    }
    mcu_ipc_free(c);
    close(pair[0]);
    if (next_fd() != before) {
        abort();
    }
    return 0;
}
