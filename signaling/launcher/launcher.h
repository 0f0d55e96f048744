/* launcher.h - the parent of all: keeps the listening sockets, restarts the gateway, starts and reaps rooms.  Thread: its one.
 *
 * Control socket (SEQPACKET, mcu/base/ipc.h), one pair for each life of the gateway:
 *   gateway  {"type":"ready"}                          it serves: from now on a death is followed by a restart
 *            {"type":"spawn","id":N,"socket":NAME}      start tessera-room, listening on NAME in DATA/rooms
 *            {"type":"kill","pid":P}                    SIGKILL for a child
 *   launcher {"type":"spawned","id":N,"pid":P}          P 0 = it could not be started
 *            {"type":"exited","pid":P,"status":S}       a room ended; S as of waitpid(2) */
#ifndef SIGNALING_LAUNCHER_H
#define SIGNALING_LAUNCHER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "mcu/base/ipc.h"
#include "signaling/settings.h"

#define SIG_LISTEN_MAX 8

typedef struct {
    const char *data, *config; /* config may be NULL */
    int port;                  /* 0 = the configuration's */
    int64_t drain_ns;          /* of visits, after SIGTERM */
    bool allow_root;
    char *bin; /* folder of the programs */
    int sockets[SIG_LISTEN_MAX];
    unsigned n_sockets, n_admin_sockets; /* the last ones are the operator's */
    int rooms_dir_fd;
    int signal_fd;

    mcu_ipc *control; /* NULL between two lives of the gateway */
    pid_t gateway;    /* 0 = none */
    int64_t born_ns, restart_ns;
    unsigned quick_deaths;
    bool served; /* a gateway has been ready once */

    GHashTable *rooms; /* pids */
    int stop_signal;   /* 0 = running */
    int64_t stop_ns;   /* deadline of the present step of stopping */
    bool rooms_told;
    int exit_status;
} sig_launcher_state;

/* listen.c: binds every configured address. False with the reason and the mend. */
bool sig_listen(sig_launcher_state *l, const sig_settings *s, GError **error);

/* spawn.c: starts `bin`/`program`; `fds` become 3, 4, ...; nothing else is inherited but 0, 1, 2. A detached child has its own
 * session and ignores SIGINT. 0 = it could not be started. */
pid_t sig_spawn(const char *bin, const char *program, char *const *arguments, const int *fds, unsigned n_fds, bool detached);
/* A room process that listens on `name` in the rooms folder. */
pid_t sig_spawn_room(const sig_launcher_state *l, const char *name);
/* Sends a signal to every child there is, also to those inherited from a dead gateway. */
void sig_signal_children(const sig_launcher_state *l, int number);

/* control.c: the gateway's messages. */
bool sig_start_gateway(sig_launcher_state *l);
void sig_on_control(sig_launcher_state *l);
void sig_tell_exited(sig_launcher_state *l, pid_t pid, int status);

#endif
