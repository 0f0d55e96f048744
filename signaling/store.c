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
    unsigned n; /* 0 = stop */
    sig_commit_fn fn;
    void *user;
    bool ok;
} job;

struct sig_store {
    sig_sql *sql;
    mcu_mailbox *jobs, *results;
    struct event *event;
    pthread_t thread;
    bool started;
    unsigned waiting; /* loop's: jobs without a result; keeps `results` from ever being full */
    atomic_bool healthy;
    mcu_counter *commits, *failures, *refused;
};

static void drop_job(void *message)
{
    g_free(message);
}

sig_store *sig_store_open(const char *path, int64_t now_ms, GError **error)
{
    mode_t mask = umask(0077); /* before any thread runs */
    sig_sql *sql = sig_sql_open(path, error);
    umask(mask);
    if (!sql) {
        return NULL;
    }
    if (!sig_sql_prune(sql, now_ms - KEEP_ENDED_MS, error)) {
        sig_sql_close(sql);
        return NULL;
    }
    sig_store *s = g_new0(sig_store, 1);
    s->sql = sql;
    s->jobs = mcu_mailbox_new(BOUND + 1, drop_job);
    s->results = mcu_mailbox_new(BOUND, drop_job);
    atomic_init(&s->healthy, true);
    s->commits = mcu_counter_get("tessera_store_commits_total", NULL, "Transactions written.");
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

/* One transaction for all that waits: a burst of changes costs one fsync. */
static bool write_batch(sig_store *s, job **batch, unsigned n)
{
    bool begun = sig_sql_begin(s->sql), all = true;
    for (unsigned i = 0; i < n; i++) {
        batch[i]->ok = begun && sig_sql_apply(s->sql, batch[i]->changes, batch[i]->n);
        all = all && batch[i]->ok;
    }
    bool written = begun && sig_sql_commit(s->sql);
    mcu_counter_add(written && all ? s->commits : s->failures, 1);
    atomic_store(&s->healthy, written && all);
    return written;
}

/* A server that is not ready is sent nothing to write: it must find out by itself that the disk is back. */
static void wait_for_jobs(sig_store *s)
{
    while (!atomic_load(&s->healthy) && !mcu_mailbox_wait(s->jobs, mcu_now_ns() + PROBE_NS)) {
        atomic_store(&s->healthy, sig_sql_probe(s->sql));
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
            if (j->n == 0) {
                stop = true;
                g_free(j);
            } else {
                batch[n++] = j;
            }
        }
        bool written = n > 0 && write_batch(s, batch, n);
        for (unsigned i = 0; i < n; i++) {
            batch[i]->ok = batch[i]->ok && written;
            mcu_mailbox_push(s->results, batch[i]);
        }
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
        j->fn(j->user, j->ok);
        g_free(j);
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

bool sig_store_commit(sig_store *s, const sig_change *changes, unsigned n, sig_commit_fn fn, void *user)
{
    g_assert(n >= 1 && n <= GROUP_MAX);
    if (s->waiting >= BOUND) {
        mcu_counter_add(s->refused, 1);
        return false;
    }
    job *j = g_new0(job, 1);
    memcpy(j->changes, changes, n * sizeof *changes);
    j->n = n;
    j->fn = fn;
    j->user = user;
    s->waiting++;
    mcu_mailbox_push(s->jobs, j);
    return true;
}

bool sig_store_healthy(const sig_store *s)
{
    return atomic_load(&s->healthy);
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
    g_free(s);
}
