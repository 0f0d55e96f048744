/* test_mix_vclock.c - the clock of pictures, its time made up: what it counts as late, and as missed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <semaphore.h>

#include "mcu/base/clock.h"
#include "mixer/vclock.h"

#define MS MCU_NS_PER_MS

/* Of one tick: how late the thread wakes, what composing takes, whether every canvas that was due was there to be drawn on. */
static const struct {
    int late_ms, took_ms;
    bool all;
    unsigned missed; /* with it */
} rows[] = {
    {0, 5, true, 0}, {30, 5, true, 0},  {30, 12, true, 1}, /* 2 ms after the next deadline */
    {2, 5, true, 0}, {0, 5, false, 1},  {95, 5, true, 2},  /* two are left out, the third is 15 ms late */
    {0, 5, true, 0}, {25, 15, true, 1},
};

static struct {
    _Atomic int64_t now_ns;
    unsigned row;
    sem_t over;
} world;

int64_t __wrap_mcu_now_ns(void);
int64_t __wrap_mcu_now_ns(void)
{
    return world.now_ns;
}

int __wrap_sem_clockwait(sem_t *stop, clockid_t clock, const struct timespec *until);
int __wrap_sem_clockwait(sem_t *stop, clockid_t clock, const struct timespec *until)
{
    (void)stop;
    (void)clock;
    if (world.row == G_N_ELEMENTS(rows)) {
        sem_post(&world.over);
        return 0;
    }
    int64_t deadline_ns = until->tv_sec * MCU_NS_PER_SEC + until->tv_nsec;
    world.now_ns = MAX(world.now_ns, deadline_ns + rows[world.row].late_ms * MS);
    errno = ETIMEDOUT;
    return -1;
}

bool __wrap_mix_compositor_tick(mix_compositor *c, mix_scene *take_scene, uint64_t tick, int64_t now_ns);
bool __wrap_mix_compositor_tick(mix_compositor *c, mix_scene *take_scene, uint64_t tick, int64_t now_ns)
{
    (void)c;
    (void)take_scene;
    (void)tick;
    (void)now_ns;
    world.now_ns += rows[world.row].took_ms * MS;
    return rows[world.row++].all;
}

static void test_what_is_missed(void **state)
{
    (void)state;
    static const double buckets[] = {1};
    mix_cpu cpu = {0};
    mcu_workers *workers = mcu_workers_new(1, "test");
    const mix_vclock_config config = {.fps = 25,
                                      .cpu = &cpu,
                                      .workers = workers,
                                      .lateness = mcu_histogram_get("test_late_seconds", NULL, "Of this test.", buckets, 1)};
    unsigned missed = 0, late = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        missed += rows[i].missed;
        late += rows[i].late_ms > 20;
    }
    world.now_ns = 1000 * MCU_NS_PER_SEC;
    sem_init(&world.over, 0, 0);
    mix_vclock *v = mix_vclock_start(&config, NULL);
    assert_non_null(v);
    sem_wait(&world.over);
    mix_vclock_stats stats;
    mix_vclock_get_stats(v, &stats);
    mix_vclock_stop(v);
    assert_int_equal(stats.ticks, G_N_ELEMENTS(rows));
    assert_int_equal(stats.late, late);
    assert_int_equal(stats.missed, missed);
    sem_destroy(&world.over);
    mcu_workers_free(workers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_missed)};
    return cmocka_run_group_tests_name("mix_vclock", tests, NULL, NULL);
}
