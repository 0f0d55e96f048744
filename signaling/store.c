#include "signaling/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "mcu/base/clock.h"
#include "mcu/base/mailbox.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/store_sql.h"

#define BOUND 1024
#define GROUP_MAX 4
#define BATCH_MAX 64
#define PROBE_NS INT64_C(1000000000)
#define KEEP_ENDED_MS (INT64_C(31) * 24 * 3600 * 1000) /* longer than any token lives */

typedef struct {
    sig_change changes[GROUP_MAX];
    unsigned n;
    char *record; /* NULL = none */
    uint64_t seq; /* of the record */
    int64_t since_ns;
    bool (*work)(void *arg);
    void *arg;
    GDestroyNotify free_arg;
    sig_commit_fn fn; /* NULL = stop */
    void *user;
    bool ok;
} job;

struct sig_store {
    sig_sql *sql;
    sig_audit_file *audit;
    mcu_mailbox *jobs, *results;
    struct event *event;
    pthread_t thread;
    bool started;
    bool sql_ok;          /* the thread's: the last transaction was written */
    unsigned waiting;     /* loop's: jobs without a result; keeps `results` from ever being full */
    int64_t moved_ns;     /* loop's: when the newest result came, or the first job of those that wait */
    atomic_bool audit_ok; /* the last records reached the disk; the thread's to change */
    atomic_bool healthy;
    mcu_histogram *waits;
    mcu_counter *commits, *syncs, *failures, *refused;
};

static void drop_job(void *message)
{
    job *j = message;
    if (j->free_arg) {
        j->free_arg(j->arg);
    }
    g_free(j->record);
    g_free(j);
}

sig_store *sig_store_open(const char *path, sig_audit_file *take_audit, int64_t now_ms, GError **error)
{
    mode_t mask = umask(0077); /* before any thread runs */
    sig_sql *sql = sig_sql_open(path, error);
    umask(mask);
    if (!sql || !sig_sql_prune(sql, now_ms - KEEP_ENDED_MS, error)) {
        sig_sql_close(sql);
        sig_audit_file_close(take_audit);
        return NULL;
    }
    sig_store *s = g_new0(sig_store, 1);
    s->sql = sql;
    s->audit = take_audit;
    s->sql_ok = true;
    atomic_init(&s->audit_ok, true);
    s->jobs = mcu_mailbox_new(BOUND + 1, drop_job);
    s->results = mcu_mailbox_new(BOUND, drop_job);
    atomic_init(&s->healthy, true);
    static const double bounds[] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5};
    s->waits = mcu_histogram_get("tessera_audit_wait_seconds", NULL, "From a record to its being on the disk, with its change.",
                                 bounds, G_N_ELEMENTS(bounds));
    s->commits = mcu_counter_get("tessera_store_commits_total", NULL, "Transactions written.");
    s->syncs = mcu_counter_get("tessera_audit_syncs_total", NULL, "Groups of audit records on the disk.");
    s->failures = mcu_counter_get("tessera_store_failures_total", NULL, "Transactions that failed.");
    s->refused = mcu_counter_get("tessera_store_refused_total", NULL, "Changes refused because too many were waiting.");
    return s;
}

bool sig_store_load(sig_store *s, sig_change_fn each, void *user, GError **error)
{
    return sig_sql_load(s->sql, each, user, error);
}

int64_t sig_store_next_generation(sig_store *s, GError **error)
{
    return sig_sql_next_generation(s->sql, error);
}

static void finish(sig_store *s, job *j, bool ok)
{
    j->ok = ok;
    mcu_mailbox_push(s->results, j);
}

/* One write and one sync for the records of all that waits; who has no changes hears at once. Returns how many are left. */
static unsigned write_records(sig_store *s, job **batch, unsigned n)
{
    unsigned records = 0, left = 0;
    for (unsigned i = 0; i < n; i++) {
        records += batch[i]->record != NULL;
        batch[i]->seq = batch[i]->record ? sig_audit_file_add(s->audit, batch[i]->record) : 0;
    }
    if (records > 0) {
        atomic_store(&s->audit_ok, sig_audit_file_flush(s->audit));
        mcu_counter_add(s->audit_ok ? s->syncs : s->failures, 1);
        atomic_store(&s->healthy, atomic_load(&s->healthy) && s->audit_ok);
    }
    for (unsigned i = 0; i < n; i++) {
        bool lost = batch[i]->record && !s->audit_ok;
        if (lost || (batch[i]->n == 0 && !batch[i]->work)) {
            finish(s, batch[i], !lost);
        } else {
            batch[left++] = batch[i];
        }
    }
    return left;
}

/* The trail says that it was to be done; when it was not, it says that too. */
static void record_failures(sig_store *s, job *const *batch, unsigned n, bool written)
{
    for (unsigned i = 0; i < n; i++) {
        if (batch[i]->record && !(written && batch[i]->ok)) {
            g_autofree char *text = g_strdup_printf("\"at\":%" G_GINT64_FORMAT ",\"event\":\"failed\",\"of\":%" G_GUINT64_FORMAT,
                                                    mcu_wall_ns() / 1000000, batch[i]->seq);
            sig_audit_file_add(s->audit, text);
        }
    }
    atomic_store(&s->audit_ok, sig_audit_file_flush(s->audit) && s->audit_ok);
}

