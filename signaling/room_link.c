#include "signaling/room_link.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/hex.h"
#include "mcu/base/ipc.h"
#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "mcu/base/signing.h"
#include "mcu/base/status.h"
#include "signaling/gateway.h"

#define PROTOCOL 1
#define REQUESTS_MAX 4096

struct sig_room_request {
    sig_room_link *link;
    unsigned id;
    struct event *deadline;
    sig_reply_fn fn;
    void *user;
};

struct sig_room_link {
    struct event_base *base;
    mcu_ipc *ipc;
    int dir_fd;
    char *name;
    ino_t inode; /* of the socket's file: another process may come to have the name */
    int64_t pid;
    struct event *readable, *writable;
    sig_room_link_events events;
    void *user;
    GHashTable *requests; /* id -> sig_room_request */
    unsigned next_id;
    char signing_key[2 * MCU_SIGN_KEY + 1];
    int busy; /* inside a callback: free waits */
    bool greeted, closed, doomed;
};

static ino_t inode_of(int dir_fd, const char *name)
{
    struct stat st;
    return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? st.st_ino : 0;
}

static void destroy(sig_room_link *l)
{
    event_free(l->readable);
    event_free(l->writable);
    mcu_ipc_free(l->ipc);
    g_hash_table_destroy(l->requests);
    g_free(l->name);
    g_free(l);
}

static void finish(sig_room_request *r, const json_t *reply, const char *code, const char *message)
{
    sig_reply_fn fn = r->fn;
    void *user = r->user;
    g_hash_table_remove(r->link->requests, GUINT_TO_POINTER(r->id));
    event_free(r->deadline);
    g_free(r);
    if (fn) {
        fn(user, reply, code, message);
    }
}

static void fail_all(sig_room_link *l)
{
    GHashTableIter i;
    void *value = NULL;
    for (;;) { /* a callback may add or cancel others */
        g_hash_table_iter_init(&i, l->requests);
        if (!g_hash_table_iter_next(&i, NULL, &value)) {
            return;
        }
        finish(value, NULL, mcu_error_name(MCU_ERROR_UNAVAILABLE), "the room is restarting");
    }
}

static void close_link(sig_room_link *l)
{
    if (l->closed) {
        return;
    }
    l->closed = true;
    event_del(l->readable);
    event_del(l->writable);
    fail_all(l);
    if (!l->doomed) {
        l->events.on_closed(l->user);
    }
}

