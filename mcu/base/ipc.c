/* ipc.c - JSON messages over a SEQPACKET socket with a bounded, coalescing
 * queue.  Thread: its loop's. */
#include "mcu/base/ipc.h"

#include "mcu/base/ipc_wire.h"
#include "mcu/base/metrics.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUE_MAX 256

typedef struct {
    char *data; /* the datagram: the message, or {"memfd":SIZE} */
    size_t size;
    char *coalesce;
    int fds[IPC_FDS_MAX]; /* ours */
    unsigned n_fds;
} outgoing;

struct mcu_ipc {
    int fd;
    bool gone;
    GQueue queue; /* outgoing */
    mcu_counter *bad;
    mcu_counter *dropped;
    mcu_counter *coalesced;
    char buffer[IPC_BUFFER_BYTES];
};

static void outgoing_free(void *p)
{
    outgoing *o = p;
    for (unsigned i = 0; i < o->n_fds; i++) {
        close(o->fds[i]);
    }
    free(o->data);
    g_free(o->coalesce);
    g_free(o);
}

mcu_ipc *mcu_ipc_new(int take_fd)
{
    mcu_ipc *c = g_new0(mcu_ipc, 1);
    c->fd = take_fd;
    fcntl(take_fd, F_SETFL, fcntl(take_fd, F_GETFL) | O_NONBLOCK);
    g_queue_init(&c->queue);
    c->bad = mcu_counter_get("tessera_ipc_bad_total", NULL, "malformed room protocol messages");
    c->dropped = mcu_counter_get("tessera_ipc_dropped_total", NULL, "room protocol messages refused because the queue was full");
    c->coalesced = mcu_counter_get("tessera_ipc_coalesced_total", NULL, "room protocol messages replaced by a newer one");
    return c;
}

void mcu_ipc_free(mcu_ipc *c)
{
    if (!c) {
        return;
    }
    g_queue_clear_full(&c->queue, outgoing_free);
    close(c->fd);
    g_free(c);
}

int mcu_ipc_fd(const mcu_ipc *c)
{
    return c->fd;
}

/* Keeps `text`, in a memfd if it is long. */
static bool pack_text(outgoing *o, char *take_text)
{
    o->data = take_text;
    o->size = strlen(take_text);
    if (o->size <= IPC_DATAGRAM_MAX) {
        return true;
    }
    int memfd = o->size <= IPC_MESSAGE_MAX ? ipc_memfd_new(take_text, o->size) : -1;
    if (memfd < 0) {
        return false;
    }
    o->fds[o->n_fds++] = memfd;
    char head[48];
    int n = snprintf(head, sizeof head, "{\"memfd\":%zu}", o->size);
    memcpy(o->data, head, (size_t)n);
    o->size = (size_t)n;
    return true;
}

static outgoing *pack(json_t *message, const char *coalesce, const int *fds, unsigned n)
{
    char *text = json_dumps(message, JSON_COMPACT);
    if (!text) {
        return NULL;
    }
    outgoing *o = g_new0(outgoing, 1);
    o->coalesce = g_strdup(coalesce);
    bool ok = pack_text(o, text);
    for (unsigned i = 0; ok && i < n; i++) {
        int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
        ok = copy >= 0;
        if (ok) {
            o->fds[o->n_fds++] = copy;
        }
    }
    if (!ok) {
        outgoing_free(o);
        return NULL;
    }
    return o;
}

/* Sends it; true when it is dealt with (sent, or nobody is there any more). */
static bool put_on_wire(mcu_ipc *c, outgoing *o)
{
    ipc_send_result r = ipc_datagram_send(c->fd, o->data, o->size, o->fds, o->n_fds);
    c->gone = c->gone || r == IPC_GONE;
    return r != IPC_FULL;
}

/* The waiting message of the same key gives way; the new one goes to the end,
 * so that it stays behind what was said before it. */
static void drop_older(mcu_ipc *c, const char *coalesce)
{
    for (GList *l = coalesce ? c->queue.head : NULL; l; l = l->next) {
        outgoing *o = l->data;
        if (o->coalesce && strcmp(o->coalesce, coalesce) == 0) {
            g_queue_delete_link(&c->queue, l);
            outgoing_free(o);
            mcu_counter_add(c->coalesced, 1);
            return;
        }
    }
}

