#include "signaling/gateway.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "signaling/supervisor.h"

typedef struct {
    sig_gateway *gateway;
    sig_change changes[4];
    unsigned n;
    sig_commit_fn fn;
    void *user;
} pending;

static void on_written(void *user, bool ok)
{
    pending *p = user;
    for (unsigned i = 0; ok && i < p->n; i++) {
        sig_facts_apply(p->gateway->facts, &p->changes[i]);
        sig_supervisor_changed(p->gateway->supervisor, &p->changes[i]);
    }
    if (p->fn) {
        p->fn(p->user, ok);
    }
    g_free(p);
}

bool sig_commit(sig_gateway *g, const sig_change *changes, unsigned n, sig_commit_fn fn, void *user)
{
    pending *p = g_new0(pending, 1);
    p->gateway = g;
    memcpy(p->changes, changes, n * sizeof *changes);
    p->n = n;
    p->fn = fn;
    p->user = user;
    if (!sig_store_commit(g->store, changes, n, on_written, p)) {
        g_free(p);
        return false;
    }
    return true;
}

int64_t sig_now_s(void)
{
    return mcu_wall_ns() / INT64_C(1000000000);
}

void sig_random_id(const char *prefix, char out[SIG_ID_MAX + 1])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567"; /* 32: every byte gives five unbiased bits */
    unsigned char raw[12];
    char text[sizeof raw + 1] = "";
    mcu_random(raw, sizeof raw);
    for (size_t i = 0; i < sizeof raw; i++) {
        text[i] = letters[raw[i] & 31];
    }
    g_snprintf(out, SIG_ID_MAX + 1, "%s%s", prefix, text);
}

struct event *sig_timer_new(struct event_base *base, event_callback_fn fn, void *user)
{
    return event_new(base, -1, 0, fn, user);
}

void sig_timer_arm(struct event *timer, int64_t delay_ms)
{
    struct timeval after = {delay_ms / 1000, (delay_ms % 1000) * 1000};
    event_add(timer, &after);
}
