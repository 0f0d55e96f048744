#include "mcu/room/gateway.h"

#include <glib-unix.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/hex.h"
#include "mcu/base/ipc.h"
#include "mcu/base/leg.h"
#include "mcu/base/log.h"
#include "mcu/base/signing.h"
#include "mcu/base/status.h"
#include "mcu/room/room.h"

#define PROTOCOL 1
#define MAX_CONNECTIONS 4

typedef struct {
    mcu_gateway *gateway;
    mcu_ipc *ipc;
    GSource *reader, *writer;
    int64_t generation; /* -1 until its hello */
} connection;

struct mcu_gateway {
    GMainContext *context;
    int listen_fd;
    GSource *listener;
    GPtrArray *connections; /* connection, owned */
    connection *leader;     /* highest generation, borrowed */
    mcu_room *room;
    void (*finished)(void *user);
    void *user;
    uint8_t signing_key[MCU_SIGN_KEY], signing_public[MCU_SIGN_KEY]; /* what this process records is signed with it */
};

static void drop_source(GSource **source)
{
    if (*source != NULL) {
        g_source_destroy(*source);
        g_clear_pointer(source, g_source_unref);
    }
}

static void connection_free(gpointer data)
{
    connection *c = data;
    if (c->gateway->leader == c) {
        c->gateway->leader = NULL;
    }
    drop_source(&c->reader);
    drop_source(&c->writer);
    mcu_ipc_free(c->ipc);
    g_free(c);
}

static gboolean on_writable(int fd, GIOCondition condition, gpointer user)
{
    (void)fd;
    (void)condition;
    connection *c = user;
    mcu_ipc_flush(c->ipc);
    if (mcu_ipc_wants_write(c->ipc)) {
        return G_SOURCE_CONTINUE;
    }
    g_clear_pointer(&c->writer, g_source_unref);
    return G_SOURCE_REMOVE;
}

static void send_to(connection *c, json_t *take, const char *coalesce)
{
    (void)mcu_ipc_send(c->ipc, take, coalesce, -1);
    if (mcu_ipc_wants_write(c->ipc) && c->writer == NULL) {
        c->writer = g_unix_fd_source_new(mcu_ipc_fd(c->ipc), G_IO_OUT);
        g_source_set_callback(c->writer, G_SOURCE_FUNC(on_writable), c, NULL);
        g_source_attach(c->writer, c->gateway->context);
    }
}

static void send_to_leader(void *user, json_t *take, const char *coalesce)
{
    mcu_gateway *g = user;
    if (g->leader != NULL) {
        send_to(g->leader, take, coalesce);
    } else {
        json_decref(take);
    }
}

static void room_finished(void *user, const char *reason)
{
    (void)reason;
    mcu_gateway *g = user;
    if (g->leader != NULL) {
        mcu_ipc_flush(g->leader->ipc);
    }
    g->finished(g->user);
}

static void say_hello(connection *c)
{
    mcu_room *r = c->gateway->room;
    char key[2 * MCU_SIGN_KEY + 1];
    send_to(c,
            json_pack("{ss si ss ss sI si ss}", "type", "hello", "protocol", PROTOCOL, "build", TESSERA_VERSION, "room",
                      r != NULL ? mcu_room_id(r) : "", "revision", (json_int_t)(r != NULL ? mcu_room_revision(r) : 0), "pid",
                      (int)getpid(), "signing_key", mcu_hex(c->gateway->signing_public, MCU_SIGN_KEY, key)),
            NULL);
}

static bool on_hello(connection *c, const json_t *m)
{
    mcu_gateway *g = c->gateway;
    int64_t protocol = json_integer_value(json_object_get(m, "protocol"));
    int64_t generation = json_integer_value(json_object_get(m, "generation"));
    if (protocol != PROTOCOL || (g->leader != NULL && g->leader != c && generation < g->leader->generation)) {
        return false;
    }
    c->generation = generation;
    connection *old = g->leader;
    g->leader = c;
    if (old != NULL && old != c) {
        g_ptr_array_remove(g->connections, old);
    }
    if (g->room != NULL) {
        mcu_room_announce(g->room);
    }
    return true;
}

static void on_open(mcu_gateway *g, const json_t *m)
{
    g_autoptr(GError) error = NULL;
    if (g->room != NULL) {
        g_set_error(&error, MCU_ERROR, MCU_ERROR_CONFLICT, "this process is a room already");
    } else {
        mcu_room_callbacks callbacks = {send_to_leader, room_finished, g->signing_key};
        g->room = mcu_room_new(g->context, m, &callbacks, g, &error);
    }
    json_t *reply;
    if (error != NULL) {
        reply = json_pack("{ss ss ss}", "type", "error", "code", mcu_error_name(error->code), "message", error->message);
    } else {
        reply = json_pack("{ss ss}", "type", "opened", "room", mcu_room_id(g->room));
    }
    json_t *id = json_object_get(m, "id");
    if (id != NULL) {
        json_object_set(reply, "id", id);
    }
    send_to_leader(g, reply, NULL);
}

