/* vclock.c - see vclock.h. */
#include "mixer/vclock.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "mcu/base/clock.h"
#include "mixer/lead.h"

struct mix_vclock {
    mix_vclock_config c;
    mix_compositor *compositor;
    pthread_t thread;
    sem_t stop;
    mcu_latest scene;
    mix_lead lead;
    int64_t decoded_ns; /* CPU time, of all pictures so far */
    unsigned unfinished;
    _Atomic uint64_t ticks, late, missed;
};

static int64_t deadline_of(int64_t start_ns, uint64_t tick, int fps)
{
    return start_ns + (int64_t)(tick / (uint64_t)fps) * MCU_NS_PER_SEC + (int64_t)(tick % (uint64_t)fps) * MCU_NS_PER_SEC / fps;
}

/* Sleeps to an absolute time; true = stop was asked for. */
static bool wait_until(mix_vclock *v, int64_t deadline_ns)
{
    struct timespec t = {.tv_sec = (time_t)(deadline_ns / MCU_NS_PER_SEC), .tv_nsec = (long)(deadline_ns % MCU_NS_PER_SEC)};
    int rc;
    do {
        rc = sem_clockwait(&v->stop, CLOCK_MONOTONIC, &t);
    } while (rc != 0 && errno == EINTR);
    return rc == 0;
}

static void note_lateness(mix_vclock *v, int64_t late_ns)
{
    mcu_histogram_observe(v->c.lateness, (double)late_ns * 1e-9);
    atomic_fetch_add_explicit(&v->ticks, 1, memory_order_relaxed);
    if (late_ns > MCU_NS_PER_SEC / v->c.fps / 2) {
        atomic_fetch_add_explicit(&v->late, 1, memory_order_relaxed);
    }
}

static int64_t decoding_ns(const mix_vclock *v)
{
    return atomic_load_explicit(&v->c.cpu->ns[MIX_CPU_DECODE], memory_order_relaxed) +
           atomic_load_explicit(&v->c.cpu->ns[MIX_CPU_SCALE], memory_order_relaxed);
}

/* What has come since the tick before is decoded shortly before the next one. */
static void set_rounds(mix_vclock *v, int64_t deadline_ns)
{
    int64_t was_ns = v->decoded_ns, period_ns = MCU_NS_PER_SEC / v->c.fps;
    v->decoded_ns = decoding_ns(v);
    int64_t lead_ns = mix_lead_step(&v->lead, v->decoded_ns - was_ns, v->unfinished > 0, period_ns, deadline_ns);
    v->unfinished = mcu_workers_rounds(v->c.workers, deadline_ns, period_ns, lead_ns);
}

static void *run(void *arg)
{
    mix_vclock *v = arg;
    pthread_setname_np(pthread_self(), "vclock");
    int64_t start_ns = mcu_now_ns(), period_ns = MCU_NS_PER_SEC / v->c.fps, cpu_ns = mix_cpu_now_ns();
    for (uint64_t tick = 0;; tick++) {
        int64_t deadline_ns = deadline_of(start_ns, tick, v->c.fps);
        if (wait_until(v, deadline_ns)) {
            break;
        }
        int64_t late_ns = mcu_now_ns() - deadline_ns;
        note_lateness(v, late_ns);
        if (late_ns > period_ns) {
            atomic_fetch_add_explicit(&v->missed, (uint64_t)(late_ns / period_ns), memory_order_relaxed);
            tick += (uint64_t)(late_ns / period_ns);
            deadline_ns = deadline_of(start_ns, tick, v->c.fps);
        }
        set_rounds(v, deadline_ns);
        mix_scene *scene = mcu_latest_take(&v->scene);
        mix_cpu_charge(v->c.cpu, MIX_CPU_OTHER, &cpu_ns);
        bool all = mix_compositor_tick(v->compositor, scene ? mix_scene_ref(scene) : NULL, tick, deadline_ns);
        if (!all || mcu_now_ns() >= deadline_ns + period_ns) {
            atomic_fetch_add_explicit(&v->missed, 1, memory_order_relaxed);
        }
        cpu_ns = mix_cpu_now_ns();
        if (scene) {
            v->c.applied(v->c.user, scene);
        }
    }
    (void)mcu_workers_rounds(v->c.workers, 0, 0, 0);
    return NULL;
}

mix_vclock *mix_vclock_start(const mix_vclock_config *config, GError **error)
{
    mix_vclock *v = g_new0(mix_vclock, 1);
    v->c = *config;
    mix_lead_init(&v->lead);
    v->decoded_ns = decoding_ns(v);
    sem_init(&v->stop, 0, 0);
    v->compositor = mix_compositor_new(config->fps, config->cpu);
    int rc = pthread_create(&v->thread, NULL, run, v);
    if (rc != 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "pthread_create: %s", g_strerror(rc));
        mix_compositor_free(v->compositor);
        sem_destroy(&v->stop);
        g_free(v);
        return NULL;
    }
    return v;
}

void mix_vclock_post(mix_vclock *v, mix_scene *take_scene)
{
    mix_scene_unref(mcu_latest_put(&v->scene, take_scene));
}

void mix_vclock_stop(mix_vclock *v)
{
    sem_post(&v->stop);
    pthread_join(v->thread, NULL);
    mix_scene_unref(mcu_latest_take(&v->scene));
    mix_compositor_free(v->compositor);
    sem_destroy(&v->stop);
    g_free(v);
}

void mix_vclock_get_stats(const mix_vclock *v, mix_vclock_stats *out)
{
    out->ticks = atomic_load_explicit(&v->ticks, memory_order_relaxed);
    out->late = atomic_load_explicit(&v->late, memory_order_relaxed);
    out->missed = atomic_load_explicit(&v->missed, memory_order_relaxed);
    for (unsigned t = 0; t < MIX_MAX_TIERS; t++) {
        out->skipped_unchanged[t] = mix_compositor_skipped(v->compositor, t);
    }
}
