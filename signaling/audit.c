#include "signaling/audit.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/metrics.h"
#include "signaling/operator.h"

#define REFUSED_PER_MINUTE 30
#define REFUSED_KEYS 4096
#define LOOKS_PER_MINUTE 6
#define LOOKS_KEYS 4096
#define RETRY_MS 1000

struct sig_audit {
    sig_gateway *gateway;
    sig_rate *refusals, *looks;
    GHashTable *waits;    /* of sig_audit_wait, owned */
    int64_t gap_since_ms; /* 0 = no gap */
    unsigned late, lost;  /* records of the gap: written after their effect, not written */
    struct event *retry;
    bool closing_gap; /* its record is on the way */
};

struct sig_audit_wait {
    sig_audit *audit;
    struct event *deadline;
    void (*fn)(void *user); /* NULL = called, or nobody wants to hear */
    void *user;
};

/* ---- the text of a record ---- */

static void add(json_t *m, const char *name, const char *value)
{
    if (value && *value && strlen(value) <= SIG_ACTOR_MAX) {
        json_object_set_new(m, name, json_string(value)); /* what is not UTF-8 is left out */
    }
}

static void count(const char *event, const char *operation)
{
    g_autofree char *label = g_strdup_printf("event=\"%s\",operation=\"%s\"", event, operation ? operation : "");
    mcu_counter_add(mcu_counter_get("tessera_audit_records_total", label, "Records for the audit trail."), 1);
}

char *sig_audit_text(const sig_audit_entry *e)
{
    const char *event = e->event ? e->event : "done";
    json_t *m = json_pack("{s:I, s:s}", "at", (json_int_t)(mcu_wall_ns() / 1000000), "event", event);
    add(m, "room", e->room);
    add(m, "actor", e->actor);
    add(m, "role", e->role);
    add(m, "reason", e->reason);
    add(m, "operation", e->operation);
    add(m, "target", e->target);
    if (e->more) {
        json_object_update(m, (json_t *)(uintptr_t)e->more);
    }
    char *text = json_dumps(m, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(m);
    g_assert(text);
    char *members = g_strndup(text + 1, strlen(text) - 2); /* without the braces */
    free(text);
    count(event, e->operation);
    return members;
}

/* ---- gaps ---- */

static void open_gap(sig_audit *a)
{
    if (a->gap_since_ms == 0) {
        a->gap_since_ms = mcu_wall_ns() / 1000000;
        mcu_gauge_set(mcu_gauge_get("tessera_audit_gap", NULL, "1 while the audit trail cannot be written."), 1);
        sig_timer_arm(a->retry, RETRY_MS);
    }
}

static void on_gap_written(void *user, bool ok)
{
    sig_audit *a = user;
    a->closing_gap = false;
    if (ok) {
        a->gap_since_ms = 0;
        mcu_gauge_set(mcu_gauge_get("tessera_audit_gap", NULL, "1 while the audit trail cannot be written."), 0);
    }
    if (a->late || a->lost) { /* since then */
        open_gap(a);
    } else if (!ok) {
        sig_timer_arm(a->retry, RETRY_MS);
    }
}

static void close_gap(sig_audit *a)
{
    json_t *more = json_pack("{s:I, s:i, s:i}", "since", (json_int_t)a->gap_since_ms, "late", (int)a->late, "lost", (int)a->lost);
    const sig_audit_entry e = {.event = "gap", .more = more};
    g_autofree char *text = sig_audit_text(&e);
    json_decref(more);
    a->closing_gap = sig_store_commit(a->gateway->store, NULL, 0, text, on_gap_written, a);
    if (a->closing_gap) {
        a->late = a->lost = 0;
    }
}

static void on_retry(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_audit *a = user;
    if (a->gap_since_ms && !a->closing_gap && !sig_store_stalled(a->gateway->store)) {
        close_gap(a);
    }
    if (a->gap_since_ms && !a->closing_gap) {
        sig_timer_arm(a->retry, RETRY_MS);
    }
}

static void lose(sig_audit *a)
{
    a->lost++;
    open_gap(a);
}

void sig_audit_check(const sig_gateway *g)
{
    if (!sig_store_trail_ok(g->store)) {
        open_gap(g->audit);
    }
}

/* ---- without waiting ---- */

static void on_noted(void *user, bool ok)
{
    if (!ok) {
        lose(user);
    }
}

void sig_audit_note(const sig_gateway *g, const sig_audit_entry *e)
{
    g_autofree char *text = sig_audit_text(e);
    if (!sig_store_commit(g->store, NULL, 0, text, on_noted, g->audit)) {
        lose(g->audit);
    }
}

void sig_audit_refused(const sig_gateway *g, const sig_audit_entry *e)
{
    sig_audit *a = g->audit;
    g_autofree char *key = g_strdup_printf("%s/%s", e->actor ? e->room : "", e->actor ? e->actor : e->reason);
    if (sig_rate_take(a->refusals, key, mcu_now_ns()) != 0) {
        count("unlisted", e->operation);
        return;
    }
    unsigned unlisted = sig_rate_refused(a->refusals, key);
    json_t *more = unlisted > 0 ? json_pack("{s:I}", "unlisted", (json_int_t)unlisted) : NULL;
    sig_audit_entry refused = *e;
    refused.event = "refused";
    refused.more = more;
    sig_audit_note(g, &refused);
    json_decref(more);
}

bool sig_audit_look(const sig_gateway *g, const sig_audit_entry *e, unsigned *unlisted)
{
    sig_audit *a = g->audit;
    g_autofree char *key = g_strjoin("/", e->room ? e->room : "", e->actor, e->operation, e->target, NULL);
    if (sig_rate_take(a->looks, key, mcu_now_ns()) != 0) {
        count("unlisted", e->operation);
        return false;
    }
    *unlisted = sig_rate_refused(a->looks, key);
    return true;
}

/* ---- waiting, but not for ever ---- */

static void free_wait(void *value)
{
    sig_audit_wait *w = value;
    event_free(w->deadline);
    g_free(w);
}

static void call(sig_audit_wait *w)
{
    void (*fn)(void *user) = w->fn;
    w->fn = NULL;
    event_del(w->deadline);
    if (fn) {
        fn(w->user);
    }
}

static void on_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_audit_wait *w = user;
    w->audit->late++;
    open_gap(w->audit);
    call(w);
}

