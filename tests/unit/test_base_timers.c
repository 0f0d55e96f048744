/* test_base_timers.c - the timer heap, stepped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "mcu/base/timers.h"

typedef struct {
    mcu_timer *timer;
    int runs;
    int64_t again_at; /* arms itself for this moment, 0 = does not */
    int free_self;
    int *order;
    int id;
} probe;

static int next_order;

static void on_timer(void *user, int64_t now_ns)
{
    (void)now_ns;
    probe *p = user;
    p->runs++;
    if (p->order) {
        p->order[next_order++] = p->id;
    }
    if (p->again_at) {
        mcu_timer_arm(p->timer, p->again_at);
    }
    if (p->free_self) {
        mcu_timer_free(p->timer);
        p->timer = NULL;
    }
}

static void runs_in_order_and_once(void **state)
{
    (void)state;
    enum { N = 200 };
    mcu_timers *t = mcu_timers_new();
    probe p[N] = {0};
    int order[N];
    int64_t at[N];
    next_order = 0;
    srand(7);
    assert_int_equal(mcu_timers_next_ns(t), INT64_MAX);
    for (int i = 0; i < N; i++) {
        p[i].timer = mcu_timer_new(t, on_timer, &p[i]);
        p[i].order = order;
        p[i].id = i;
        at[i] = rand() % 40;
        mcu_timer_arm(p[i].timer, 1000);
        mcu_timer_arm(p[i].timer, at[i]);
    }
    for (int i = 0; i < N; i += 5) {
        mcu_timer_disarm(p[i].timer);
        mcu_timer_disarm(p[i].timer);
    }
    mcu_timers_run(t, 20);
    assert_true(mcu_timers_next_ns(t) > 20);
    mcu_timers_run(t, 40);
    assert_int_equal(next_order, N - N / 5);
    for (int i = 1; i < next_order; i++) {
        int a = order[i - 1], b = order[i];
        assert_true(at[a] < at[b] || (at[a] == at[b] && a < b));
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(p[i].runs, i % 5 ? 1 : 0);
        mcu_timer_free(p[i].timer);
    }
    mcu_timers_free(t);
    mcu_timers_free(NULL);
    mcu_timer_free(NULL);
}

static void arming_for_the_past_does_not_spin(void **state)
{
    (void)state;
    mcu_timers *t = mcu_timers_new();
    probe p = {.again_at = 1};
    p.timer = mcu_timer_new(t, on_timer, &p);
    mcu_timer_arm(p.timer, 5);
    mcu_timers_run(t, 10);
    assert_int_equal(p.runs, 1);
    assert_int_equal(mcu_timers_next_ns(t), 1);
    mcu_timers_run(t, 10);
    assert_int_equal(p.runs, 2);
    mcu_timer_free(p.timer);
    assert_int_equal(mcu_timers_next_ns(t), INT64_MAX);
    mcu_timers_free(t);
}

static void may_free_itself(void **state)
{
    (void)state;
    mcu_timers *t = mcu_timers_new();
    probe p = {.free_self = 1};
    p.timer = mcu_timer_new(t, on_timer, &p);
    mcu_timer_arm(p.timer, 5);
    mcu_timers_run(t, 5);
    assert_int_equal(p.runs, 1);
    mcu_timers_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_in_order_and_once),
        cmocka_unit_test(arming_for_the_past_does_not_spin),
        cmocka_unit_test(may_free_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
