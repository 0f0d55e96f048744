#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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
    int high[FDS_MAX];
    sigset_t none;
    for (unsigned i = 0; i < n_fds; i++) { /* out of the way first: a source may be another's target */
        high[i] = fcntl(fds[i], F_DUPFD, FIRST_FD + FDS_MAX);
    }
    for (unsigned i = 0; i < n_fds; i++) {
        if (high[i] < 0 || dup2(high[i], FIRST_FD + (int)i) < 0) {
            _exit(126);
        }
    }
    close_from(FIRST_FD + n_fds);
    if (detached) {
        setsid();
        signal(SIGINT, SIG_IGN);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
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
