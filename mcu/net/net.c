#include "mcu/net/net.h"

#include "mcu/base/clock.h"
#include "mcu/net/rtcp.h"
#include "mcu/net/srtp.h"

typedef struct {
    GSource base;
    mcu_net *net;
} timer_source;

static mcu_net *net_of(GSource *source)
{
    return ((timer_source *)(void *)source)->net;
}

/* When the loop is woken for them at last: on a grid, so that one wake-up serves all peers. */
static int64_t latest_ns(const mcu_net *n)
{
    int64_t next_ns = mcu_timers_next_ns(n->timers);
    return next_ns == INT64_MAX ? INT64_MAX : (next_ns / MCU_NET_GRID_NS + 1) * MCU_NET_GRID_NS;
}

/* Whole milliseconds, rounded up: a poll that ends early would only poll again. What is just due is looked at again after the
 * poll: an iteration of its own would cost as much as a wake-up. */
static gboolean source_prepare(GSource *source, gint *timeout_ms)
{
    const mcu_net *n = net_of(source);
    int64_t at_ns = latest_ns(n);
    if (at_ns == INT64_MAX) {
        *timeout_ms = -1;
        return FALSE;
    }
    int64_t left_ns = at_ns - mcu_net_now_ns(n);
    *timeout_ms = left_ns <= 0 ? 0 : (gint)MIN((left_ns + MCU_NS_PER_MS - 1) / MCU_NS_PER_MS, 60000);
    return left_ns <= 0;
}

static gboolean source_check(GSource *source)
{
    const mcu_net *n = net_of(source);
    return mcu_timers_next_ns(n->timers) <= mcu_net_now_ns(n);
}

static gboolean source_dispatch(GSource *source, GSourceFunc callback, gpointer user)
{
    (void)callback;
    (void)user;
    mcu_net *n = net_of(source);
    mcu_timers_run(n->timers, mcu_net_now_ns(n));
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = {.prepare = source_prepare, .check = source_check, .dispatch = source_dispatch};

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
    n->bad_packets = mcu_counter_get("tessera_packets_bad_total", NULL,
                                     "Datagrams, RTP, RTCP and payloads that did not parse or cannot be true.");
    n->repair_refused =
        mcu_counter_get("tessera_repair_refused_total", NULL,
                        "Packets that were asked for again and not sent: asked for too often, too many, too old, unknown.");
    n->never_up = mcu_counter_get("tessera_connections_failed_total", NULL, "Connections that ended without having been up.");
    n->start_ns = mcu_now_ns();
    n->start_wall_ns = mcu_wall_ns();
    n->source = g_source_new(&source_funcs, sizeof(timer_source));
    ((timer_source *)(void *)n->source)->net = n;
    g_source_set_name(n->source, "net timers");
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
    int64_t now_ns = mcu_now_ns() + n->skew_ns;
    return n->limit_ns != 0 ? MIN(now_ns, n->limit_ns) : now_ns;
}

uint64_t mcu_net_ntp(const mcu_net *n, int64_t now_ns)
{
    return mcu_ntp_from_wall_ns(n->start_wall_ns + (now_ns - n->start_ns));
}
