/* workers.c - thread pool with ordered strands: a queue of ready strands, each
 * in it or with a thread at most once. Thread: post from any. One leaf lock for
 * the pool and its strands, never held while a job runs. */
#include "mcu/base/workers.h"

#include <glib.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#define JOB_NICE 8

typedef struct {
    mcu_job_fn fn;
    void *arg;
} job;

struct mcu_strand {
    mcu_workers *pool;
    mcu_strand *next; /* in the ready queue */
    job *jobs;        /* `bound` of them, a ring */
    unsigned bound;
    unsigned head;
    unsigned depth;
    bool scheduled; /* in the ready queue, or a thread runs it */
    bool closing;
    job done;
};

struct mcu_workers {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    mcu_strand *ready_first;
    mcu_strand *ready_last;
    unsigned open;    /* strands that take jobs */
    unsigned strands; /* strands not yet freed */
    bool stopping;
    unsigned threads;
    char *name;
    pthread_t thread[];
};

/* Lock held. Wakes nobody. */
static void schedule(mcu_strand *s)
{
    mcu_workers *w = s->pool;
    s->scheduled = true;
    s->next = NULL;
    if (w->ready_last) {
        w->ready_last->next = s;
    } else {
        w->ready_first = s;
    }
    w->ready_last = s;
}

static mcu_strand *next_ready(mcu_workers *w)
{
    while (!w->ready_first) {
        if (w->stopping && w->strands == 0) {
            return NULL;
        }
        pthread_cond_wait(&w->wake, &w->lock);
    }
    mcu_strand *s = w->ready_first;
    w->ready_first = s->next;
    if (!w->ready_first) {
        w->ready_last = NULL;
    }
    return s;
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
    if (idle) {
        schedule(s);
    }
    pthread_mutex_unlock(&w->lock);
    if (idle) {
        pthread_cond_signal(&w->wake); /* now that the lock is free: it is the first thing that a woken thread asks for */
    }
    return fits;
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
