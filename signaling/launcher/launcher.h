/* launcher.h - the parent of all: keeps the listening sockets, restarts the gateway, starts and reaps rooms.  Thread: its one.
 *
 * Control socket (SEQPACKET, mcu/base/ipc.h), one pair for each life of the gateway:
 *   gateway  {"type":"ready"}                          it serves: from now on a death is followed by a restart
 *            {"type":"spawn","id":N,"socket":NAME}      start tessera-room, listening on NAME in DATA/rooms
 *            {"type":"kill","inode":I}                  SIGKILL for the room whose socket's file has that inode
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
    int64_t drain_ns;          /* of visits, after the first SIGTERM or SIGINT */
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

    bool has_phone; /* configured */
    pid_t phone;    /* 0 = none */
    int64_t phone_ns, phone_born_ns;
    unsigned phone_deaths;

    GHashTable *rooms;  /* pid -> inode of its socket's file */
    int stop_signal;    /* 0 = running */
    int64_t stop_ns;    /* deadline of the present step of stopping */
    bool draining;      /* visits go on until they end by themselves: a gateway that dies is still replaced */
    int64_t drained_ns; /* until then at most */
    bool rooms_told;
    int exit_status;
} sig_launcher_state;

/* listen.c: binds every configured address. False with the reason and the mend. */
bool sig_listen(sig_launcher_state *l, const sig_settings *s, GError **error);

/* spawn.c: starts `bin`/`program`; `fds` become 3, 4, ...; nothing else is inherited but 0, 1, 2. A detached child has its own
 * session and ignores SIGINT. Any other starts with SIGTERM, SIGHUP and SIGUSR1 blocked, and lets them through once it can handle
 * them: what is said to it before is not lost and does not end it. 0 = it could not be started. */
pid_t sig_spawn(const char *bin, const char *program, char *const *arguments, const int *fds, unsigned n_fds, bool detached);
/* A room process that listens on `name` in the rooms folder; noted in `rooms`. */
pid_t sig_spawn_room(const sig_launcher_state *l, const char *name);
/* The room whose socket's file has this inode; 0 = there is none, or none any more. */
pid_t sig_room_of(const sig_launcher_state *l, uint64_t inode);
/* Sends a signal to every child there is, also to those inherited from a dead gateway. */
void sig_signal_children(const sig_launcher_state *l, int number);

/* life.c. The last is how long poll may wait, -1 = for ever. */
void sig_on_signal(sig_launcher_state *l);                 /* `signal_fd` is readable */
bool sig_stop_step(sig_launcher_state *l, int64_t now);    /* once `stop_signal` is set; true = no child is left */
bool sig_restart_step(sig_launcher_state *l, int64_t now); /* starts a gateway that is due; false = the first did not start */
int sig_timeout_ms(const sig_launcher_state *l, int64_t now);

/* phone.c. The last is when to call the first again, INT64_MAX = not until something happens. */
void sig_phone_step(sig_launcher_state *l, int64_t now);
void sig_phone_died(sig_launcher_state *l, int status);
int64_t sig_phone_next(const sig_launcher_state *l);

/* control.c: the gateway's messages. */
bool sig_start_gateway(sig_launcher_state *l);
void sig_on_control(sig_launcher_state *l);
void sig_tell_exited(sig_launcher_state *l, pid_t pid, int status);

#endif
