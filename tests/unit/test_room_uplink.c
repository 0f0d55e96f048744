/* What a camera is asked for: by the largest tile that somebody sees, at once when that grows, later when it shrinks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/media.h"
#include "mcu/room/uplink.h"

static void test_worth(void **state)
{
    (void)state;
    static const struct {
        mcu_uplink_sight sight;
        mcu_uplink worth;
    } rows[] = {
        {{.people = 2, .px = 640 * 720, .lines = 720, .fps = 25}, {0}},
        {{.people = 4, .px = 640 * 360, .lines = 360, .fps = 25}, {.lines = 360, .bps = 700000}},
        {{.people = 9, .px = 426 * 240, .lines = 240, .fps = 25}, {.lines = 270, .bps = 350000}},
        {{.people = 16, .px = 320 * 180, .lines = 180, .fps = 25}, {.lines = 180, .bps = 200000}},
        {{.people = 2, .px = 320 * 180, .lines = 180, .fps = 8}, {.lines = 180, .fps = 16, .bps = 200000}},
        {{.people = 2, .px = 320 * 180, .lines = 180, .fps = 1}, {.lines = 180, .fps = 5, .bps = 200000}},
        {{.people = 2, .px = 320 * 180, .lines = 180, .fps = 8, .signing = true}, {.lines = 180, .bps = 200000}},
        {{.people = 2, .px = 320 * 180, .lines = 180, .fps = 8, .one_size = true}, {.fps = 16, .bps = 200000}},
        {{.people = 16}, {.lines = 180, .fps = 5, .bps = 60000}}, /* goes on, to be there when somebody looks */
        {{.people = 16, .signing = true}, {.lines = 180, .bps = 200000}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcu_uplink u = mcu_uplink_worth(&rows[i].sight);
        assert_int_equal(u.lines, rows[i].worth.lines);
        assert_int_equal(u.fps, rows[i].worth.fps);
        assert_int_equal(u.bps, rows[i].worth.bps);
    }
}

static const mcu_uplink all = {0}, small = {.lines = 180, .bps = 200000}, slow = {.lines = 180, .fps = 5, .bps = 60000};

/* Steps ten times a second; returns how often something new was asked for. */
static unsigned see(mcu_uplink_choice *c, int64_t *now_ns, mcu_uplink worth, double seconds)
{
    unsigned asked = 0;
    for (int64_t end_ns = *now_ns + (int64_t)(seconds * MCU_NS_PER_SEC); *now_ns < end_ns; *now_ns += MCU_NS_PER_SEC / 10) {
        asked += mcu_uplink_step(c, worth, *now_ns);
    }
    return asked;
}

static void test_less_later_more_at_once(void **state)
{
    (void)state;
    mcu_uplink_choice c = {0};
    int64_t now_ns = MCU_NS_PER_SEC;
    assert_int_equal(see(&c, &now_ns, all, 60), 0);
    assert_false(c.told);
    assert_int_equal(see(&c, &now_ns, small, 4.9), 0);
    assert_int_equal(see(&c, &now_ns, small, 60), 1);
    assert_int_equal(c.asked.lines, 180);
    assert_true(c.told);
    assert_int_equal(see(&c, &now_ns, slow, 60), 1);
    assert_int_equal(c.asked.fps, 5);
    assert_true(mcu_uplink_step(&c, all, now_ns));
    assert_int_equal(c.asked.lines + c.asked.fps + c.asked.bps, 0);
}

static void test_turns_are_no_storm(void **state)
{
    (void)state;
    mcu_uplink_choice c = {0};
    int64_t now_ns = MCU_NS_PER_SEC;
    unsigned asked = 0;
    for (unsigned turn = 0; turn < 60; turn++) {
        asked += see(&c, &now_ns, small, 4) + see(&c, &now_ns, all, 1);
    }
    assert_int_equal(asked, 0); /* taking turns */
    asked = 0;
    for (unsigned turn = 0; turn < 10; turn++) {
        asked += see(&c, &now_ns, small, 6) + see(&c, &now_ns, all, 6);
    }
    assert_int_equal(asked, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worth),
        cmocka_unit_test(test_less_later_more_at_once),
        cmocka_unit_test(test_turns_are_no_storm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
