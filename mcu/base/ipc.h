/* ipc.h - one end of a room socket: AF_UNIX SOCK_SEQPACKET, one JSON object a message.  Thread: its loop's.
 * A message up to 60 KiB goes in one datagram, a longer one (<= 4 MiB) in a sealed memfd passed by SCM_RIGHTS with the datagram
 * {"memfd":SIZE}. Nothing blocks: when the socket is full messages wait in a bounded queue (256). A message that waits gives way
 * to a newer one with the same non-NULL `coalesce` key, which takes its place at the end; beyond the bound the send fails. */
#ifndef MCU_BASE_IPC_H
#define MCU_BASE_IPC_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct mcu_ipc mcu_ipc;

mcu_ipc *mcu_ipc_new(int take_fd); /* sets it non-blocking */
void mcu_ipc_free(mcu_ipc *c);     /* closes; NULL is fine */
int mcu_ipc_fd(const mcu_ipc *c);  /* for the owner's loop: readable -> mcu_ipc_recv until AGAIN; writable -> mcu_ipc_flush */

/* Takes the reference of `message`. `coalesce` NULL = must not be lost. `fd` -1 or borrowed. False = queue full (dropped) or peer
 * gone. */
bool mcu_ipc_send(mcu_ipc *c, json_t *take_message, const char *coalesce, int fd);
#define MCU_IPC_FDS 4 /* descriptors that a message may carry */
/* The same with `n` <= MCU_IPC_FDS borrowed descriptors, in this order. */
bool mcu_ipc_send_fds(mcu_ipc *c, json_t *take_message, const char *coalesce, const int *fds, unsigned n);
bool mcu_ipc_wants_write(const mcu_ipc *c);
void mcu_ipc_flush(mcu_ipc *c);

typedef enum { MCU_IPC_NONE = 0, MCU_IPC_MESSAGE, MCU_IPC_AGAIN, MCU_IPC_CLOSED, MCU_IPC_BAD } mcu_ipc_result;
/* MESSAGE: *message is the caller's; *fd is -1 or the caller's. BAD: a malformed message, or one with more descriptors than one,
 * was dropped (counted), go on. */
mcu_ipc_result mcu_ipc_recv(mcu_ipc *c, json_t **message, int *fd);
/* The same for whoever takes more: `fds` and *n are the caller's, unused ones are -1. */
mcu_ipc_result mcu_ipc_recv_fds(mcu_ipc *c, json_t **message, int fds[MCU_IPC_FDS], unsigned *n);

/* Listening and connecting by a path of any length (bound through /proc/self/fd of the folder: sun_path holds 108 bytes). */
int mcu_ipc_listen(int dir_fd, const char *name, GError **error);
int mcu_ipc_connect(int dir_fd, const char *name, GError **error);
int mcu_ipc_accept(int listen_fd, GError **error); /* checks SO_PEERCRED: same uid only */

#endif
