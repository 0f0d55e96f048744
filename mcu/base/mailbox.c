/* mailbox.c - bounded queue under a leaf lock. The eventfd is written after the lock is free, because whoever it wakes asks for
 * the lock at once: it may be readable for a moment after the message was taken. Thread: push from any; the rest belongs to the
 * owner. */
#include "mcu/base/mailbox.h"

#include "mcu/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define DISPATCH_MAX 64

struct mcu_mailbox {
    pthread_mutex_t lock;
    void (*drop)(void *message);
    int fd;
    unsigned bound;
    unsigned head;  /* lock */
    unsigned depth; /* lock */
    bool told;      /* lock; the eventfd is readable, or is about to be */
    void **items;   /* lock; `bound` of them */
};

mcu_mailbox *mcu_mailbox_new(unsigned bound, void (*drop)(void *message))
{
    g_assert(bound >= 1);
    mcu_mailbox *m = g_new0(mcu_mailbox, 1);
    pthread_mutex_init(&m->lock, NULL);
    m->drop = drop;
    m->bound = bound;
    m->items = g_new0(void *, bound);
    m->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (m->fd < 0) {
        g_error("eventfd: %s", g_strerror(errno));
    }
    return m;
}

void mcu_mailbox_free(mcu_mailbox *m)
{
    if (!m) {
        return;
    }
    for (void *message = mcu_mailbox_pop(m); message; message = mcu_mailbox_pop(m)) {
        if (m->drop) {
            m->drop(message);
        }
    }
    close(m->fd);
    pthread_mutex_destroy(&m->lock);
    g_free(m->items);
    g_free(m);
}

/* Neither blocks. */
static void raise_event(mcu_mailbox *m)
{
    uint64_t one = 1;
    while (write(m->fd, &one, sizeof one) < 0 && errno == EINTR) {
    }
}

/* With the lock held. While its pusher has yet to write the event stands, and whoever looks next clears it. */
static void clear_event_if_empty(mcu_mailbox *m)
{
    if (m->depth > 0 || !m->told) {
        return;
    }
    uint64_t count;
    ssize_t n;
    while ((n = read(m->fd, &count, sizeof count)) < 0 && errno == EINTR) {
    }
    m->told = n < 0;
}

bool mcu_mailbox_push(mcu_mailbox *m, void *message)
{
    pthread_mutex_lock(&m->lock);
    bool fits = m->depth < m->bound, tell = fits && !m->told;
    if (fits) {
        m->items[(m->head + m->depth) % m->bound] = message;
        m->depth++;
        m->told = true;
    }
    pthread_mutex_unlock(&m->lock);
    if (tell) {
        raise_event(m);
    }
    if (!fits && m->drop) {
        m->drop(message);
    }
    return fits;
}

void *mcu_mailbox_pop(mcu_mailbox *m)
{
    void *message = NULL;
    pthread_mutex_lock(&m->lock);
    if (m->depth > 0) {
        message = m->items[m->head];
        m->head = (m->head + 1) % m->bound;
        m->depth--;
    }
    clear_event_if_empty(m);
    pthread_mutex_unlock(&m->lock);
    return message;
}

unsigned mcu_mailbox_depth(mcu_mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    unsigned depth = m->depth;
    pthread_mutex_unlock(&m->lock);
    return depth;
}

static bool is_empty(mcu_mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    bool empty = m->depth == 0;
    clear_event_if_empty(m);
    pthread_mutex_unlock(&m->lock);
    return empty;
}

bool mcu_mailbox_wait(mcu_mailbox *m, int64_t deadline_ns)
{
    while (is_empty(m)) {
        struct timespec left = {0};
        struct timespec *timeout = NULL;
        if (deadline_ns != INT64_MAX) {
            int64_t ns = deadline_ns - mcu_now_ns();
            if (ns <= 0) {
                return false;
            }
            left = (struct timespec){.tv_sec = (time_t)(ns / G_GINT64_CONSTANT(1000000000)),
                                     .tv_nsec = (long)(ns % G_GINT64_CONSTANT(1000000000))};
            timeout = &left;
        }
        struct pollfd p = {.fd = m->fd, .events = POLLIN};
        ppoll(&p, 1, timeout, NULL);
    }
    return true;
}

int mcu_mailbox_fd(mcu_mailbox *m)
{
    return m->fd;
}

typedef struct {
    GSource base;
    mcu_mailbox *mailbox;
    gpointer tag;
    mcu_mailbox_fn fn;
    void *user;
} mailbox_source;

static gboolean source_check(GSource *source)
{
    mailbox_source *s = (mailbox_source *)(void *)source;
    return g_source_query_unix_fd(source, s->tag) != 0;
}

static gboolean source_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
    (void)callback;
    (void)data;
    mailbox_source *s = (mailbox_source *)(void *)source;
    /* `fn` may destroy the source and free the mailbox: look before each touch.
     */
    for (int i = 0; i < DISPATCH_MAX && !g_source_is_destroyed(source); i++) {
        void *message = mcu_mailbox_pop(s->mailbox);
        if (!message) {
            break;
        }
        s->fn(message, s->user);
    }
    return G_SOURCE_CONTINUE;
}

GSource *mcu_mailbox_attach(mcu_mailbox *m, GMainContext *context, mcu_mailbox_fn fn, void *user)
{
    static GSourceFuncs funcs = {.check = source_check, .dispatch = source_dispatch};
    GSource *source = g_source_new(&funcs, sizeof(mailbox_source));
    mailbox_source *s = (mailbox_source *)(void *)source;
    s->mailbox = m;
    s->fn = fn;
    s->user = user;
    s->tag = g_source_add_unix_fd(source, m->fd, G_IO_IN);
    /* Else GLib takes the descriptor out around each dispatch and wakes its own loop twice (nobody runs a loop in `fn`). */
    g_source_set_can_recurse(source, TRUE);
    g_source_attach(source, context);
    return source;
}
