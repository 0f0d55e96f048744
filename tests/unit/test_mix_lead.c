/* test_mix_lead.c - how long before a tick decoding begins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mixer/lead.h"

#define PERIOD_NS (40 * MCU_NS_PER_MS)
#define MS MCU_NS_PER_MS

typedef struct {
    mix_lead l;
    int64_t now_ns;
} rig;

static rig rig_new(void)
{
    rig r = {.now_ns = MCU_NS_PER_SEC};
    mix_lead_init(&r.l);
    return r;
}

/* So many ticks, the first `late` of them late; the lead then. */
static int64_t after(rig *r, unsigned ticks, unsigned late, int64_t work_ns)
{
    int64_t lead_ns = 0;
    for (unsigned i = 0; i < ticks; i++) {
        r->now_ns += PERIOD_NS;
        lead_ns = mix_lead_step(&r->l, work_ns, i < late, PERIOD_NS, r->now_ns);
    }
    return lead_ns;
}

static void test_as_long_as_the_work_takes_and_more(void **state)
{
    (void)state;
    rig r = rig_new();
    assert_int_equal(after(&r, 10, 0, 2 * MS), 8 * MS);
    assert_int_equal(after(&r, 1, 0, 6 * MS), 16 * MS);
    assert_in_range(after(&r, 1, 0, 2 * MS), 15 * MS, 16 * MS); /* a keyframe of everybody may come again */
    assert_int_equal(after(&r, 100, 0, 2 * MS), 8 * MS);
}

static void test_what_needs_long_does_not_wait(void **state)
{
    (void)state;
    rig r = rig_new();
    assert_true(after(&r, 1, 0, 9 * MS) >= PERIOD_NS);
}

static void test_a_busy_machine_is_given_more(void **state)
{
    (void)state;
    rig r = rig_new();
    (void)after(&r, 10, 0, 2 * MS);
    assert_int_equal(after(&r, 20, MIX_LEAD_LATE_TICKS - 1, 2 * MS), 8 * MS); /* it happens */
    assert_int_equal(after(&r, 1, 1, 2 * MS), 12 * MS);
    assert_int_equal(after(&r, MIX_LEAD_LATE_TICKS, MIX_LEAD_LATE_TICKS, 2 * MS), 20 * MS);
    assert_true(after(&r, MIX_LEAD_LATE_TICKS, MIX_LEAD_LATE_TICKS, 2 * MS) >= PERIOD_NS);
}

static void test_calm_comes_back(void **state)
{
    (void)state;
    const unsigned window = MIX_LEAD_WINDOW_NS / PERIOD_NS;
    rig r = rig_new();
    (void)after(&r, 4 * MIX_LEAD_LATE_TICKS, 4 * MIX_LEAD_LATE_TICKS, 2 * MS);
    assert_true(after(&r, window - 1, 0, 2 * MS) >= PERIOD_NS);
    assert_int_equal(after(&r, 1 + window, 0, 2 * MS), 14 * MS);
    assert_int_equal(after(&r, window, 1, 2 * MS), 14 * MS); /* not quite */
    assert_int_equal(after(&r, 3 * window, 0, 2 * MS), 8 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_long_as_the_work_takes_and_more),
        cmocka_unit_test(test_what_needs_long_does_not_wait),
        cmocka_unit_test(test_a_busy_machine_is_given_more),
        cmocka_unit_test(test_calm_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
