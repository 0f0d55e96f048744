#include "signaling/launcher_link.h"

#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "mcu/base/ipc.h"

typedef struct {
    sig_spawned_fn fn;
    void *user;
} spawn;

struct sig_launcher {
    mcu_ipc *ipc;
    struct event *readable, *writable;
    sig_launcher_events events;
    void *user;
    GHashTable *spawns; /* id -> spawn */
    unsigned next_id;
};

static void update(sig_launcher *l)
{
    if (mcu_ipc_wants_write(l->ipc)) {
        event_add(l->writable, NULL);
    }
}

static bool tell(sig_launcher *l, json_t *take_message)
{
    bool ok = mcu_ipc_send(l->ipc, take_message, NULL, -1);
    update(l);
    return ok;
}

static void on_writable(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_launcher *l = user;
    mcu_ipc_flush(l->ipc);
    update(l);
}

static void finish_spawn(sig_launcher *l, const json_t *m)
{
    gpointer id = GUINT_TO_POINTER((guint)json_integer_value(json_object_get(m, "id")));
    gpointer value = NULL;
    if (!g_hash_table_steal_extended(l->spawns, id, NULL, &value)) {
        return;
    }
    spawn *s = value;
    s->fn(s->user, json_integer_value(json_object_get(m, "pid")));
    g_free(s);
}

static void on_message(sig_launcher *l, const json_t *m)
{
    const char *type = json_string_value(json_object_get(m, "type"));
    if (!type) {
        return;
    }
    if (strcmp(type, "exited") == 0) {
        l->events.on_exited(l->user, json_integer_value(json_object_get(m, "pid")),
                            (int)json_integer_value(json_object_get(m, "status")));
    } else if (strcmp(type, "spawned") == 0) {
        finish_spawn(l, m);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_launcher *l = user;
    json_t *m = NULL;
    int passed = -1;
    for (;;) {
        switch (mcu_ipc_recv(l->ipc, &m, &passed)) {
        case MCU_IPC_MESSAGE:
            on_message(l, m);
            json_decref(m);
            if (passed >= 0) {
                evutil_closesocket(passed);
            }
            break;
        case MCU_IPC_BAD:
            break;
        case MCU_IPC_CLOSED:
            event_del(l->readable);
            l->events.on_lost(l->user);
            return;
        case MCU_IPC_NONE:
        case MCU_IPC_AGAIN:
            return;
        }
    }
}

sig_launcher *sig_launcher_new(struct event_base *base, int take_fd, const sig_launcher_events *events, void *user)
{
    sig_launcher *l = g_new0(sig_launcher, 1);
    l->ipc = mcu_ipc_new(take_fd);
    l->events = *events;
    l->user = user;
    l->spawns = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    l->readable = event_new(base, mcu_ipc_fd(l->ipc), EV_READ | EV_PERSIST, on_readable, l);
    l->writable = event_new(base, mcu_ipc_fd(l->ipc), EV_WRITE, on_writable, l);
    event_add(l->readable, NULL);
    return l;
}

void sig_launcher_free(sig_launcher *l)
{
    if (l) {
        event_free(l->readable);
        event_free(l->writable);
        mcu_ipc_free(l->ipc);
        g_hash_table_destroy(l->spawns);
        g_free(l);
    }
}

bool sig_launcher_spawn_room(sig_launcher *l, const char *socket_name, sig_spawned_fn fn, void *user)
{
    unsigned id = ++l->next_id;
    if (!tell(l, json_pack("{s:s, s:i, s:s}", "type", "spawn", "id", (int)id, "socket", socket_name))) {
        return false;
    }
    spawn *s = g_new0(spawn, 1);
    s->fn = fn;
    s->user = user;
    g_hash_table_insert(l->spawns, GUINT_TO_POINTER(id), s);
    return true;
}

bool sig_launcher_ready(sig_launcher *l)
{
    return tell(l, json_pack("{s:s}", "type", "ready"));
}

bool sig_launcher_kill(sig_launcher *l, uint64_t inode)
{
    return inode != 0 && tell(l, json_pack("{s:s, s:I}", "type", "kill", "inode", (json_int_t)inode));
}
