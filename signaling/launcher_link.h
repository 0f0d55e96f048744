/* launcher_link.h - the gateway's end of the control socket to the launcher.  Thread: the gateway's loop.
 * Messages: docs in launcher/launcher.h. */
#ifndef SIGNALING_LAUNCHER_LINK_H
#define SIGNALING_LAUNCHER_LINK_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct sig_launcher sig_launcher;

typedef struct {
    void (*on_exited)(void *user, int64_t pid, int status);
    void (*on_lost)(void *user); /* the launcher is gone: nothing can be started any more */
} sig_launcher_events;

sig_launcher *sig_launcher_new(struct event_base *base, int take_fd, const sig_launcher_events *events, void *user);
void sig_launcher_free(sig_launcher *l); /* pending spawns are forgotten */

/* `pid` <= 0: it could not be started. Called once, later; not after free. */
typedef void (*sig_spawned_fn)(void *user, int64_t pid);
/* Starts tessera-room listening on `socket_name` in the rooms folder. */
bool sig_launcher_spawn_room(sig_launcher *l, const char *socket_name, sig_spawned_fn fn, void *user);
bool sig_launcher_ready(sig_launcher *l); /* the gateway serves: from now on it is restarted when it dies */
/* SIGKILL for the room whose socket's file has this inode, also one that an earlier gateway has started. */
bool sig_launcher_kill(sig_launcher *l, uint64_t inode);

#endif