static void update(sig_room_link *l)
{
    if (!l->closed && mcu_ipc_wants_write(l->ipc)) {
        event_add(l->writable, NULL);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_room_link *l = user;
    mcu_ipc_flush(l->ipc);
    update(l);
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    finish(user, NULL, mcu_error_name(MCU_ERROR_UNAVAILABLE), "the room did not answer in time");
}

static bool take_hello(sig_room_link *l, const json_t *m)
{
    json_int_t protocol = json_integer_value(json_object_get(m, "protocol"));
    const char *room = json_string_value(json_object_get(m, "room"));
    const char *build = json_string_value(json_object_get(m, "build"));
    if (l->greeted || !room || (*room && !sig_id_valid(room)) || protocol < PROTOCOL - 1 || protocol > PROTOCOL) {
        return false;
    }
    const char *key = json_string_value(json_object_get(m, "signing_key"));
    uint8_t raw[MCU_SIGN_KEY];
    if (mcu_unhex(key, raw, sizeof raw)) {
        g_strlcpy(l->signing_key, key, sizeof l->signing_key);
    }
    l->greeted = true;
    l->events.on_hello(l->user, room, build ? build : "");
    return true;
}

static void take_reply(sig_room_link *l, const char *type, const json_t *m, const json_t *id)
{
    sig_room_request *r = g_hash_table_lookup(l->requests, GUINT_TO_POINTER((guint)json_integer_value(id)));
    if (!r) {
        return; /* it was cancelled or came late */
    }
    if (strcmp(type, "error") != 0) {
        finish(r, m, NULL, NULL);
        return;
    }
    const char *code = json_string_value(json_object_get(m, "code"));
    const char *message = json_string_value(json_object_get(m, "message"));
    finish(r, NULL, code ? code : mcu_error_name(MCU_ERROR_INTERNAL), message ? message : "");
}

static void take_message(sig_room_link *l, const json_t *m)
{
    const char *type = json_string_value(json_object_get(m, "type"));
    const json_t *id = json_object_get(m, "id");
    bool ok = type != NULL;
    if (ok && strcmp(type, "hello") == 0) {
        ok = take_hello(l, m);
    } else if (ok && json_is_integer(id)) {
        take_reply(l, type, m, id);
    } else if (ok && l->greeted) {
        l->events.on_message(l->user, type, m);
    }
    if (!ok) {
        mcu_warn("room.protocol", "pid=%" PRId64, l->pid);
        close_link(l);
    }
}

static bool receive_one(sig_room_link *l)
{
    json_t *m = NULL;
    int fd = -1;
    switch (mcu_ipc_recv(l->ipc, &m, &fd)) {
    case MCU_IPC_MESSAGE:
        if (fd >= 0) {
            close(fd);
        }
        take_message(l, m);
        json_decref(m);
        return true;
    case MCU_IPC_BAD:
        return true;
    case MCU_IPC_CLOSED:
        close_link(l);
        return false;
    case MCU_IPC_NONE:
    case MCU_IPC_AGAIN:
        break;
    }
    return false;
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_room_link *l = user;
    l->busy++;
    for (int i = 0; i < 64 && !l->closed && !l->doomed && receive_one(l); i++) { /* others get their turn */
    }
    if (--l->busy == 0 && l->doomed) {
        destroy(l);
    }
}

sig_room_link *sig_room_link_connect(struct event_base *base, int dir_fd, const char *name, int64_t generation,
                                     const sig_room_link_events *events, void *user, GError **error)
{
    int fd = mcu_ipc_connect(dir_fd, name, error);
    if (fd < 0) {
        return NULL;
    }
    sig_room_link *l = g_new0(sig_room_link, 1);
    l->base = base;
    l->ipc = mcu_ipc_new(fd);
    l->dir_fd = dir_fd;
    l->name = g_strdup(name);
    l->inode = inode_of(dir_fd, name);
    l->requests = g_hash_table_new(g_direct_hash, g_direct_equal);
    l->readable = event_new(base, mcu_ipc_fd(l->ipc), EV_READ | EV_PERSIST, on_readable, l);
    l->writable = event_new(base, mcu_ipc_fd(l->ipc), EV_WRITE, on_writable, l);
    sig_room_link_set_events(l, events, user);
    event_add(l->readable, NULL);
    sig_room_link_send(l, json_pack("{s:s, s:i, s:s, s:I, s:s, s:i}", "type", "hello", "protocol", PROTOCOL, "build",
                                    TESSERA_VERSION, "generation", (json_int_t)generation, "room", "", "revision", 0));
    return l;
}

void sig_room_link_set_events(sig_room_link *l, const sig_room_link_events *events, void *user)
{
    l->events = *events;
    l->user = user;
}

void sig_room_link_free(sig_room_link *l)
{
    if (!l || l->doomed) {
        return;
    }
    l->doomed = true;
    l->busy++;
    close_link(l);
    if (--l->busy == 0) {
        destroy(l);
    }
}

void sig_room_link_set_pid(sig_room_link *l, int64_t pid)
{
    l->pid = pid;
}

int64_t sig_room_link_pid(const sig_room_link *l)
{
    return l->pid;
}

uint64_t sig_room_link_inode(const sig_room_link *l)
{
    return l->inode;
}

const char *sig_room_link_name(const sig_room_link *l)
{
    return l->name;
}

bool sig_room_link_rename(sig_room_link *l, const char *name)
{
    if (renameat(l->dir_fd, l->name, l->dir_fd, name) != 0) {
        return false;
    }
    g_free(l->name);
    l->name = g_strdup(name);
    return true;
}

void sig_room_link_unlink(sig_room_link *l)
{
    if (inode_of(l->dir_fd, l->name) == l->inode) {
        unlinkat(l->dir_fd, l->name, 0);
    }
}

const char *sig_room_link_signing_key(const sig_room_link *l)
{
    return l->signing_key;
}

static bool send_fds(sig_room_link *l, json_t *take_message, const int *fds, unsigned n_fds)
{
    if (l->closed) {
        json_decref(take_message);
        return false;
    }
    bool ok = mcu_ipc_send_fds(l->ipc, take_message, NULL, fds, n_fds);
    update(l);
    return ok;
}

bool sig_room_link_send_fd(sig_room_link *l, json_t *take_message, int fd)
{
    return send_fds(l, take_message, &fd, 1);
}

bool sig_room_link_send(sig_room_link *l, json_t *take_message)
{
    return send_fds(l, take_message, NULL, 0);
}

sig_room_request *sig_room_link_request(sig_room_link *l, json_t *take_message, int timeout_ms, sig_reply_fn fn, void *user)
{
    return sig_room_link_request_fds(l, take_message, NULL, 0, timeout_ms, fn, user);
}

sig_room_request *sig_room_link_request_fds(sig_room_link *l, json_t *take_message, const int *fds, unsigned n_fds,
                                            int timeout_ms, sig_reply_fn fn, void *user)
{
    if (g_hash_table_size(l->requests) >= REQUESTS_MAX) {
        json_decref(take_message);
        return NULL;
    }
    unsigned id = ++l->next_id;
    json_object_set_new(take_message, "id", json_integer((json_int_t)id));
    if (!send_fds(l, take_message, fds, n_fds)) {
        return NULL;
    }
    sig_room_request *r = g_new0(sig_room_request, 1);
    r->link = l;
    r->id = id;
    r->fn = fn;
    r->user = user;
    r->deadline = sig_timer_new(l->base, on_deadline, r);
    sig_timer_arm(r->deadline, timeout_ms);
    g_hash_table_insert(l->requests, GUINT_TO_POINTER(id), r);
    return r;
}

void sig_room_request_cancel(sig_room_request *r)
{
    if (r) {
        r->fn = NULL;
        finish(r, NULL, NULL, NULL);
    }
}
