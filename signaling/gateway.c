#include "signaling/gateway.h"

#include "mcu/base/clock.h"
#include "signaling/audit.h"
#include "signaling/phone_calls.h"
#include "signaling/supervisor.h"
#include "signaling/upload.h"

typedef struct {
    sig_gateway *gateway;
    sig_change changes[4];
    unsigned n;
    sig_commit_fn fn; /* NULL = has been called, or nobody wants to hear */
    void *user;
    struct event *deadline;
} pending;

static void free_pending(void *value)
{
    pending *p = value;
    event_free(p->deadline);
    g_free(p);
}

void sig_commits_init(sig_gateway *g)
{
    g->commits = g_hash_table_new_full(NULL, NULL, free_pending, NULL);
}

void sig_commits_clear(sig_gateway *g)
{
    g_clear_pointer(&g->commits, g_hash_table_destroy);
}

static void call(pending *p, bool ok)
{
    sig_commit_fn fn = p->fn;
    p->fn = NULL;
    if (fn) {
        fn(p->user, ok);
    }
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    call(user, false);
}

static void on_written(void *user, bool ok)
{
    pending *p = user;
    for (unsigned i = 0; ok && i < p->n; i++) {
        sig_facts_apply(p->gateway->facts, &p->changes[i]);
        sig_supervisor_changed(p->gateway->supervisor, &p->changes[i]);
        sig_phone_changed(p->gateway->phone, &p->changes[i]);
        sig_upload_changed(p->gateway->upload, &p->changes[i]);
    }
    if (!ok) {
        sig_audit_check(p->gateway);
    }
    call(p, ok);
    g_hash_table_remove(p->gateway->commits, p);
}

bool sig_commit(sig_gateway *g, const sig_change *changes, unsigned n, const sig_audit_entry *entry, sig_commit_fn fn, void *user)
{
    if (sig_store_stalled(g->store)) {
        return false;
    }
    g_autofree char *record = entry ? sig_audit_text(entry) : NULL;
    pending *p = g_new0(pending, 1);
    p->gateway = g;
    for (unsigned i = 0; i < n; i++) {
        p->changes[i] = changes[i];
    }
    p->n = n;
    p->fn = fn;
    p->user = user;
    if (!sig_store_commit(g->store, changes, n, record, on_written, p)) {
        g_free(p);
        return false;
    }
    p->deadline = sig_timer_new(g->base, on_deadline, p);
    sig_timer_arm(p->deadline, SIG_STORE_PATIENCE_MS);
    g_hash_table_add(g->commits, p);
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
