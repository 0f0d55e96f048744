/* main.c - tessera-launcher: options, start, and the one loop. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/launcher/launcher.h"
#include "signaling/secret_file.h"

#define SEC INT64_C(1000000000)

static const char usage[] = "usage: tessera-launcher --data DIR [--port N] [--config FILE] [--no-demo] [--allow-root]\n"
                            "\n"
                            "Starts Tessera: keeps its listening sockets, runs the gateway and the rooms, restarts what dies.\n"
                            "\n"
                            "  --data DIR     database, keys, certificate and sockets\n"
                            "  --port N       listen on this port instead of the configuration's\n"
                            "  --config FILE  an INI file; tessera --help-config prints every key\n"
                            "  --allow-root   run as root outside a container too\n"
                            "  --no-demo      accepted and without effect: the demo room is made by ./run\n";

static int open_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1); /* ours by nobody: a child that is not a gateway yet must not die of it */
    signal(SIGPIPE, SIG_IGN);
    return sigprocmask(SIG_BLOCK, &set, NULL) == 0 ? signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK) : -1;
}

static void run(sig_launcher_state *l)
{
    for (;;) {
        int64_t now = mcu_now_ns();
        if (l->stop_signal && sig_stop_step(l, now)) {
            return;
        }
        if (!sig_restart_step(l, now)) {
            l->exit_status = 1;
            return;
        }
        sig_phone_step(l, now);
        struct pollfd fds[2] = {{l->signal_fd, POLLIN, 0}, {l->control ? mcu_ipc_fd(l->control) : -1, POLLIN, 0}};
        if (l->control && mcu_ipc_wants_write(l->control)) {
            fds[1].events |= POLLOUT;
        }
        if (poll(fds, 2, sig_timeout_ms(l, now)) < 0 && errno != EINTR) {
            return;
        }
        if (fds[1].revents & POLLOUT) {
            mcu_ipc_flush(l->control);
        }
        if (fds[1].revents & ~POLLOUT) {
            sig_on_control(l);
        }
        if (fds[0].revents) {
            sig_on_signal(l);
        }
    }
}

/* ---- start ---- */

static bool read_options(sig_launcher_state *l, int argc, char **argv)
{
    static const struct option options[] = {{"data", required_argument, NULL, 'd'},
                                            {"port", required_argument, NULL, 'p'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"no-demo", no_argument, NULL, 'n'},
                                            {"help", no_argument, NULL, 'h'},
                                            {"allow-root", no_argument, NULL, 'r'},
                                            {NULL, 0, NULL, 0}};
    int o = 0;
    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == 'd') {
            l->data = optarg;
        } else if (o == 'c') {
            l->config = optarg;
        } else if (o == 'p') {
            l->port = atoi(optarg);
            if (l->port < 1 || l->port > 65535) {
                fputs("tessera-launcher: --port must be from 1 to 65535\n", stderr);
                return false;
            }
        } else if (o == 'r') {
            l->allow_root = true;
        } else if (o == 'h') {
            fputs(usage, stdout);
            exit(0);
        } else if (o != 'n') {
            return false;
        }
    }
    return l->data && optind == argc;
}

static bool in_container(void)
{
    static const char *const marks[] = {"/.dockerenv", "/run/.containerenv", "/run/systemd/container"};
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        if (access(marks[i], F_OK) == 0) {
            return true;
        }
    }
    return getenv("container") != NULL || getenv("KUBERNETES_SERVICE_HOST") != NULL;
}

/* A hole in the server should not be a hole in the host. */
static bool refuse_root(const sig_launcher_state *l, GError **error)
{
    if (geteuid() != 0 || l->allow_root || in_container()) {
        return true;
    }
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "does not run as root: use a user of its own, or say --allow-root");
    return false;
}

/* Two would take each other's rooms. The lock ends with this process: nothing it starts inherits it. */
static bool take_folder(const sig_launcher_state *l, GError **error)
{
    if (l->rooms_dir_fd >= 0 && flock(l->rooms_dir_fd, LOCK_EX | LOCK_NB) == 0) {
        return true;
    }
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s: %s", l->data,
                errno == EWOULDBLOCK ? "another tessera-launcher uses this folder: end it, or choose another with --data"
                                     : g_strerror(errno));
    return false;
}

static bool prepare(sig_launcher_state *l, GError **error)
{
    g_autofree char *rooms = g_build_filename(l->data, "rooms", NULL);
    g_autofree char *program = g_file_read_link("/proc/self/exe", error);
    sig_settings *s = sig_settings_load(l->config, l->port, error);
    bool ok = s && program && sig_make_private_folder(l->data, error) && sig_make_private_folder(rooms, error);
    if (ok) {
        mcu_log_init("launcher", MCU_LOG_INFO);
        l->drain_ns = s->drain_seconds * SEC;
        l->has_phone = s->phone.config != NULL;
        l->bin = g_path_get_dirname(program);
        l->rooms_dir_fd = open(rooms, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        l->signal_fd = open_signals();
        ok = take_folder(l, error) && sig_listen(l, s, error);
    }
    sig_settings_free(s);
    return ok && l->rooms_dir_fd >= 0 && l->signal_fd >= 0;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    sig_launcher_state l = {.rooms = g_hash_table_new(g_direct_hash, g_direct_equal)};
    if (!read_options(&l, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    if (!refuse_root(&l, &error) || !prepare(&l, &error)) {
        fprintf(stderr, "tessera-launcher: %s\n", error ? error->message : "cannot start");
        return 1;
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    run(&l);
    mcu_info("launcher.end", "status=%d", l.exit_status);
    mcu_ipc_free(l.control);
    g_hash_table_destroy(l.rooms);
    g_free(l.bin);
    return l.exit_status;
}
