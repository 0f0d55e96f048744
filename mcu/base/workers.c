/* workers.c - thread pool with ordered strands: a queue of ready strands, each
 * in it or with a thread at most once. Thread: post from any. One leaf lock for
 * the pool and its strands, never held while a job runs. */
#include "mcu/base/workers.h"

#include <glib.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/media.h"

#define JOB_NICE 8
#define STRANDS_EACH 4 /* of a round: for so many more another thread is woken */

typedef struct {
    mcu_job_fn fn;
    void *arg;
} job;

struct mcu_strand {
    mcu_workers *pool;
    mcu_strand *next; /* in `ready` or `waiting` */
    job *jobs;        /* `bound` of them, a ring */
    unsigned bound;
    unsigned head;
    unsigned depth;
    bool scheduled; /* in a queue, or a thread runs it */
    bool closing;
    bool patient;
    bool in_round;         /* waited for the round that runs now */
    int64_t waits_from_ns; /* of those in `waiting` */
    job done;
};

typedef struct {
    mcu_strand *first;
    mcu_strand *last;
} strands;

struct mcu_workers {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    strands ready, waiting; /* waiting: for the next round */
    int64_t end_ns;         /* of one round; of the others whole periods before and after */
    int64_t period_ns;      /* 0 = there are no rounds */
    int64_t lead_ns;        /* a round's length */
    bool watched;           /* a thread sleeps until the next round begins */
    bool expected;          /* the last round had something to do */
    unsigned unfinished;    /* strands that waited for a round which has begun */
    unsigned open;          /* strands that take jobs */
    unsigned strands;       /* strands not yet freed */
    bool stopping;
    unsigned threads;
    char *name;
    pthread_t thread[];
};

static void put(strands *q, mcu_strand *s)
{
    s->next = NULL;
    if (q->last) {
        q->last->next = s;
    } else {
        q->first = s;
    }
    q->last = s;
}

static mcu_strand *take(strands *q)
{
    mcu_strand *s = q->first;
    if (s) {
        q->first = s->next;
        q->last = q->first ? q->last : NULL;
    }
    return s;
}

/* Lock held. Wakes nobody. */
static void schedule(mcu_strand *s)
{
    s->scheduled = true;
    put(&s->pool->ready, s);
}

/* ---- rounds ---- */

static bool has_rounds(const mcu_workers *w)
{
    return !w->stopping && w->period_ns > 0 && w->lead_ns < w->period_ns;
}

/* Since the newest one began. */
static int64_t into_round_ns(const mcu_workers *w, int64_t now_ns)
{
    int64_t since_ns = (now_ns - w->end_ns + w->lead_ns) % w->period_ns;
    return since_ns < 0 ? since_ns + w->period_ns : since_ns;
}

static bool must_wait(const mcu_workers *w, int64_t now_ns)
{
    return has_rounds(w) && into_round_ns(w, now_ns) >= w->lead_ns;
}

/* Strands that waited for the newest round while every thread was busy. */
static unsigned left_out(const mcu_workers *w)
{
    int64_t now_ns = mcu_now_ns();
    unsigned n = 0;
    if (has_rounds(w)) {
        int64_t began_ns = now_ns - into_round_ns(w, now_ns);
        for (const mcu_strand *s = w->waiting.first; s && s->waits_from_ns < began_ns; s = s->next) {
            n++;
        }
    }
    return n;
}

static void begin_round(mcu_workers *w)
{
    unsigned n = 0;
    w->expected = w->waiting.first != NULL;
    for (mcu_strand *s = take(&w->waiting); s; s = take(&w->waiting)) {
        s->in_round = true;
        put(&w->ready, s);
        n++;
    }
    w->unfinished += n;
    for (; n > STRANDS_EACH; n -= STRANDS_EACH) {
        pthread_cond_signal(&w->wake);
    }
}

static void sleep_until(mcu_workers *w, int64_t at_ns)
{
    const struct timespec at = {.tv_sec = (time_t)(at_ns / MCU_NS_PER_SEC), .tv_nsec = (long)(at_ns % MCU_NS_PER_SEC)};
    w->watched = true;
    pthread_cond_clockwait(&w->wake, &w->lock, CLOCK_MONOTONIC, &at);
    w->watched = false;
}

/* With nothing ready. One thread knows when the next round begins, also of one that is likely to have something to do. */
static void rest(mcu_workers *w)
{
    int64_t now_ns = mcu_now_ns();
    if (w->waiting.first && !must_wait(w, now_ns)) {
        begin_round(w);
        return;
    }
    if (w->watched || !has_rounds(w) || (!w->waiting.first && !w->expected)) {
        pthread_cond_wait(&w->wake, &w->lock);
        return;
    }
    int64_t at_ns = now_ns - into_round_ns(w, now_ns) + w->period_ns;
    sleep_until(w, at_ns);
    if (mcu_now_ns() >= at_ns) {
        begin_round(w);
    }
}

static mcu_strand *next_ready(mcu_workers *w)
{
    while (!w->ready.first) {
        if (w->stopping && w->strands == 0) {
            return NULL;
        }
        rest(w);
    }
    if (w->waiting.first && !w->watched) {
        if (!must_wait(w, mcu_now_ns())) {
            begin_round(w); /* nobody else might, while there is always something ready */
        }
        pthread_cond_signal(&w->wake); /* this thread may be busy when the round begins */
    }
    return take(&w->ready);
}

