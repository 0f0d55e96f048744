/* test_mix_scale.c - the two-thirds kernel, exact and any scales, conversions of colour, the frame pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/colour.h"
#include "mixer/overlay.h"
#include "mixer/pool.h"
#include "mixer/scale.h"
#include "mixer/scale23.h"
#include "video_kit.h"

static void test_two_thirds_is_exact(void **state)
{
    (void)state;
    static const int sizes[][2] = {{2, 2},  {10, 4},    {16, 2},    {30, 6},    {34, 2},    {62, 4},
                                   {64, 2}, {208, 116}, {212, 120}, {424, 240}, {420, 232}, {426, 240}};
    for (unsigned k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        int w = sizes[k][0], h = sizes[k][1], sw = w / 2 * 3, sh = h / 2 * 3;
        uint8_t *src = malloc((size_t)sw * (size_t)sh + 16), *a = calloc(1, (size_t)w * (size_t)h),
                *b = calloc(1, (size_t)w * (size_t)h);
        srand(k + 1);
        for (int i = 0; i < sw * sh; i++) {
            src[i] = (uint8_t)rand();
        }
        mix_scale23(src, sw, a, w, w, h);
        mix_scale23_plain(src, sw, b, w, w, h);
        assert_memory_equal(a, b, (size_t)w * (size_t)h);
        free(src);
        free(a);
        free(b);
    }
}

static void test_two_thirds_is_the_area(void **state)
{
    (void)state;
    const uint8_t src[9] = {0, 90, 180, 30, 120, 210, 60, 150, 240}; /* a ramp stays a ramp */
    uint8_t dst[4];
    mix_scale23(src, 3, dst, 2, 2, 2);
    assert_in_range(dst[0], 38, 42);
    assert_in_range(dst[1], 158, 162);
    assert_in_range(dst[2], 78, 82);
    assert_in_range(dst[3], 198, 202);
}

/* Left half dark, right half bright: every ratio puts the edge into the middle and touches nothing around its rectangle. */
static void check_ratio(mix_ratio r, int w, int h, int cw, int ch)
{
    mcu_frame *src = mcu_frame_new(640, 360), *dst = mcu_frame_new(700, 400);
    mix_scaler scaler = {0};
    mix_draw_fill(src, 0, 0, 320, 360, (mix_colour){40, 90, 160});
    mix_draw_fill(src, 320, 0, 320, 360, (mix_colour){200, 160, 90});
    mix_draw_fill(dst, 0, 0, 700, 400, (mix_colour){7, 7, 7});
    assert_true(mix_scale(&scaler, src, &(mix_cut){cw, ch, r, 0}, dst, 10, 20, w, h));
    int half = w / 2 & ~1;
    assert_in_range(kit_mean_luma(dst, 10, 20, half - 4, h), 39, 41);
    assert_in_range(kit_mean_luma(dst, 10 + half + 4, 20, w - half - 4, h), 199, 201);
    assert_in_range(dst->plane[1][10 * dst->stride[1] + 5], 89, 91);
    assert_in_range(dst->plane[2][10 * dst->stride[2] + 5 + w / 2 - 1], 89, 91);
    mix_draw_fill(dst, 10, 20, w, h, (mix_colour){7, 7, 7});
    for (int y = 0; y < 400; y++) {
        for (int x = 0; x < 700; x++) {
            assert_int_equal(dst->plane[0][y * dst->stride[0] + x], 7);
        }
    }
    mix_scaler_clear(&scaler);
    mcu_frame_unref(src);
    mcu_frame_unref(dst);
}

