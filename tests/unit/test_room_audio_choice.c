/* How often a receiver's sound is repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/media.h"
#include "mcu/room/audio_choice.h"

enum { VOICE = 33600 };

static unsigned after(mcu_audio_choice *c, double loss, unsigned spare_bps, bool standing, int64_t now_ms)
{
    const mcu_audio_link link = {.loss = loss, .standing = standing, .spare_bps = spare_bps, .voice_bps = VOICE};
    mcu_audio_choice_step(c, &link, now_ms * MCU_NS_PER_MS);
    return c->copies;
}

static void test_ladder(void **state)
{
    (void)state;
    static const struct {
        double loss;
        unsigned copies;
    } rows[] = {{-1, 0}, {0, 0}, {0.019, 0}, {0.02, 1}, {0.099, 1}, {0.1, 2}, {0.19, 2}, {0.2, 3}, {0.5, 3}, {1, 3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcu_audio_choice c = {0};
        assert_int_equal(after(&c, rows[i].loss, 10 * VOICE, false, 0), rows[i].copies);
        assert_int_equal(c.stride, 1);
    }
}

static void test_more_at_once_fewer_after_10_s(void **state)
{
    (void)state;
    mcu_audio_choice c = {0};
    assert_int_equal(after(&c, 0.05, 10 * VOICE, false, 0), 1);
    assert_int_equal(after(&c, 0.3, 10 * VOICE, false, 500), 3);
    assert_int_equal(after(&c, 0, 10 * VOICE, false, 1000), 3);
    assert_int_equal(after(&c, 0.25, 10 * VOICE, false, 9000), 3); /* the wait begins anew */
    assert_int_equal(after(&c, 0.03, 10 * VOICE, false, 9500), 3);
    assert_int_equal(after(&c, 0.03, 10 * VOICE, false, 19499), 3);
    assert_int_equal(after(&c, 0.03, 10 * VOICE, false, 19500), 1);
}

static void test_only_what_fits_and_never_into_a_queue(void **state)
{
    (void)state;
    mcu_audio_choice c = {0};
    assert_int_equal(after(&c, 0.3, 2 * VOICE + 1, false, 0), 2);
    assert_int_equal(after(&c, 0.3, VOICE - 1, false, 500), 0);
    assert_int_equal(after(&c, 0.3, 10 * VOICE, false, 1000), 3);
    assert_int_equal(after(&c, 0.3, 10 * VOICE, true, 1500), 0);
}

static void test_a_thin_line_gets_long_packets(void **state)
{
    (void)state;
    static const struct {
        unsigned line_bps;
        int64_t at_ms;
        bool thin;
    } rows[] = {{0, 0, false},        {500000, 500, false},   {130000, 1000, false}, {64000, 1500, true},
                {170000, 2000, true}, {181000, 3000, true},   {150000, 9000, true},  {200000, 10000, true},
                {0, 19999, true},     {200000, 20000, false}, {140000, 21000, false}};
    mcu_audio_choice c = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const mcu_audio_link link = {.line_bps = rows[i].line_bps, .voice_bps = VOICE};
        mcu_audio_choice_step(&c, &link, rows[i].at_ms * MCU_NS_PER_MS);
        assert_int_equal(c.thin, rows[i].thin);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_more_at_once_fewer_after_10_s),
        cmocka_unit_test(test_a_thin_line_gets_long_packets),
        cmocka_unit_test(test_only_what_fits_and_never_into_a_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