/* One transaction for all that waits: a burst of changes costs one fsync. */
static void write_changes(sig_store *s, job **batch, unsigned n)
{
    bool begun = sig_sql_begin(s->sql), all = true;
    for (unsigned i = 0; i < n; i++) {
        batch[i]->ok =
            begun && (!batch[i]->work || batch[i]->work(batch[i]->arg)) && sig_sql_apply(s->sql, batch[i]->changes, batch[i]->n);
        all = all && batch[i]->ok;
    }
    bool written = begun && sig_sql_commit(s->sql);
    if (!written || !all) {
        record_failures(s, batch, n, written);
    }
    s->sql_ok = written && all;
    mcu_counter_add(s->sql_ok ? s->commits : s->failures, 1);
    atomic_store(&s->healthy, s->sql_ok && s->audit_ok);
    for (unsigned i = 0; i < n; i++) {
        finish(s, batch[i], batch[i]->ok && written);
    }
}

/* Costs a sync, so only when it is in doubt. */
static void probe(sig_store *s)
{
    s->sql_ok = s->sql_ok || sig_sql_probe(s->sql);
    atomic_store(&s->healthy, s->sql_ok && s->audit_ok);
}

static void write_batch(sig_store *s, job **batch, unsigned n)
{
    unsigned left = write_records(s, batch, n);
    if (left > 0) {
        write_changes(s, batch, left);
    } else if (n > 0) {
        probe(s);
    }
}

/* A server that is not ready is sent nothing to write: it must find out by itself that the disk is back. (The audit trail's gap
 * is tried again from the loop.) */
static void wait_for_jobs(sig_store *s)
{
    while (!atomic_load(&s->healthy) && !mcu_mailbox_wait(s->jobs, mcu_now_ns() + PROBE_NS)) {
        probe(s);
    }
    mcu_mailbox_wait(s->jobs, INT64_MAX);
}

static void *store_thread(void *user)
{
    sig_store *s = user;
    for (bool stop = false; !stop;) {
        job *batch[BATCH_MAX];
        unsigned n = 0;
        wait_for_jobs(s);
        job *j = NULL;
        while (n < BATCH_MAX && !stop && (j = mcu_mailbox_pop(s->jobs))) {
            if (!j->fn) {
                stop = true;
                drop_job(j);
            } else {
                batch[n++] = j;
            }
        }
        write_batch(s, batch, n);
        sig_sql_tidy(s->sql, mcu_mailbox_depth(s->jobs) > 0);
    }
    return NULL;
}

static void on_results(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_store *s = user;
    job *j = NULL;
    while ((j = mcu_mailbox_pop(s->results))) {
        s->waiting--;
        s->moved_ns = mcu_now_ns();
        if (j->record) {
            mcu_histogram_observe(s->waits, (double)(s->moved_ns - j->since_ns) / 1e9);
        }
        j->fn(j->user, j->ok);
        drop_job(j);
    }
}

bool sig_store_start(sig_store *s, struct event_base *base, GError **error)
{
    s->event = event_new(base, mcu_mailbox_fd(s->results), EV_READ | EV_PERSIST, on_results, s);
    event_add(s->event, NULL);
    s->started = pthread_create(&s->thread, NULL, store_thread, s) == 0;
    if (!s->started) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot start the store thread");
    }
    return s->started;
}

static bool push(sig_store *s, job *take)
{
    if (s->waiting >= BOUND) {
        mcu_counter_add(s->refused, 1);
        drop_job(take);
        return false;
    }
    if (s->waiting++ == 0) {
        s->moved_ns = mcu_now_ns();
    }
    mcu_mailbox_push(s->jobs, take);
    return true;
}

static job *job_of(const sig_change *changes, unsigned n, const char *record, sig_commit_fn fn, void *user)
{
    g_assert(n <= GROUP_MAX && fn);
    job *j = g_new0(job, 1);
    if (n > 0) {
        memcpy(j->changes, changes, n * sizeof *changes);
    }
    j->n = n;
    j->record = g_strdup(record);
    j->fn = fn;
    j->user = user;
    j->since_ns = mcu_now_ns();
    return j;
}

bool sig_store_commit(sig_store *s, const sig_change *changes, unsigned n, const char *record, sig_commit_fn fn, void *user)
{
    return push(s, job_of(changes, n, record, fn, user));
}

bool sig_store_work(sig_store *s, const sig_change *change, const char *record, bool (*work)(void *arg), void *take_arg,
                    GDestroyNotify free_arg, sig_commit_fn fn, void *user)
{
    job *j = job_of(change, change ? 1 : 0, record, fn, user);
    j->work = work;
    j->arg = take_arg;
    j->free_arg = free_arg;
    return push(s, j);
}

bool sig_store_healthy(const sig_store *s)
{
    return atomic_load(&s->healthy);
}

bool sig_store_trail_ok(const sig_store *s)
{
    return atomic_load(&s->audit_ok);
}

bool sig_store_stalled(const sig_store *s)
{
    return s->waiting > 0 && mcu_now_ns() - s->moved_ns > SIG_STORE_PATIENCE_MS * INT64_C(1000000);
}

void sig_store_close(sig_store *s)
{
    if (!s) {
        return;
    }
    if (s->started) {
        mcu_mailbox_push(s->jobs, g_new0(job, 1));
        pthread_join(s->thread, NULL);
    }
    if (s->event) {
        event_free(s->event);
    }
    mcu_mailbox_free(s->jobs);
    mcu_mailbox_free(s->results);
    sig_sql_close(s->sql);
    sig_audit_file_close(s->audit);
    g_free(s);
}