static void test_ratios(void **state)
{
    (void)state;
    check_ratio((mix_ratio){1, 1}, 634, 354, 634, 354);
    check_ratio((mix_ratio){3, 4}, 480, 270, 640, 360);
    check_ratio((mix_ratio){2, 3}, 420, 232, 630, 348);
    check_ratio((mix_ratio){1, 2}, 314, 174, 628, 348);
    check_ratio((mix_ratio){3, 8}, 234, 132, 624, 352);
    check_ratio((mix_ratio){1, 3}, 208, 116, 624, 348);
    check_ratio((mix_ratio){1, 4}, 158, 88, 632, 352);
    check_ratio((mix_ratio){1, 6}, 102, 56, 612, 336);
    check_ratio((mix_ratio){1, 8}, 78, 42, 624, 336);
    check_ratio((mix_ratio){3, 16}, 120, 66, 640, 352);
    check_ratio((mix_ratio){0, 1}, 118, 64, 638, 346);
    check_ratio((mix_ratio){0, 1}, 260, 140, 638, 344);
    check_ratio((mix_ratio){0, 1}, 690, 380, 640, 352);
}

/* More is scaled than shown: the middle is the same picture and nothing around the rectangle is touched. */
static void test_middle(void **state)
{
    (void)state;
    mcu_frame *src = kit_person(640, 360, 3, 1), *whole = mcu_frame_new(120, 66), *dst = mcu_frame_new(200, 100);
    const mix_cut cut = {640, 352, {3, 16}, 0};
    mix_scaler scaler = {0};
    assert_true(mix_scale(&scaler, src, &cut, whole, 0, 0, 120, 66));
    mix_draw_fill(dst, 0, 0, 200, 100, (mix_colour){7, 7, 7});
    assert_true(mix_scale_middle(&scaler, src, &cut, 120, 66, dst, 10, 20, 114, 62));
    for (int y = 0; y < 100; y++) {
        for (int x = 0; x < 200; x++) {
            bool inside = x >= 10 && x < 124 && y >= 20 && y < 82;
            int was = inside ? whole->plane[0][(y - 20 + 2) * whole->stride[0] + x - 10 + 2] : 7;
            assert_int_equal(dst->plane[0][y * dst->stride[0] + x], was);
        }
    }
    mix_scaler_clear(&scaler);
    mcu_frame_unref(src);
    mcu_frame_unref(whole);
    mcu_frame_unref(dst);
}

static void test_colour_comes_to_one_rule(void **state)
{
    (void)state;
    static const struct {
        mix_colour_space space;
        mix_colour in, out;
    } rows[] = {
        {MIX_COLOUR_601_FULL, {0, 128, 128}, {16, 128, 128}},
        {MIX_COLOUR_601_FULL, {255, 128, 128}, {235, 128, 128}},
        {MIX_COLOUR_709_LIMITED, {63, 102, 240}, {82, 90, 240}}, /* pure red */
    };
    for (unsigned k = 0; k < 3; k++) {
        mcu_frame *f = mcu_frame_new(32, 32);
        mix_draw_fill(f, 0, 0, 32, 32, rows[k].in);
        mcu_frame *g = mix_colour_convert(f, rows[k].space);
        assert_true(abs(g->plane[0][0] - rows[k].out.y) <= 2);
        assert_true(abs(g->plane[1][0] - rows[k].out.u) <= 3);
        assert_true(abs(g->plane[2][0] - rows[k].out.v) <= 3);
        mcu_frame_unref(f);
        mcu_frame_unref(g);
    }
}

static void test_pool_is_bounded_and_outlived(void **state)
{
    (void)state;
    mix_pool *p = mix_pool_new(64, 36, 2);
    mcu_frame *a = mix_pool_get(p), *b = mix_pool_get(p);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(mix_pool_get(p));
    uint8_t *memory = a->plane[0];
    mcu_frame_ref(a);
    mcu_frame_unref(a);
    assert_null(mix_pool_get(p));
    mcu_frame_unref(a);
    a = mix_pool_get(p);
    assert_ptr_equal(a->plane[0], memory);
    mix_pool_unref(p); /* frames are still out */
    mcu_frame_unref(a);
    b->plane[0][0] = 1;
    mcu_frame_unref(b);
    assert_null(mix_pool_new(63, 36, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_thirds_is_exact),
        cmocka_unit_test(test_two_thirds_is_the_area),
        cmocka_unit_test(test_ratios),
        cmocka_unit_test(test_middle),
        cmocka_unit_test(test_colour_comes_to_one_rule),
        cmocka_unit_test(test_pool_is_bounded_and_outlived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