static void on_first(void *user, bool ok)
{
    sig_audit_wait *w = user;
    if (!ok) {
        lose(w->audit);
    }
    call(w);
    g_hash_table_remove(w->audit->waits, w);
}

static void on_not_taken(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    on_first(user, false);
}

sig_audit_wait *sig_audit_first(sig_gateway *g, const sig_audit_entry *e, void (*fn)(void *user), void *user)
{
    g_autofree char *text = sig_audit_text(e);
    sig_audit_wait *w = g_new0(sig_audit_wait, 1);
    w->audit = g->audit;
    w->fn = fn;
    w->user = user;
    g_hash_table_add(g->audit->waits, w);
    bool stalled = sig_store_stalled(g->store), taken = sig_store_commit(g->store, NULL, 0, text, on_first, w);
    w->deadline = sig_timer_new(g->base, taken ? on_deadline : on_not_taken, w);
    sig_timer_arm(w->deadline, taken && !stalled ? SIG_STORE_PATIENCE_MS : 0);
    return w;
}

void sig_audit_cancel(sig_audit_wait *w)
{
    if (w) {
        w->fn = NULL;
        event_del(w->deadline);
    }
}

/* ---- life ---- */

sig_audit *sig_audit_new(sig_gateway *g)
{
    sig_audit *a = g_new0(sig_audit, 1);
    a->gateway = g;
    a->refusals = sig_rate_new(REFUSED_PER_MINUTE, REFUSED_KEYS);
    a->looks = sig_rate_new(LOOKS_PER_MINUTE, LOOKS_KEYS);
    a->waits = g_hash_table_new_full(NULL, NULL, free_wait, NULL);
    a->retry = sig_timer_new(g->base, on_retry, a);
    return a;
}

void sig_audit_free(sig_audit *a)
{
    if (a) {
        g_hash_table_destroy(a->waits);
        event_free(a->retry);
        sig_rate_free(a->refusals);
        sig_rate_free(a->looks);
        g_free(a);
    }
}
