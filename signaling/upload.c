#include "signaling/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/mailbox.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/audit.h"
#include "signaling/upload_plan.h"

#define RETRY_MS 1000
#define RETRY_MOST_MS (300 * INT64_C(1000))

typedef struct {
    sig_upload_job job;
    sig_upload_end end;
    char why[SIG_S3_WHY];
    bool stop;
} work;

struct sig_upload {
    sig_gateway *gateway;
    sig_upload_place place; /* immutable while the thread runs */
    atomic_bool stop;
    mcu_mailbox *jobs, *results;
    struct event *event, *retry;
    pthread_t thread;
    bool started, busy; /* busy: a job, or the note of its end, is under way */
    bool waits;         /* for the next try */
    int64_t delay_ms;   /* before the last try; 0 = it went well */
    mcu_counter *done, *failures;
};

static void *upload_thread(void *user)
{
    sig_upload *u = user;
    for (bool stop = false; !stop;) {
        mcu_mailbox_wait(u->jobs, INT64_MAX);
        for (work *w = mcu_mailbox_pop(u->jobs); w; w = mcu_mailbox_pop(u->jobs)) {
            stop = stop || w->stop;
            if (w->stop) {
                g_free(w);
            } else {
                w->end = sig_upload_run(&u->place, &w->job, w->why);
                mcu_mailbox_push(u->results, w);
            }
        }
    }
    return NULL;
}

/* ---- one after the other ---- */

static void pump(sig_upload *u)
{
    sig_upload_job job;
    if (u->busy || u->waits || !sig_upload_next(u->gateway->facts, &job)) {
        return;
    }
    work *w = g_new0(work, 1);
    w->job = job;
    u->busy = true;
    mcu_mailbox_push(u->jobs, w);
}

static void on_retry(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_upload *u = user;
    u->waits = false;
    pump(u);
}

static void try_later(sig_upload *u)
{
    u->delay_ms = CLAMP(2 * u->delay_ms, RETRY_MS, RETRY_MOST_MS);
    u->busy = false;
    u->waits = true;
    sig_timer_arm(u->retry, u->delay_ms);
}

static void on_noted(void *user, bool ok)
{
    sig_upload *u = user;
    if (ok) {
        u->busy = false;
        pump(u);
    } else {
        try_later(u); /* it is sent again: the same object */
    }
}

static void note(sig_upload *u, const work *w)
{
    const char *stored = w->end == SIG_UPLOAD_LOST ? "lost" : sig_upload_result(&w->job);
    sig_change c = {.kind = w->job.segment >= 0 ? SIG_SEGMENT_STORED : SIG_RECORDING_STORED, .segment = w->job.segment};
    g_strlcpy(c.recording, w->job.recording, sizeof c.recording);
    g_strlcpy(c.room, w->job.room, sizeof c.room);
    g_strlcpy(c.stored, stored, sizeof c.stored);
    json_t *more = json_pack("{s:s, s:I}", "stored", stored, "segment", (json_int_t)w->job.segment);
    const sig_audit_entry e = {
        .event = "recording", .room = c.room, .operation = "upload", .target = w->job.recording, .more = more};
    if (!sig_commit(u->gateway, &c, 1, &e, on_noted, u)) {
        on_noted(u, false);
    }
    json_decref(more);
}

static void on_results(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_upload *u = user;
    for (work *w = mcu_mailbox_pop(u->results); w; w = mcu_mailbox_pop(u->results)) {
        if (w->end != SIG_UPLOAD_AGAIN) {
            mcu_counter_add(u->done, 1);
            u->delay_ms = 0;
            note(u, w);
        } else {
            mcu_counter_add(u->failures, 1);
            mcu_warn("recording.upload", "recording=%s segment=%" G_GINT64_FORMAT " error=\"%s\"", w->job.recording,
                     w->job.segment, w->why);
            try_later(u);
        }
        g_free(w);
    }
}

void sig_upload_changed(sig_upload *u, const sig_change *change)
{
    bool concerns = change->kind == SIG_SEGMENT_PUT || change->kind == SIG_RECORDING_STATE ||
                    change->kind == SIG_SEGMENT_STORED || change->kind == SIG_RECORDING_STORED;
    if (u && concerns) {
        pump(u);
    }
}

const char *sig_upload_state(const sig_upload *u, const sig_segment_facts *s)
{
    return *s->stored && strcmp(s->stored, SIG_STORED_STALE) != 0 ? s->stored
           : u && strcmp(s->state, "writing") != 0                ? "waiting"
                                                                  : "";
}

/* ---- life ---- */

static bool start(sig_upload *u, GError **error)
{
    u->jobs = mcu_mailbox_new(2, g_free);
    u->results = mcu_mailbox_new(2, g_free);
    u->event = event_new(u->gateway->base, mcu_mailbox_fd(u->results), EV_READ | EV_PERSIST, on_results, u);
    u->retry = sig_timer_new(u->gateway->base, on_retry, u);
    event_add(u->event, NULL);
    u->done = mcu_counter_get("tessera_uploads_total", NULL, "Objects that the store of recordings took or gave up.");
    u->failures = mcu_counter_get("tessera_upload_failures_total", NULL, "Requests to the store of recordings that failed.");
    u->started = pthread_create(&u->thread, NULL, upload_thread, u) == 0;
    if (!u->started) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot start the upload thread");
    }
    return u->started;
}

sig_upload *sig_upload_new(sig_gateway *g, GError **error)
{
    if (!*g->settings->s3_endpoint) {
        return NULL;
    }
    sig_upload *u = g_new0(sig_upload, 1);
    u->gateway = g;
    if (!sig_upload_place_open(&u->place, g, &u->stop, error) || !start(u, error)) {
        sig_upload_free(u);
        return NULL;
    }
    pump(u);
    return u;
}

void sig_upload_free(sig_upload *u)
{
    if (!u) {
        return;
    }
    if (u->started) {
        work *w = g_new0(work, 1);
        w->stop = true;
        atomic_store(&u->stop, true);
        mcu_mailbox_push(u->jobs, w);
        pthread_join(u->thread, NULL);
    }
    if (u->jobs) {
        event_free(u->event);
        event_free(u->retry);
        mcu_mailbox_free(u->jobs);
        mcu_mailbox_free(u->results);
    }
    sig_upload_place_close(&u->place);
    g_free(u);
}