/* Lock held on entry and on return, not while the job runs. One job a turn
 * keeps the strands fair. */
static void run_one(mcu_workers *w, mcu_strand *s)
{
    job j = s->jobs[s->head];
    s->head = (s->head + 1) % s->bound;
    s->depth--;
    pthread_mutex_unlock(&w->lock);
    j.fn(j.arg);
    pthread_mutex_lock(&w->lock);
    w->unfinished -= s->in_round;
    s->in_round = false;
    if (s->depth > 0 || s->closing) {
        schedule(s); /* this thread takes one of them itself, next */
    } else {
        s->scheduled = false;
    }
}

static void finish(mcu_workers *w, mcu_strand *s)
{
    pthread_mutex_unlock(&w->lock);
    if (s->done.fn) {
        s->done.fn(s->done.arg);
    }
    g_free(s->jobs);
    g_free(s);
    pthread_mutex_lock(&w->lock);
    if (--w->strands == 0) {
        pthread_cond_broadcast(&w->wake);
    }
}

static void *worker_main(void *arg)
{
    mcu_workers *w = arg;
    /* Linux applies the niceness of "process" tid 0 to the calling thread alone.
     */
    setpriority(PRIO_PROCESS, 0, JOB_NICE);
    pthread_setname_np(pthread_self(), w->name);
    pthread_mutex_lock(&w->lock);
    for (mcu_strand *s = next_ready(w); s; s = next_ready(w)) {
        if (s->depth > 0) {
            run_one(w, s);
        } else {
            finish(w, s);
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

mcu_workers *mcu_workers_new(unsigned threads, const char *name)
{
    g_assert(threads >= 1 && threads <= 256);
    mcu_workers *w = g_malloc0(sizeof *w + threads * sizeof(pthread_t));
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    w->name = g_strndup(name ? name : "worker", 15);
    w->threads = threads;
    for (unsigned i = 0; i < threads; i++) {
        int rc = pthread_create(&w->thread[i], NULL, worker_main, w);
        if (rc != 0) {
            g_error("pthread_create: %s", g_strerror(rc));
        }
    }
    return w;
}

void mcu_workers_free(mcu_workers *w)
{
    if (!w) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    g_assert(w->open == 0);
    w->stopping = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->threads; i++) {
        pthread_join(w->thread[i], NULL);
    }
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    g_free(w->name);
    g_free(w);
}

mcu_strand *mcu_strand_new(mcu_workers *w, unsigned bound)
{
    g_assert(bound >= 1);
    mcu_strand *s = g_new0(mcu_strand, 1);
    s->pool = w;
    s->bound = bound;
    s->jobs = g_new0(job, bound);
    pthread_mutex_lock(&w->lock);
    w->open++;
    w->strands++;
    pthread_mutex_unlock(&w->lock);
    return s;
}

bool mcu_strand_post(mcu_strand *s, mcu_job_fn fn, void *arg)
{
    mcu_workers *w = s->pool;
    pthread_mutex_lock(&w->lock);
    g_assert(!s->closing);
    bool fits = s->depth < s->bound;
    bool idle = fits && !s->scheduled;
    if (fits) {
        s->jobs[(s->head + s->depth) % s->bound] = (job){.fn = fn, .arg = arg};
        s->depth++;
    }
    bool later = idle && s->patient && must_wait(w, mcu_now_ns());
    bool wake = idle && !(later && w->watched);
    if (later) {
        s->scheduled = true;
        s->waits_from_ns = mcu_now_ns();
        put(&w->waiting, s);
    } else if (idle) {
        schedule(s);
    }
    pthread_mutex_unlock(&w->lock);
    if (wake) {
        pthread_cond_signal(&w->wake); /* now that the lock is free: it is the first thing that a woken thread asks for */
    }
    return fits;
}

void mcu_strand_set_patient(mcu_strand *s)
{
    pthread_mutex_lock(&s->pool->lock);
    s->patient = true;
    pthread_mutex_unlock(&s->pool->lock);
}

unsigned mcu_workers_rounds(mcu_workers *w, int64_t end_ns, int64_t period_ns, int64_t lead_ns)
{
    pthread_mutex_lock(&w->lock);
    unsigned unfinished = w->unfinished + left_out(w);
    w->end_ns = end_ns;
    w->period_ns = period_ns;
    w->lead_ns = lead_ns;
    bool wake = w->waiting.first && !has_rounds(w);
    pthread_mutex_unlock(&w->lock);
    if (wake) {
        pthread_cond_broadcast(&w->wake);
    }
    return unfinished;
}

unsigned mcu_strand_depth(mcu_strand *s)
{
    pthread_mutex_lock(&s->pool->lock);
    unsigned depth = s->depth;
    pthread_mutex_unlock(&s->pool->lock);
    return depth;
}

void mcu_strand_close(mcu_strand *s, mcu_job_fn done, void *arg)
{
    mcu_workers *w = s->pool;
    pthread_mutex_lock(&w->lock);
    g_assert(!s->closing);
    s->closing = true;
    s->done = (job){.fn = done, .arg = arg};
    w->open--;
    if (!s->scheduled) {
        schedule(s);
        pthread_cond_signal(&w->wake); /* under the lock: once it is free the pool may end */
    }
    pthread_mutex_unlock(&w->lock);
}