/* False: this connection has to go. */
static bool on_message(connection *c, const json_t *m, int *fds, unsigned n)
{
    mcu_gateway *g = c->gateway;
    const char *type = json_string_value(json_object_get(m, "type"));
    if (type == NULL) {
        return true;
    }
    if (strcmp(type, "hello") == 0) {
        return on_hello(c, m);
    }
    if (c != g->leader) {
        return false;
    }
    if (strcmp(type, "open") == 0) {
        on_open(g, m);
    } else if (g->room != NULL) {
        mcu_room_handle_fds(g->room, m, fds, n);
    } else if (strcmp(type, "end") == 0) {
        g->finished(g->user);
    } else {
        json_t *reply =
            json_pack("{ss ss ss}", "type", "error", "code", "unavailable", "message", "no room is open in this process");
        if (json_object_get(m, "id") != NULL) {
            json_object_set(reply, "id", json_object_get(m, "id"));
        }
        send_to(c, reply, NULL);
    }
    return true;
}

static void close_left(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}

static gboolean on_readable(int fd, GIOCondition condition, gpointer user)
{
    (void)fd;
    (void)condition;
    connection *c = user;
    for (unsigned i = 0; i < 64; i++) {
        json_t *m = NULL;
        int fds[MCU_IPC_FDS];
        unsigned n;
        mcu_ipc_result result = mcu_ipc_recv_fds(c->ipc, &m, fds, &n);
        if (result == MCU_IPC_AGAIN) {
            return G_SOURCE_CONTINUE;
        }
        bool stays = result == MCU_IPC_BAD || (result == MCU_IPC_MESSAGE && on_message(c, m, fds, n));
        close_left(fds, n);
        mcu_leg_json_wipe(json_object_get(m, "leg"));
        json_decref(m);
        if (!stays) {
            mcu_info("gateway.gone", "generation=%" G_GINT64_FORMAT, c->generation);
            g_ptr_array_remove(c->gateway->connections, c);
            return G_SOURCE_REMOVE;
        }
    }
    return G_SOURCE_CONTINUE;
}

static gboolean on_connect(int fd, GIOCondition condition, gpointer user)
{
    (void)condition;
    mcu_gateway *g = user;
    g_autoptr(GError) error = NULL;
    int client = mcu_ipc_accept(fd, &error);
    if (client < 0) {
        return G_SOURCE_CONTINUE;
    }
    if (g->connections->len >= MAX_CONNECTIONS) {
        close(client);
        return G_SOURCE_CONTINUE;
    }
    connection *c = g_new0(connection, 1);
    c->gateway = g;
    c->generation = -1;
    c->ipc = mcu_ipc_new(client);
    c->reader = g_unix_fd_source_new(mcu_ipc_fd(c->ipc), G_IO_IN | G_IO_HUP | G_IO_ERR);
    g_source_set_callback(c->reader, G_SOURCE_FUNC(on_readable), c, NULL);
    g_source_attach(c->reader, g->context);
    g_ptr_array_add(g->connections, c);
    say_hello(c);
    return G_SOURCE_CONTINUE;
}

mcu_gateway *mcu_gateway_new(GMainContext *context, int listen_fd, void (*finished)(void *user), void *user)
{
    mcu_gateway *g = g_new0(mcu_gateway, 1);
    g->context = context;
    g->listen_fd = listen_fd;
    g->finished = finished;
    g->user = user;
    if (!mcu_sign_key_new(g->signing_key, g->signing_public)) {
        mcu_error_log("gateway.key", "it cannot sign recordings");
    }
    g->connections = g_ptr_array_new_with_free_func(connection_free);
    g_unix_set_fd_nonblocking(listen_fd, TRUE, NULL);
    g->listener = g_unix_fd_source_new(listen_fd, G_IO_IN);
    g_source_set_callback(g->listener, G_SOURCE_FUNC(on_connect), g, NULL);
    g_source_attach(g->listener, context);
    return g;
}

void mcu_gateway_end(mcu_gateway *g, const char *reason)
{
    if (g->room == NULL) {
        g->finished(g->user);
        return;
    }
    json_t *m = json_pack("{ss ss}", "type", "end", "reason", reason);
    mcu_room_handle(g->room, m);
    json_decref(m);
}

void mcu_gateway_free(mcu_gateway *g)
{
    if (g == NULL) {
        return;
    }
    mcu_room_free(g->room);
    OPENSSL_cleanse(g->signing_key, sizeof g->signing_key);
    g_ptr_array_unref(g->connections);
    drop_source(&g->listener);
    close(g->listen_fd);
    g_free(g);
}
