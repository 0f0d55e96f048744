/* Time moves as the test says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "signaling/rate.h"

#define SEC INT64_C(1000000000)

static void each_key_has_its_own_minute(void **state)
{
    (void)state;
    sig_rate *r = sig_rate_new(30, 100);
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(sig_rate_take(r, "a", 5 * SEC), 0);
    }
    assert_int_equal(sig_rate_take(r, "a", 5 * SEC), 2);
    assert_int_equal(sig_rate_take(r, "b", 5 * SEC), 0);
    assert_int_equal(sig_rate_take(r, "a", 6 * SEC), 1); /* asking costs nothing */
    assert_int_equal(sig_rate_take(r, "a", 7 * SEC), 0);
    assert_int_equal(sig_rate_take(r, "a", 7 * SEC), 2);
    for (unsigned i = 0; i < 30; i++) { /* an hour saves up no more than a minute's */
        assert_int_equal(sig_rate_take(r, "a", 3600 * SEC), 0);
    }
    assert_int_equal(sig_rate_take(r, "a", 3600 * SEC), 2);
    sig_rate_free(r);
}

static void many_keys_cost_bounded_memory_and_the_newest_are_known(void **state)
{
    (void)state;
    sig_rate *r = sig_rate_new(1, 10);
    char key[16];
    assert_int_equal(sig_rate_take(r, "first", 0), 0);
    for (unsigned i = 0; i < 9; i++) {
        snprintf(key, sizeof key, "%u", i);
        assert_int_equal(sig_rate_take(r, key, 0), 0);
    }
    assert_int_equal(sig_rate_take(r, "first", 0), 60);
    for (unsigned i = 10; i < 20; i++) { /* "first" is among the older ones now, and still known */
        snprintf(key, sizeof key, "%u", i);
        assert_int_equal(sig_rate_take(r, key, 0), 0);
    }
    assert_int_equal(sig_rate_take(r, "first", 0), 60);
    for (unsigned i = 20; i < 1000; i++) {
        snprintf(key, sizeof key, "%u", i);
        assert_int_equal(sig_rate_take(r, key, 0), 0);
    }
    assert_int_equal(sig_rate_take(r, "999", 0), 60);
    assert_int_equal(sig_rate_take(r, "first", 0), 0); /* forgotten */
    sig_rate_free(r);
}

static void each_key_has_its_own_count_of_refusals(void **state)
{
    (void)state;
    sig_rate *r = sig_rate_new(1, 10);
    for (unsigned i = 0; i < 4; i++) {
        sig_rate_take(r, "a", 0);
        sig_rate_ask(r, "a", 0); /* counts nothing */
    }
    assert_int_equal(sig_rate_take(r, "b", 0), 0);
    assert_int_equal(sig_rate_refused(r, "b"), 0);
    assert_int_equal(sig_rate_take(r, "a", 60 * SEC), 0);
    assert_int_equal(sig_rate_refused(r, "a"), 3);
    assert_int_equal(sig_rate_refused(r, "a"), 0);
    assert_int_equal(sig_rate_refused(r, "nobody"), 0);
    sig_rate_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_key_has_its_own_minute),
                                       cmocka_unit_test(each_key_has_its_own_count_of_refusals),
                                       cmocka_unit_test(many_keys_cost_bounded_memory_and_the_newest_are_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