bool mcu_ipc_send(mcu_ipc *c, json_t *take_message, const char *coalesce, int fd)
{
    return mcu_ipc_send_fds(c, take_message, coalesce, &fd, fd >= 0);
}

bool mcu_ipc_send_fds(mcu_ipc *c, json_t *take_message, const char *coalesce, const int *fds, unsigned n)
{
    g_assert(n <= MCU_IPC_FDS);
    outgoing *o = c->gone ? NULL : pack(take_message, coalesce, fds, n);
    json_decref(take_message);
    if (!o) {
        mcu_counter_add(c->dropped, 1);
        return false;
    }
    mcu_ipc_flush(c);
    if (!c->gone && g_queue_is_empty(&c->queue) && put_on_wire(c, o)) {
        outgoing_free(o);
        return !c->gone;
    }
    if (!c->gone) {
        drop_older(c, coalesce);
    }
    if (c->gone || c->queue.length >= QUEUE_MAX) {
        mcu_counter_add(c->dropped, 1);
        outgoing_free(o);
        return false;
    }
    g_queue_push_tail(&c->queue, o);
    return true;
}

bool mcu_ipc_wants_write(const mcu_ipc *c)
{
    return !c->gone && c->queue.length > 0;
}

void mcu_ipc_flush(mcu_ipc *c)
{
    while (mcu_ipc_wants_write(c) && put_on_wire(c, g_queue_peek_head(&c->queue))) {
        outgoing_free(g_queue_pop_head(&c->queue));
    }
}

/* The long message that {"memfd":SIZE} announces, NULL if it is not one. */
static json_t *unpack_memfd(json_t *head, int memfd)
{
    json_int_t size = json_integer_value(json_object_get(head, "memfd"));
    if (size <= 0 || size > (json_int_t)IPC_MESSAGE_MAX) {
        return NULL;
    }
    char *data = ipc_memfd_read(memfd, (size_t)size);
    json_t *message = data ? json_loadb(data, (size_t)size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    g_free(data);
    return message;
}

static void close_fds(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        close(fds[i]);
    }
}

/* At most `most` descriptors of the message's own. */
static mcu_ipc_result receive(mcu_ipc *c, json_t **message, int *own, unsigned most, unsigned *n_own)
{
    *message = NULL;
    *n_own = 0;
    size_t size = 0;
    int fds[IPC_FDS_MAX];
    unsigned n = 0;
    mcu_ipc_result r = ipc_datagram_recv(c->fd, c->buffer, sizeof c->buffer, &size, fds, &n);
    if (r != MCU_IPC_MESSAGE) {
        mcu_counter_add(c->bad, r == MCU_IPC_BAD);
        return r;
    }
    unsigned used = 0; /* descriptors that belong to the envelope */
    json_t *m = json_loadb(c->buffer, size, JSON_REJECT_DUPLICATES, NULL);
    if (n > 0 && json_object_size(m) == 1 && json_is_integer(json_object_get(m, "memfd"))) {
        json_t *whole = unpack_memfd(m, fds[0]);
        json_decref(m);
        m = whole;
        used = 1;
    }
    if (!json_is_object(m) || n - used > most) {
        close_fds(fds, n);
        json_decref(m);
        mcu_counter_add(c->bad, 1);
        return MCU_IPC_BAD;
    }
    close_fds(fds, used);
    memcpy(own, fds + used, (n - used) * sizeof *own);
    *n_own = n - used;
    *message = m;
    return MCU_IPC_MESSAGE;
}

mcu_ipc_result mcu_ipc_recv(mcu_ipc *c, json_t **message, int *fd)
{
    unsigned n;
    *fd = -1;
    return receive(c, message, fd, 1, &n);
}

mcu_ipc_result mcu_ipc_recv_fds(mcu_ipc *c, json_t **message, int fds[MCU_IPC_FDS], unsigned *n)
{
    for (unsigned i = 0; i < MCU_IPC_FDS; i++) {
        fds[i] = -1;
    }
    return receive(c, message, fds, MCU_IPC_FDS, n);
}
