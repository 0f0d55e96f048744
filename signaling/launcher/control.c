#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "signaling/launcher/launcher.h"

bool sig_start_gateway(sig_launcher_state *l)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return false;
    }
    int fds[1 + SIG_LISTEN_MAX] = {pair[1]};
    for (unsigned i = 0; i < l->n_sockets; i++) {
        fds[1 + i] = l->sockets[i];
    }
    g_autofree char *sockets = g_strdup_printf("--sockets=%u", l->n_sockets);
    g_autofree char *admin = g_strdup_printf("--admin-sockets=%u", l->n_admin_sockets);
    g_autofree char *data = g_strdup_printf("--data=%s", l->data);
    g_autofree char *port = g_strdup_printf("--port=%d", l->port);
    g_autofree char *config = l->config ? g_strdup_printf("--config=%s", l->config) : NULL;
    char program[] = "tessera";
    char again[] = "--again";
    char *arguments[] = {program, data, sockets, admin, port, NULL, NULL, NULL, NULL};
    unsigned n = 5;
    g_autofree char *closing = NULL;
    if (l->config) {
        arguments[n++] = config;
    }
    if (l->served) {
        arguments[n++] = again;
    }
    if (l->draining) {
        closing = g_strdup_printf("--closing-ms=%" PRId64, MAX(0, (l->drained_ns - mcu_now_ns()) / 1000000));
        arguments[n] = closing;
    }
    l->gateway = sig_spawn(l->bin, program, arguments, fds, 1 + l->n_sockets, false);
    close(pair[1]);
    if (l->gateway == 0) {
        close(pair[0]);
        return false;
    }
    l->control = mcu_ipc_new(pair[0]);
    l->born_ns = mcu_now_ns();
    mcu_info("launcher.gateway", "pid=%d", l->gateway);
    return true;
}

static void tell(sig_launcher_state *l, json_t *take_message)
{
    if (l->control) {
        mcu_ipc_send(l->control, take_message, NULL, -1);
    } else {
        json_decref(take_message);
    }
}

void sig_tell_exited(sig_launcher_state *l, pid_t pid, int status)
{
    tell(l, json_pack("{s:s, s:i, s:i}", "type", "exited", "pid", (int)pid, "status", status));
}

static void on_spawn(sig_launcher_state *l, const json_t *m)
{
    const char *name = json_string_value(json_object_get(m, "socket"));
    pid_t pid = name && !l->rooms_told ? sig_spawn_room(l, name) : 0;
    tell(l, json_pack("{s:s, s:O, s:i}", "type", "spawned", "id", json_object_get(m, "id"), "pid", (int)pid));
}

static void on_kill(const sig_launcher_state *l, const json_t *m)
{
    pid_t pid = sig_room_of(l, (uint64_t)json_integer_value(json_object_get(m, "inode")));
    if (pid > 0) {
        mcu_warn("launcher.kill", "pid=%d", pid);
        kill(pid, SIGKILL);
    }
}

static void on_message(sig_launcher_state *l, const json_t *m)
{
    const char *type = json_string_value(json_object_get(m, "type"));
    if (!type) {
        return;
    }
    if (strcmp(type, "ready") == 0) {
        l->served = true;
    } else if (strcmp(type, "spawn") == 0) {
        on_spawn(l, m);
    } else if (strcmp(type, "kill") == 0) {
        on_kill(l, m);
    }
}

void sig_on_control(sig_launcher_state *l)
{
    json_t *m = NULL;
    int fd = -1;
    for (;;) {
        mcu_ipc_result result = l->control ? mcu_ipc_recv(l->control, &m, &fd) : MCU_IPC_AGAIN;
        if (result == MCU_IPC_MESSAGE) {
            on_message(l, m);
            json_decref(m);
            if (fd >= 0) {
                close(fd);
            }
        } else if (result == MCU_IPC_CLOSED) { /* it is dying: SIGCHLD follows */
            mcu_ipc_free(l->control);
            l->control = NULL;
            return;
        } else if (result != MCU_IPC_BAD) {
            return;
        }
    }
}
