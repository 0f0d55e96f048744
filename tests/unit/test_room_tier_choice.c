#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/media.h"
#include "mcu/room/tier_choice.h"

static const mcu_tier_table table = {.n_tiers = 4, .bitrate_bps = {1200000, 400000, 150000, 64000}, .audio_bps = 60000};

static int64_t now_ns;

static unsigned hold(mcu_tier_choice *c, mcu_link_view link, double seconds)
{
    for (double t = 0; t < seconds; t += 0.5) {
        now_ns += 500 * MCU_NS_PER_MS;
        mcu_tier_choice_step(c, &table, &link, now_ns);
    }
    return c->tier;
}

static const mcu_link_view calm = {.loss = 0}, lossy = {.loss = 0.25}, unknown = {.loss = -1};

static void start(mcu_tier_choice *c, unsigned tier, unsigned top)
{
    now_ns = 1000 * MCU_NS_PER_SEC;
    mcu_tier_choice_init(c, &table, tier, top, now_ns);
}

static void test_climbs_only_on_proof(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    assert_int_equal(hold(&c, unknown, 30), 1);
    assert_int_equal(hold(&c, calm, 3), 1);
    assert_int_equal(hold(&c, calm, 3), 0);
}

static void test_falls_to_audio_under_loss_and_returns(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 0, 0);
    assert_int_equal(hold(&c, lossy, 1), 0);
    assert_int_equal(hold(&c, lossy, 2), 1);
    assert_int_equal(hold(&c, lossy, 20), 4);
    assert_int_equal(hold(&c, calm, 60), 0);
}

static void test_remb_below_the_tier_brings_it_down(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 0, 0);
    mcu_link_view narrow = {.loss = 0, .remb_bps = 250000};
    assert_int_equal(hold(&c, narrow, 30), 2);
}

static void test_wait_doubles_after_an_undone_step(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    hold(&c, calm, 5);
    assert_int_equal(c.tier, 0);
    hold(&c, lossy, 2.5);
    assert_int_equal(c.tier, 1);
    assert_int_equal(hold(&c, calm, 6), 1);
    assert_int_equal(hold(&c, calm, 4), 0);
}

static void test_cap_holds(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 0, 2);
    assert_int_equal(c.tier, 2);
    assert_int_equal(hold(&c, calm, 120), 2);
    mcu_tier_choice_cap(&c, 3);
    assert_int_equal(c.tier, 3);
}

static void test_quality_words(void **state)
{
    (void)state;
    assert_int_equal(mcu_link_quality(0, 0, 20, false, 0, 4), 5);
    assert_int_equal(mcu_link_quality(0, 0.05, 20, false, 0, 4), 3);
    assert_int_equal(mcu_link_quality(0, 0, 700, false, 0, 4), 2);
    assert_int_equal(mcu_link_quality(0, 0, 20, false, 4, 4), 2);
    assert_int_equal(mcu_link_quality(0, 0, 20, true, 0, 4), 0);
}

static void test_the_first_tier_fits_the_line(void **state)
{
    (void)state;
    static const struct {
        unsigned rate_bps, tier;
    } rows[] = {{5000000, 0}, {1260000, 0}, {1259999, 1}, {300000, 2}, {124000, 3}, {64000, 4}, {1, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(mcu_tier_that_fits(&table, rows[i].rate_bps), rows[i].tier);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_tier_fits_the_line),
        cmocka_unit_test(test_climbs_only_on_proof),
        cmocka_unit_test(test_falls_to_audio_under_loss_and_returns),
        cmocka_unit_test(test_remb_below_the_tier_brings_it_down),
        cmocka_unit_test(test_wait_doubles_after_an_undone_step),
        cmocka_unit_test(test_cap_holds),
        cmocka_unit_test(test_quality_words),
    };
    return cmocka_run_group_tests_name("room_tier_choice", tests, NULL, NULL);
}
