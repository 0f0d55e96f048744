/* life.c - signals, restarts of the gateway, and the end: it drains, then the rooms are told, then nobody is asked. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "signaling/launcher/launcher.h"

#define SEC INT64_C(1000000000)
#define DRAIN_NS (10 * SEC)
#define TERM_NS (3 * SEC)
#define QUICK_NS (2 * SEC) /* a life shorter than this counts towards a pause */
#define PAUSE_NS (SEC / 10)
#define PAUSE_MAX_NS (5 * SEC)

/* ---- death and restart ---- */

static bool wants_gateway(const sig_launcher_state *l)
{
    return l->gateway == 0 && (!l->stop_signal || l->draining);
}

static void on_gateway_died(sig_launcher_state *l, int status)
{
    int64_t now = mcu_now_ns();
    l->gateway = 0;
    mcu_ipc_free(l->control);
    l->control = NULL;
    bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (well || !l->served) {
        l->draining = false;
    }
    if (!l->served && !(well && l->stop_signal)) { /* it never came up: it has said why */
        l->exit_status = WIFEXITED(status) && !well ? WEXITSTATUS(status) : 1;
    }
    if (l->stop_signal && !l->draining) {
        return;
    }
    if (!l->served) {
        l->stop_signal = SIGTERM;
        return;
    }
    mcu_warn("launcher.gateway_died", "status=%d lived_ms=%lld", status, (long long)((now - l->born_ns) / (SEC / 1000)));
    l->quick_deaths = now - l->born_ns < QUICK_NS ? l->quick_deaths + 1 : 0;
    int64_t pause = l->quick_deaths < 2 ? 0 : PAUSE_NS << MIN(l->quick_deaths, 8);
    l->restart_ns = now + MIN(pause, PAUSE_MAX_NS);
}

static void reap(sig_launcher_state *l)
{
    int status = 0;
    pid_t pid = 0;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == l->gateway) {
            on_gateway_died(l, status);
        } else if (pid == l->phone) {
            sig_phone_died(l, status);
        } else {
            g_hash_table_remove(l->rooms, GINT_TO_POINTER(pid));
            sig_tell_exited(l, pid, status);
        }
    }
}

/* The first signal lets visits go on for a while, any further one ends them now. The gateway knows SIGUSR1 and SIGTERM. */
static void stop(sig_launcher_state *l, int number)
{
    int64_t now = mcu_now_ns();
    bool gently = !l->stop_signal && l->drain_ns > 0;
    if (l->rooms_told || (l->stop_signal && !l->draining)) {
        return; /* it ends already */
    }
    l->stop_signal = number;
    l->draining = gently;
    l->drained_ns = now + (gently ? l->drain_ns : 0);
    l->stop_ns = l->drained_ns + DRAIN_NS;
    if (gently) {
        fprintf(stderr, "tessera-launcher: visits go on for at most %lld s; %s ends them at once\n",
                (long long)(l->drain_ns / SEC), number == SIGINT ? "Ctrl-C again" : "a second signal");
    } else {
        fputs("tessera-launcher: every visit ends now\n", stderr);
    }
    if (l->gateway) {
        kill(l->gateway, gently ? SIGUSR1 : SIGTERM);
    }
}

void sig_on_signal(sig_launcher_state *l)
{
    struct signalfd_siginfo info;
    while (read(l->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP && l->gateway) {
            kill(l->gateway, SIGHUP);
        } else if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) {
            stop(l, (int)info.ssi_signo);
        }
    }
    reap(l);
}

/* ---- the end ---- */

bool sig_stop_step(sig_launcher_state *l, int64_t now)
{
    if ((l->gateway && now < l->stop_ns) || (l->draining && now < l->drained_ns)) {
        return false;
    }
    l->draining = false;
    if (!l->rooms_told) {
        l->rooms_told = true;
        l->stop_ns = now + TERM_NS;
        sig_signal_children(l, SIGTERM);
    } else if (now >= l->stop_ns) {
        sig_signal_children(l, SIGKILL);
        l->stop_ns = now + SEC;
    }
    reap(l);
    return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

bool sig_restart_step(sig_launcher_state *l, int64_t now)
{
    if (wants_gateway(l) && now >= l->restart_ns && !sig_start_gateway(l)) {
        l->restart_ns = now + PAUSE_MAX_NS;
        return l->served;
    }
    return true;
}

int sig_timeout_ms(const sig_launcher_state *l, int64_t now)
{
    int64_t until = l->draining && !l->gateway ? l->drained_ns : l->stop_signal ? l->stop_ns : INT64_MAX;
    if (wants_gateway(l)) {
        until = MIN(until, l->restart_ns);
    }
    until = MIN(until, sig_phone_next(l));
    return until == INT64_MAX ? -1 : (int)CLAMP((until - now) / (SEC / 1000) + 1, 0, 10000);
}
