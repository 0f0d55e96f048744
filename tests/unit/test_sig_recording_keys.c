/* When a recording's keys are to go, on a stepped clock, and that one hand at a time is on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "signaling/recording_shred.h"

#define HOUR_MS INT64_C(3600000)
#define ENDED_MS (INT64_C(1700000000) * 1000)
#define NEVER (-1)

static sig_recording_facts ended(void)
{
    return (sig_recording_facts){
        .id = "r", .room = "v", .state = "ended", .created_ms = ENDED_MS - HOUR_MS, .ended_ms = ENDED_MS};
}

/* Hours after the end at which retention finds it due, for the first time in 100 days; NEVER. */
static int due_after(const sig_recording_facts *r, int64_t days)
{
    for (int hour = 0; hour < 100 * 24; hour++) {
        if (sig_retention_due(r, days, ENDED_MS + hour * HOUR_MS)) {
            return hour;
        }
    }
    return NEVER;
}

static void retention_waits_for_its_days_and_for_ever_while_held(void **state)
{
    (void)state;
    sig_recording_facts r = ended();
    assert_int_equal(due_after(&r, 30), 30 * 24);
    assert_int_equal(due_after(&r, 1), 24);
    assert_int_equal(due_after(&r, 0), NEVER);
    assert_false(sig_retention_due(&r, 30, ENDED_MS + 30 * 24 * HOUR_MS - 1));
    r.hold = true;
    assert_int_equal(due_after(&r, 30), NEVER);
    r.hold = false; /* taken off after its days: at once */
    assert_true(sig_retention_due(&r, 30, ENDED_MS + 90 * 24 * HOUR_MS));
    r.shredded_ms = ENDED_MS + HOUR_MS;
    assert_int_equal(due_after(&r, 30), NEVER);
    sig_recording_facts running = ended();
    running.ended_ms = 0;
    assert_int_equal(due_after(&running, 1), NEVER);
}

static void one_hand_at_a_time_is_on_the_keys(void **state)
{
    (void)state;
    assert_true(sig_recording_keys_take("one"));
    assert_false(sig_recording_keys_take("one"));
    assert_true(sig_recording_keys_take("two"));
    sig_recording_keys_give("one");
    assert_true(sig_recording_keys_take("one"));
    sig_recording_keys_give("one");
    sig_recording_keys_give("two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retention_waits_for_its_days_and_for_ever_while_held),
        cmocka_unit_test(one_hand_at_a_time_is_on_the_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
