#include "mcu/net/net.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/net/rtcp.h"
#include "mcu/net/srtp.h"

/* A poll with a timeout programs the clock's hardware for each of its calls; a descriptor only when the moment changes. */
typedef struct {
    GSource base;
    mcu_net *net;
    int fd;
    int64_t armed_ns; /* 0 = not */
} timer_source;

static timer_source *timer_of(GSource *source)
{
    return (timer_source *)(void *)source;
}

/* Also makes the descriptor unreadable again. */
static void arm(timer_source *s, int64_t at_ns)
{
    if (s->armed_ns == at_ns) {
        return;
    }
    const struct itimerspec at = {.it_value = {.tv_sec = at_ns / MCU_NS_PER_SEC, .tv_nsec = at_ns % MCU_NS_PER_SEC}};
    if (timerfd_settime(s->fd, TFD_TIMER_ABSTIME, &at, NULL) != 0) {
        g_error("timerfd_settime: %s", g_strerror(errno));
    }
    s->armed_ns = at_ns;
}

/* When the loop is woken for them at last: on a grid, so that one wake-up serves all peers. */
static int64_t latest_ns(const mcu_net *n)
{
    int64_t next_ns = mcu_timers_next_ns(n->timers);
    return next_ns == INT64_MAX ? INT64_MAX : (next_ns / MCU_NET_GRID_NS + 1) * MCU_NET_GRID_NS;
}

/* Looks again after the poll: an iteration of their own for those that are just due would cost as much as a wake-up. */
static gboolean source_prepare(GSource *source, gint *timeout_ms)
{
    const mcu_net *n = timer_of(source)->net;
    int64_t at_ns = latest_ns(n);
    *timeout_ms = -1;
    if (at_ns <= mcu_net_now_ns(n)) {
        return TRUE;
    }
    arm(timer_of(source), at_ns == INT64_MAX ? 0 : at_ns - n->skew_ns);
    return FALSE;
}

static gboolean source_check(GSource *source)
{
    const mcu_net *n = timer_of(source)->net;
    return mcu_timers_next_ns(n->timers) <= mcu_net_now_ns(n);
}

static gboolean source_dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    (void)callback;
    (void)user;
    mcu_net *n = timer_of(source)->net;
    mcu_timers_run(n->timers, mcu_net_now_ns(n));
    return G_SOURCE_CONTINUE;
}

static void source_finalize(GSource *source)
{
    close(timer_of(source)->fd);
}

static GSource *make_source(mcu_net *n)
{
    static GSourceFuncs funcs = {
        .prepare = source_prepare, .check = source_check, .dispatch = source_dispatch, .finalize = source_finalize};
    GSource *source = g_source_new(&funcs, sizeof(timer_source));
    timer_source *s = timer_of(source);
    s->net = n;
    s->armed_ns = 0;
    s->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (s->fd < 0) {
        g_error("timerfd_create: %s", g_strerror(errno));
    }
    (void)g_source_add_unix_fd(source, s->fd, G_IO_IN);
    /* Else GLib takes the descriptor out around each dispatch and wakes its own loop twice (nobody runs a loop in a timer). */
    g_source_set_can_recurse(source, TRUE);
    g_source_set_name(source, "net timers");
    return source;
}

mcu_net *mcu_net_new(GMainContext *context, const mcu_net_config *config, GError **error)
{
    static const mcu_net_config empty = {0};
    mcu_ice_config ice;
    if (!mcu_srtp_warm(error) || !mcu_ice_config_init(&ice, context, config != NULL ? config : &empty, error)) {
        return NULL;
    }
    mcu_certificate *certificate = mcu_certificate_new(error);
    if (certificate == NULL) {
        mcu_ice_config_clear(&ice);
        return NULL;
    }
    mcu_net *n = g_new0(mcu_net, 1);
    n->ice = ice;
    n->certificate = certificate;
    n->timers = mcu_timers_new();
    n->auth_failures = mcu_counter_get("tessera_srtp_refused_total", NULL, "SRTP and SRTCP that did not authenticate.");
    n->bad_packets = mcu_counter_get("tessera_packets_bad_total", NULL, "Datagrams, RTP, RTCP and payloads that did not parse.");
    n->never_up = mcu_counter_get("tessera_connections_failed_total", NULL, "Connections that ended without having been up.");
    n->start_ns = mcu_now_ns();
    n->start_wall_ns = mcu_wall_ns();
    n->source = make_source(n);
    g_source_attach(n->source, context);
    return n;
}

void mcu_net_free(mcu_net *n)
{
    if (n == NULL) {
        return;
    }
    g_assert(n->n_peers == 0);
    g_source_destroy(n->source);
    g_source_unref(n->source);
    mcu_timers_free(n->timers);
    mcu_certificate_free(n->certificate);
    mcu_ice_config_clear(&n->ice);
    g_free(n);
}

int64_t mcu_net_now_ns(const mcu_net *n)
{
    return mcu_now_ns() + n->skew_ns;
}

uint64_t mcu_net_ntp(const mcu_net *n, int64_t now_ns)
{
    return mcu_ntp_from_wall_ns(n->start_wall_ns + (now_ns - n->start_ns));
}
