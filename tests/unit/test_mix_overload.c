/* test_mix_overload.c - what is given up and when it comes back, second by second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/media.h"
#include "mixer/overload.h"

typedef struct {
    mix_overload o;
    int64_t now_ns;
} rig;

static rig rig_new(void)
{
    rig r = {.now_ns = MCU_NS_PER_SEC};
    mix_overload_init(&r.o);
    return r;
}

/* So many seconds of it; the level then. */
static unsigned after(rig *r, unsigned seconds, double missed)
{
    for (unsigned i = 0; i < seconds; i++) {
        r->now_ns += MCU_NS_PER_SEC;
        (void)mix_overload_step(&r->o, missed, r->now_ns);
    }
    return r->o.level;
}

static void test_one_step_after_the_other(void **state)
{
    (void)state;
    rig r = rig_new();
    assert_int_equal(after(&r, 3, 0.9), MIX_LOAD_CALM); /* a moment is none */
    assert_int_equal(after(&r, 1, 0.9), MIX_LOAD_FEWER);
    assert_int_equal(after(&r, 3, 0.9), MIX_LOAD_FASTER);
    assert_int_equal(after(&r, 9, 0.9), MIX_LOAD_FASTER);
    assert_int_equal(after(&r, 1, 0.9), MIX_LOAD_WITHOUT);
    assert_int_equal(after(&r, 60, 0.9), MIX_LOAD_WITHOUT);
}

static void test_what_is_not_much_changes_nothing(void **state)
{
    (void)state;
    rig r = rig_new();
    assert_int_equal(after(&r, 100, 0.2), MIX_LOAD_CALM);
    for (unsigned i = 0; i < 50; i++) { /* now and then */
        assert_int_equal(after(&r, 2, 0.9), MIX_LOAD_CALM);
        assert_int_equal(after(&r, 1, 0), MIX_LOAD_CALM);
    }
    (void)after(&r, 7, 0.9);
    assert_int_equal(after(&r, 100, 0.4), MIX_LOAD_FASTER); /* too much for a calm, too little to lose the tier */
}

static void test_back_after_ten_calm_seconds(void **state)
{
    (void)state;
    rig r = rig_new();
    assert_int_equal(after(&r, 30, 0.9), MIX_LOAD_WITHOUT);
    assert_int_equal(after(&r, 10, 0), MIX_LOAD_WITHOUT);
    assert_int_equal(after(&r, 1, 0), MIX_LOAD_FASTER);
    assert_int_equal(after(&r, 9, 0), MIX_LOAD_FASTER);
    assert_int_equal(after(&r, 1, 0), MIX_LOAD_FEWER);
    assert_int_equal(after(&r, 10, 0), MIX_LOAD_CALM);
}

/* A machine that is calm only without the largest tier: each try takes twice as long to come. */
static void test_does_not_swing(void **state)
{
    (void)state;
    rig r = rig_new();
    unsigned changes = 0;
    for (unsigned second = 0; second < 3600; second++) {
        unsigned before = r.o.level;
        changes += after(&r, 1, before == MIX_LOAD_CALM ? 0.9 : 0) != before;
    }
    assert_in_range(changes, 2, 50); /* not 500 */
    (void)after(&r, 400, 0);
    assert_int_equal(r.o.level, MIX_LOAD_CALM);
    assert_int_equal(r.o.wait_ns, 10 * MCU_NS_PER_SEC); /* and is forgotten */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_step_after_the_other),
        cmocka_unit_test(test_what_is_not_much_changes_nothing),
        cmocka_unit_test(test_back_after_ten_calm_seconds),
        cmocka_unit_test(test_does_not_swing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
