#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "signaling/launcher/launcher.h"

#define FIRST_FD 3
#define FDS_MAX 16

static void close_from(unsigned first)
{
    if (syscall(SYS_close_range, first, ~0U, 0) != 0) {
        for (int fd = (int)first; fd < 65536; fd++) {
            close(fd);
        }
    }
}

/* Between fork and exec: async-signal-safe calls only. */
static void become(const char *path, char *const *arguments, const int *fds, unsigned n_fds, bool detached)
{
    static const int later[] = {SIGTERM, SIGHUP, SIGUSR1};
    int high[FDS_MAX];
    sigset_t blocked;
    for (unsigned i = 0; i < n_fds; i++) { /* out of the way first: a source may be another's target */
        high[i] = fcntl(fds[i], F_DUPFD, FIRST_FD + FDS_MAX);
    }
    for (unsigned i = 0; i < n_fds; i++) {
        if (high[i] < 0 || dup2(high[i], FIRST_FD + (int)i) < 0) {
            _exit(126);
        }
    }
    close_from(FIRST_FD + n_fds);
    sigemptyset(&blocked);
    if (detached) {
        setsid();
        signal(SIGINT, SIG_IGN);
    } else {
        for (size_t i = 0; i < G_N_ELEMENTS(later); i++) {
            sigaddset(&blocked, later[i]);
        }
    }
    sigprocmask(SIG_SETMASK, &blocked, NULL);
    execv(path, arguments);
    _exit(127);
}

pid_t sig_spawn(const char *bin, const char *program, char *const *arguments, const int *fds, unsigned n_fds, bool detached)
{
    g_autofree char *path = g_build_filename(bin, program, NULL);
    if (n_fds > FDS_MAX || access(path, X_OK) != 0) {
        mcu_error_log("launcher.program", "program=%s error=%s", program, g_strerror(errno));
        return 0;
    }
    pid_t pid = fork();
    if (pid == 0) {
        become(path, arguments, fds, n_fds, detached);
    }
    return pid > 0 ? pid : 0;
}

pid_t sig_room_of(const sig_launcher_state *l, uint64_t inode)
{
    GHashTableIter i;
    void *pid = NULL, *its = NULL;
    g_hash_table_iter_init(&i, l->rooms);
    while (inode != 0 && g_hash_table_iter_next(&i, &pid, &its)) {
        if (GPOINTER_TO_SIZE(its) == inode) {
            return GPOINTER_TO_INT(pid);
        }
    }
    return 0;
}

/* A room is known by its socket's file, which keeps its inode when the gateway renames it: so also a gateway that did not see it
 * start can name it, even when it says nothing. Not reaped yet = the pid is still its own. */
static void note_room(const sig_launcher_state *l, pid_t pid, const char *name)
{
    struct stat st = {0};
    if (fstatat(l->rooms_dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        st.st_ino = 0;
    }
    pid_t former = sig_room_of(l, st.st_ino);
    if (former > 0) { /* its file is gone, and the file system gave the number to this one */
        g_hash_table_insert(l->rooms, GINT_TO_POINTER(former), NULL);
    }
    g_hash_table_insert(l->rooms, GINT_TO_POINTER(pid), GSIZE_TO_POINTER(st.st_ino));
}

pid_t sig_spawn_room(const sig_launcher_state *l, const char *name)
{
    g_autoptr(GError) error = NULL;
    if (strchr(name, '/') || !g_str_has_suffix(name, ".sock")) {
        return 0;
    }
    int fd = mcu_ipc_listen(l->rooms_dir_fd, name, &error);
    if (fd < 0) {
        mcu_error_log("launcher.room", "error=%s", error->message);
        return 0;
    }
    char program[] = "tessera-room";
    char *arguments[] = {program, NULL};
    pid_t pid = sig_spawn(l->bin, program, arguments, &fd, 1, true);
    close(fd); /* the room's copy is the only one: when it dies, who is connected sees it */
    if (pid == 0) {
        unlinkat(l->rooms_dir_fd, name, 0);
    } else {
        note_room(l, pid, name);
    }
    return pid;
}

void sig_signal_children(const sig_launcher_state *l, int number)
{
    char path[64];
    g_snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
    FILE *f = fopen(path, "re");
    int pid = 0;
    while (f && fscanf(f, "%d", &pid) == 1) {
        kill(pid, number);
    }
    if (f) {
        fclose(f);
        return;
    }
    GHashTableIter i; /* a kernel without that file: what we started ourselves */
    void *key = NULL;
    g_hash_table_iter_init(&i, l->rooms);
    while (g_hash_table_iter_next(&i, &key, NULL)) {
        kill(GPOINTER_TO_INT(key), number);
    }
}
