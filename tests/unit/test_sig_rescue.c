/* When a dead sound leads to a call, stepped by a clock of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "signaling/rescue.h"

#define SEC INT64_C(1000)

static sig_rescue fresh(void)
{
    return (sig_rescue){.at_ms = -SIG_RESCUE_SOUND_MS};
}

static void a_dead_sound_is_called_twice_and_no_more(void **state)
{
    (void)state;
    sig_rescue r = fresh();
    assert_int_equal(sig_rescue_next_ms(&r), INT64_MAX);
    assert_true(sig_rescue_dead(&r, 0));
    assert_false(sig_rescue_dead(&r, 10 * SEC)); /* said again: one call at a time */
    sig_rescue_ended(&r, 15 * SEC);              /* no key */
    assert_int_equal(sig_rescue_next_ms(&r), 18 * SEC);
    assert_false(sig_rescue_dead(&r, 16 * SEC));
    assert_false(sig_rescue_step(&r, 18 * SEC - 1));
    assert_true(sig_rescue_step(&r, 18 * SEC));
    assert_false(sig_rescue_step(&r, 19 * SEC));
    sig_rescue_ended(&r, 40 * SEC);
    assert_int_equal(r.state, SIG_RESCUE_GIVEN_UP);
    assert_int_equal(sig_rescue_next_ms(&r), INT64_MAX);
    assert_false(sig_rescue_dead(&r, 41 * SEC) || sig_rescue_step(&r, 1000 * SEC));
}

static void sound_that_comes_back_ends_the_ringing_and_not_the_talk(void **state)
{
    (void)state;
    sig_rescue r = fresh();
    assert_true(sig_rescue_dead(&r, 0));
    assert_true(sig_rescue_back(&r, 5 * SEC)); /* nobody has pressed 1 */
    sig_rescue_ended(&r, 5 * SEC);
    assert_int_equal(r.state, SIG_RESCUE_NONE);
    assert_true(sig_rescue_dead(&r, 20 * SEC)); /* so soon it is the same trouble: the second try */
    sig_rescue_joined(&r);
    assert_false(sig_rescue_back(&r, 30 * SEC));
    assert_int_equal(r.state, SIG_RESCUE_ON_PHONE);
    sig_rescue_ended(&r, 100 * SEC);
    assert_true(sig_rescue_dead(&r, 110 * SEC)); /* somebody was there: it begins anew */
}

static void a_line_that_flaps_does_not_ring_on_and_on(void **state)
{
    (void)state;
    sig_rescue r = fresh();
    unsigned calls = 0;
    for (int64_t t = 0; t < 50 * SEC; t += 10 * SEC) {
        calls += sig_rescue_dead(&r, t);
        (void)sig_rescue_back(&r, t + 9 * SEC);
    }
    assert_int_equal(calls, SIG_RESCUE_TRIES);
    (void)sig_rescue_back(&r, 50 * SEC);
    assert_true(sig_rescue_dead(&r, 50 * SEC + SIG_RESCUE_SOUND_MS));           /* a minute of sound: another trouble */
    assert_false(sig_rescue_back(&(sig_rescue){.state = SIG_RESCUE_PAUSE}, 0)); /* between two: nothing rings */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dead_sound_is_called_twice_and_no_more),
        cmocka_unit_test(sound_that_comes_back_ends_the_ringing_and_not_the_talk),
        cmocka_unit_test(a_line_that_flaps_does_not_ring_on_and_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
