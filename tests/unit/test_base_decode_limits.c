/* test_base_decode_limits.c - which picture a decoder takes; levels of H.264 both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/decode_limits.h"

static void test_no_limit_allows_everything(void **state)
{
    (void)state;
    const mcu_decode_limits none = {0};
    assert_true(mcu_decode_limits_allow(&none, 4096, 4096, 60, 100000000));
}

static void test_levels_allow_what_table_a1_says(void **state)
{
    (void)state;
    static const struct {
        int level, width, height, fps, bps;
        bool takes;
    } rows[] = {
        {31, 1280, 720, 25, 1200000, true},  {31, 1280, 720, 30, 1200000, true},  {31, 1280, 720, 31, 1200000, false},
        {30, 1280, 720, 25, 1200000, false}, {30, 640, 360, 25, 400000, true},    {30, 720, 576, 25, 400000, true},
        {30, 720, 576, 26, 400000, false},   {21, 640, 360, 25, 400000, false},   {21, 480, 270, 15, 150000, true},
        {13, 480, 270, 15, 150000, false},   {11, 320, 180, 10, 64000, true},     {11, 320, 180, 10, 193000, false},
        {9, 176, 144, 15, 64000, true},      {9, 320, 180, 10, 64000, false},     {52, 4096, 2160, 60, 1200000, true},
        {29, 640, 360, 25, 400000, false},   {99, 8192, 4320, 60, 1200000, true}, {0, 176, 144, 15, 64000, true},
        {30, 1808, 16, 25, 400000, true},    {30, 1840, 16, 25, 400000, false}, /* 115 macroblocks in a row: over sqrt(8 * 1620)
                                                                                 */
        {30, 16, 1840, 25, 400000, false},
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const mcu_decode_limits l = mcu_h264_level_limits(rows[i].level);
        if (mcu_decode_limits_allow(&l, rows[i].width, rows[i].height, rows[i].fps, rows[i].bps) != rows[i].takes) {
            fail_msg("row %u: level %d", i, rows[i].level);
        }
    }
}

static void test_pictures_a_second(void **state)
{
    (void)state;
    const mcu_decode_limits l = {.max_mbs = 3600, .max_fps = 15};
    assert_true(mcu_decode_limits_allow(&l, 1280, 720, 15, 1200000));
    assert_false(mcu_decode_limits_allow(&l, 320, 180, 16, 64000));
}

static void test_smallest_level(void **state)
{
    (void)state;
    assert_int_equal(mcu_h264_level_for(1280, 720, 25, 1200000), 31);
    assert_int_equal(mcu_h264_level_for(640, 360, 25, 400000), 30);
    assert_int_equal(mcu_h264_level_for(480, 270, 15, 150000), 21);
    assert_int_equal(mcu_h264_level_for(320, 180, 10, 64000), 11);
    assert_int_equal(mcu_h264_level_for(1920, 1080, 25, 4000000), 40);
    assert_int_equal(mcu_h264_level_for(4096, 4096, 60, 4000000), 60);
    assert_int_equal(mcu_h264_level_for(16384, 16384, 60, 4000000), 62);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_limit_allows_everything),
        cmocka_unit_test(test_levels_allow_what_table_a1_says),
        cmocka_unit_test(test_pictures_a_second),
        cmocka_unit_test(test_smallest_level),
    };
    return cmocka_run_group_tests_name("base_decode_limits", tests, NULL, NULL);
}
