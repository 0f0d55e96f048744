#include "signaling/phone_link.h"

#include <string.h>
#include <unistd.h>

#include "mcu/base/log.h"

#define SOCKET_NAME "phone"
#define PROTOCOL 1

struct sig_phone_link {
    struct event_base *base;
    int listen_fd, dir_fd;
    int64_t generation;
    json_t *config;
    sig_phone_link_events events;
    void *user;
    struct event *accepting, *readable, *writable;
    mcu_ipc *ipc; /* NULL = nobody */
    bool greeted;
};

static void update(sig_phone_link *l)
{
    if (l->ipc && mcu_ipc_wants_write(l->ipc)) {
        event_add(l->writable, NULL);
    }
}

static void on_writable(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_phone_link *l = user;
    mcu_ipc_flush(l->ipc);
    update(l);
}

static void hang_up(sig_phone_link *l)
{
    bool greeted = l->greeted;
    if (!l->ipc) {
        return;
    }
    event_free(l->readable);
    event_free(l->writable);
    mcu_ipc_free(g_steal_pointer(&l->ipc));
    l->readable = l->writable = NULL;
    l->greeted = false;
    if (greeted) {
        mcu_warn("phone.lost", "generation=%lld", (long long)l->generation);
        l->events.on_lost(l->user);
    }
}

static void take_hello(sig_phone_link *l, const json_t *m)
{
    l->greeted = json_integer_value(json_object_get(m, "protocol")) == PROTOCOL;
    if (!l->greeted) {
        mcu_warn("phone.protocol", "known=%d", PROTOCOL);
        return;
    }
    sig_phone_link_send(l, json_pack("{s:s, s:i, s:s, s:I, s:O}", "type", "hello", "protocol", PROTOCOL, "build", TESSERA_VERSION,
                                     "generation", (json_int_t)l->generation, "config", l->config));
    mcu_info("phone.connected", "pid=%lld", (long long)json_integer_value(json_object_get(m, "pid")));
    l->events.on_hello(l->user);
}

static void take_message(sig_phone_link *l, const json_t *m, const int *fds, unsigned n)
{
    const char *type = json_string_value(json_object_get(m, "type"));
    json_int_t id = json_integer_value(json_object_get(m, "id"));
    if (type && strcmp(type, "hello") == 0) {
        take_hello(l, m);
    } else if (type && l->greeted) {
        l->events.on_message(l->user, type, m, MAX(id, 0), fds, n);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_phone_link *l = user;
    for (int i = 0; i < 64 && l->ipc; i++) {
        json_t *m = NULL;
        int fds[MCU_IPC_FDS] = {-1, -1};
        unsigned n = 0;
        mcu_ipc_result result = mcu_ipc_recv_fds(l->ipc, &m, fds, &n);
        if (result == MCU_IPC_MESSAGE) {
            take_message(l, m, fds, n);
            json_decref(m);
            for (unsigned k = 0; k < n; k++) {
                close(fds[k]);
            }
        } else if (result == MCU_IPC_CLOSED) {
            hang_up(l);
        } else if (result != MCU_IPC_BAD) {
            return;
        }
    }
}

static void on_accept(evutil_socket_t fd, short what, void *user)
{
    (void)what;
    sig_phone_link *l = user;
    g_autoptr(GError) error = NULL;
    int accepted = mcu_ipc_accept((int)fd, &error);
    if (accepted < 0) {
        return;
    }
    hang_up(l);
    l->ipc = mcu_ipc_new(accepted);
    l->readable = event_new(l->base, accepted, EV_READ | EV_PERSIST, on_readable, l);
    l->writable = event_new(l->base, accepted, EV_WRITE, on_writable, l);
    event_add(l->readable, NULL);
}

sig_phone_link *sig_phone_link_new(struct event_base *base, int dir_fd, int64_t generation, json_t *config,
                                   const sig_phone_link_events *events, void *user, GError **error)
{
    int fd = mcu_ipc_listen(dir_fd, SOCKET_NAME, error);
    if (fd < 0) {
        return NULL;
    }
    sig_phone_link *l = g_new0(sig_phone_link, 1);
    l->base = base;
    l->listen_fd = fd;
    l->dir_fd = dir_fd;
    l->generation = generation;
    l->config = json_incref(config);
    l->events = *events;
    l->user = user;
    l->accepting = event_new(base, fd, EV_READ | EV_PERSIST, on_accept, l);
    event_add(l->accepting, NULL);
    return l;
}

void sig_phone_link_free(sig_phone_link *l)
{
    if (l) {
        l->greeted = false;
        hang_up(l);
        event_free(l->accepting);
        close(l->listen_fd);
        unlinkat(l->dir_fd, SOCKET_NAME, 0);
        json_decref(l->config);
        g_free(l);
    }
}

bool sig_phone_link_up(const sig_phone_link *l)
{
    return l->greeted;
}

bool sig_phone_link_send(sig_phone_link *l, json_t *take_message)
{
    if (!l->greeted) {
        json_decref(take_message);
        return false;
    }
    bool ok = mcu_ipc_send(l->ipc, take_message, NULL, -1);
    update(l);
    return ok;
}

void sig_phone_link_ok(sig_phone_link *l, json_int_t id, json_t *take_members)
{
    json_t *m = take_members ? take_members : json_object();
    json_object_set_new(m, "type", json_string("ok"));
    json_object_set_new(m, "id", json_integer(id));
    sig_phone_link_send(l, m);
}

void sig_phone_link_refuse(sig_phone_link *l, json_int_t id, const char *code)
{
    sig_phone_link_send(l, json_pack("{s:s, s:I, s:s}", "type", "error", "id", id, "code", code));
}
