/* ipc_wire.h - one datagram with its descriptors, and the sealed memfd that carries a long message.  Thread: the caller's.
 * Private to mcu/base. */
#ifndef MCU_BASE_IPC_WIRE_H
#define MCU_BASE_IPC_WIRE_H

#include "mcu/base/ipc.h"

#include <stddef.h>

#define IPC_DATAGRAM_MAX (60u * 1024) /* longer messages travel in a memfd */
#define IPC_BUFFER_BYTES (64u * 1024)
#define IPC_MESSAGE_MAX (4u * 1024 * 1024)
#define IPC_FDS_MAX (1 + MCU_IPC_FDS) /* the memfd, and the message's own */

/* Returns a sealed memfd that holds `data`, -1 on failure. */
int ipc_memfd_new(const char *data, size_t size);
/* Reads back what ipc_memfd_new() made, after checking seals and size; NULL if anything is odd. g_free(). */
char *ipc_memfd_read(int fd, size_t size);

typedef enum { IPC_SENT = 0, IPC_FULL, IPC_GONE } ipc_send_result;
ipc_send_result ipc_datagram_send(int fd, const char *data, size_t size, const int *fds, unsigned n_fds);

/* MESSAGE: *size bytes in `buffer` and *n_fds descriptors that now belong to the caller. In every other case none are left open.
 */
mcu_ipc_result ipc_datagram_recv(int fd, char *buffer, size_t room, size_t *size, int fds[IPC_FDS_MAX], unsigned *n_fds);

#endif
