#include "signaling/phone/link.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/ipc.h"
#include "mcu/base/log.h"

#define PROTOCOL 1
#define RETRY_MS 100
#define REQUEST_MS 5000
#define REQUESTS_MAX 1024

typedef struct {
    tel_link *link;
    unsigned id, timer;
    tel_reply_fn fn;
    void *user;
} request;

struct tel_link {
    int dir_fd;
    char *name;
    tel_link_events events;
    void *user;
    mcu_ipc *ipc; /* NULL = not connected */
    bool greeted;
    unsigned readable, writable, retry;
    GHashTable *requests; /* id -> request */
    unsigned next_id;
};

static gboolean try_connect(void *user);

static void finish(request *r, const json_t *reply, const char *code)
{
    g_hash_table_remove(r->link->requests, GUINT_TO_POINTER(r->id));
    if (r->timer) {
        g_source_remove(r->timer);
    }
    if (r->fn) {
        r->fn(r->user, reply, code);
    }
    g_free(r);
}

static void fail_all(tel_link *l)
{
    GHashTableIter i;
    void *value = NULL;
    for (;;) { /* an answer may lead to other requests */
        g_hash_table_iter_init(&i, l->requests);
        if (!g_hash_table_iter_next(&i, NULL, &value)) {
            return;
        }
        finish(value, NULL, "unavailable");
    }
}

static void stop_source(unsigned *source)
{
    if (*source) {
        g_source_remove(*source);
        *source = 0;
    }
}

static void disconnect(tel_link *l)
{
    stop_source(&l->readable);
    stop_source(&l->writable);
    mcu_ipc_free(g_steal_pointer(&l->ipc));
    l->greeted = false;
}

static void lose(tel_link *l)
{
    mcu_warn("phone.gateway", "up=%d", 0);
    disconnect(l);
    fail_all(l);
    l->retry = l->retry ? l->retry : g_timeout_add(RETRY_MS, try_connect, l);
    l->events.on_lost(l->user);
}

static gboolean on_writable(gint fd, GIOCondition what, void *user)
{
    (void)fd;
    (void)what;
    tel_link *l = user;
    mcu_ipc_flush(l->ipc);
    if (mcu_ipc_wants_write(l->ipc)) {
        return G_SOURCE_CONTINUE;
    }
    l->writable = 0;
    return G_SOURCE_REMOVE;
}

static void update(tel_link *l)
{
    if (!l->writable && mcu_ipc_wants_write(l->ipc)) {
        l->writable = g_unix_fd_add(mcu_ipc_fd(l->ipc), G_IO_OUT, on_writable, l);
    }
}

static bool put(tel_link *l, json_t *take_message, const int *fds, unsigned n)
{
    if (!l->ipc) {
        json_decref(take_message);
        return false;
    }
    bool ok = mcu_ipc_send_fds(l->ipc, take_message, NULL, fds, n);
    update(l);
    return ok;
}

static void take_message(tel_link *l, json_t *m)
{
    const char *type = json_string_value(json_object_get(m, "type"));
    const json_t *id = json_object_get(m, "id");
    if (!type) {
        return;
    }
    if (strcmp(type, "hello") == 0) {
        json_t *config = json_object_get(m, "config");
        l->greeted = json_integer_value(json_object_get(m, "protocol")) == PROTOCOL && config;
        if (l->greeted) {
            l->events.on_hello(l->user, config);
        }
        return;
    }
    request *r = json_is_integer(id) ? g_hash_table_lookup(l->requests, GUINT_TO_POINTER((guint)json_integer_value(id))) : NULL;
    if (r && strcmp(type, "ok") == 0) {
        finish(r, m, NULL);
    } else if (r && strcmp(type, "error") == 0) {
        const char *code = json_string_value(json_object_get(m, "code"));
        finish(r, NULL, code ? code : "internal");
    } else if (!json_is_integer(id) && l->greeted) {
        l->events.on_message(l->user, type, m);
    }
}

static gboolean on_readable(gint fd, GIOCondition what, void *user)
{
    (void)fd;
    (void)what;
    tel_link *l = user;
    json_t *m = NULL;
    int passed = -1;
    for (int i = 0; i < 64 && l->ipc; i++) {
        mcu_ipc_result result = mcu_ipc_recv(l->ipc, &m, &passed);
        if (result == MCU_IPC_MESSAGE) {
            if (passed >= 0) {
                close(passed);
            }
            take_message(l, m);
            json_decref(m);
        } else if (result == MCU_IPC_CLOSED) {
            l->readable = 0;
            lose(l);
            return G_SOURCE_REMOVE;
        } else if (result != MCU_IPC_BAD) {
            break;
        }
    }
    return l->ipc ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static gboolean try_connect(void *user)
{
    tel_link *l = user;
    int fd = mcu_ipc_connect(l->dir_fd, l->name, NULL);
    if (fd < 0) {
        return G_SOURCE_CONTINUE;
    }
    l->retry = 0;
    l->ipc = mcu_ipc_new(fd);
    l->readable = g_unix_fd_add(mcu_ipc_fd(l->ipc), G_IO_IN | G_IO_HUP, on_readable, l);
    put(l,
        json_pack("{s:s, s:i, s:s, s:i}", "type", "hello", "protocol", PROTOCOL, "build", TESSERA_VERSION, "pid", (int)getpid()),
        NULL, 0);
    return G_SOURCE_REMOVE;
}

tel_link *tel_link_new(int dir_fd, const char *name, const tel_link_events *events, void *user)
{
    tel_link *l = g_new0(tel_link, 1);
    l->dir_fd = dir_fd;
    l->name = g_strdup(name);
    l->events = *events;
    l->user = user;
    l->requests = g_hash_table_new(g_direct_hash, g_direct_equal);
    if (try_connect(l) == G_SOURCE_CONTINUE) {
        l->retry = g_timeout_add(RETRY_MS, try_connect, l);
    }
    return l;
}

void tel_link_free(tel_link *l)
{
    if (l) {
        stop_source(&l->retry);
        disconnect(l);
        fail_all(l);
        g_hash_table_destroy(l->requests);
        g_free(l->name);
        g_free(l);
    }
}

bool tel_link_up(const tel_link *l)
{
    return l->greeted;
}

bool tel_link_send(tel_link *l, json_t *take_message)
{
    return put(l, take_message, NULL, 0);
}

static gboolean on_timeout(void *user)
{
    request *r = user;
    r->timer = 0;
    finish(r, NULL, "unavailable");
    return G_SOURCE_REMOVE;
}

void tel_link_request(tel_link *l, json_t *take_message, const int *fds, unsigned n_fds, tel_reply_fn fn, void *user)
{
    request *r = g_new0(request, 1);
    r->link = l;
    r->id = ++l->next_id;
    r->fn = fn;
    r->user = user;
    json_object_set_new(take_message, "id", json_integer((json_int_t)r->id));
    bool sent = g_hash_table_size(l->requests) < REQUESTS_MAX && l->greeted;
    if (sent) {
        sent = put(l, take_message, fds, n_fds);
    } else {
        json_decref(take_message);
    }
    g_hash_table_insert(l->requests, GUINT_TO_POINTER(r->id), r);
    r->timer = g_timeout_add(sent ? REQUEST_MS : 0, on_timeout, r); /* never answered inside this call */
}

void tel_link_cancel(tel_link *l, const void *user)
{
    GHashTableIter i;
    void *value = NULL;
    g_hash_table_iter_init(&i, l->requests);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        request *r = value;
        if (r->user == user) {
            r->fn = NULL;
        }
    }
}
