/* test_base_queues.c - the SPSC ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "mcu/base/ring.h"

static int dropped;

static void drop(void *item)
{
    (void)item;
    dropped++;
}

static void ring_is_bounded_and_ordered(void **state)
{
    (void)state;
    int v[6];
    dropped = 0;
    mcu_ring *r = mcu_ring_new(3, drop); /* becomes 4 */
    assert_null(mcu_ring_pop(r));
    for (int i = 0; i < 4; i++) {
        assert_true(mcu_ring_push(r, &v[i]));
    }
    assert_int_equal(mcu_ring_depth(r), 4);
    assert_false(mcu_ring_push(r, &v[4]));
    assert_int_equal(dropped, 1);
    for (int i = 0; i < 2; i++) {
        assert_ptr_equal(mcu_ring_pop(r), &v[i]);
    }
    assert_true(mcu_ring_push(r, &v[5]));
    assert_ptr_equal(mcu_ring_pop(r), &v[2]);
    mcu_ring_free(r);
    assert_int_equal(dropped, 3);
    mcu_ring_free(NULL);
}

#define PASSED 20000

static void *pusher(void *arg)
{
    for (uintptr_t i = 1; i <= PASSED;) {
        if (mcu_ring_push(arg, (void *)i)) {
            i++;
        } else {
            sched_yield();
        }
    }
    return NULL;
}

static void ring_between_threads(void **state)
{
    (void)state;
    mcu_ring *r = mcu_ring_new(16, NULL);
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, pusher, r), 0);
    for (uintptr_t want = 1; want <= PASSED;) {
        void *got = mcu_ring_pop(r);
        if (got) {
            assert_int_equal((uintptr_t)got, want);
            want++;
        } else {
            sched_yield();
        }
    }
    pthread_join(t, NULL);
    assert_int_equal(mcu_ring_depth(r), 0);
    mcu_ring_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_is_bounded_and_ordered),
        cmocka_unit_test(ring_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
