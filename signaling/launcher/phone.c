/* phone.c - tessera-phone, if the configuration has one: started once a gateway serves, and again when it dies. */
#include <signal.h>
#include <sys/wait.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "signaling/launcher/launcher.h"

#define SEC INT64_C(1000000000)
#define PAUSE_NS (SEC / 5)
#define PAUSE_MAX_NS (10 * SEC)
#define QUICK_NS (5 * SEC)

static bool wanted(const sig_launcher_state *l)
{
    return l->has_phone && l->served && !l->stop_signal && l->phone == 0;
}

void sig_phone_step(sig_launcher_state *l, int64_t now)
{
    char program[] = "tessera-phone";
    char *arguments[] = {program, NULL};
    if (!wanted(l) || now < l->phone_ns) {
        return;
    }
    l->phone_born_ns = now;
    l->phone = sig_spawn(l->bin, program, arguments, &l->rooms_dir_fd, 1, true);
    if (l->phone == 0) {
        l->phone_ns = now + PAUSE_MAX_NS;
    } else {
        mcu_info("launcher.phone", "pid=%d", l->phone);
    }
}

void sig_phone_died(sig_launcher_state *l, int status)
{
    int64_t now = mcu_now_ns();
    l->phone = 0;
    l->phone_deaths = now - l->phone_born_ns < QUICK_NS ? l->phone_deaths + 1 : 0;
    l->phone_ns = now + MIN(PAUSE_NS << MIN(l->phone_deaths, 8), PAUSE_MAX_NS);
    if (!l->stop_signal) {
        mcu_warn("launcher.phone_died", "status=%d", status);
    }
}

int64_t sig_phone_next(const sig_launcher_state *l)
{
    return wanted(l) ? l->phone_ns : INT64_MAX;
}
