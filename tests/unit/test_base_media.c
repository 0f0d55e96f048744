/* test_base_media.c - coded pictures, raw frames, names of codecs and errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/latest.h"
#include "mcu/base/media.h"
#include "mcu/base/status.h"

static void au_is_padded_and_counted(void **state)
{
    (void)state;
    mcu_au *au = mcu_au_new_copy("abc", 3);
    assert_non_null(au);
    assert_int_equal(au->size, 3);
    assert_memory_equal(au->data, "abc", 3);
    for (int i = 0; i < MCU_AU_PADDING; i++) {
        assert_int_equal(au->data[3 + i], 0);
    }
    assert_int_equal(au->codec, MCU_CODEC_NONE);
    assert_ptr_equal(mcu_au_ref(au), au);
    mcu_au_unref(au);
    assert_int_equal(au->size, 3);
    mcu_au_unref(au);
    mcu_au_unref(NULL);
}

static void au_has_a_limit(void **state)
{
    (void)state;
    assert_null(mcu_au_new(MCU_AU_MAX + 1));
    assert_null(mcu_au_new(SIZE_MAX));
    mcu_au *au = mcu_au_new_copy(NULL, 0);
    assert_non_null(au);
    mcu_au_unref(au);
}

static void frame_sizes_that_are_refused(void **state)
{
    (void)state;
    static const int bad[][2] = {{0, 2}, {2, 0}, {-2, 2}, {3, 2}, {2, 3}, {4098, 2}, {2, 4098}, {1, 1}, {INT32_MIN, 2}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(mcu_frame_new(bad[i][0], bad[i][1]));
    }
}

static void frame_planes_are_aligned_and_apart(void **state)
{
    (void)state;
    static const int size[][2] = {{2, 2}, {64, 2}, {66, 34}, {640, 360}, {1280, 720}, {4096, 4096}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        mcu_frame *f = mcu_frame_new(size[i][0], size[i][1]);
        assert_non_null(f);
        for (int p = 0; p < 3; p++) {
            int width = p ? size[i][0] / 2 : size[i][0];
            int height = p ? size[i][1] / 2 : size[i][1];
            assert_int_equal((uintptr_t)f->plane[p] % 64, 0);
            assert_int_equal(f->stride[p] % 64, 0);
            assert_true(f->stride[p] >= width);
            for (int x = width; x < f->stride[p]; x++) {
                assert_int_equal(f->plane[p][(size_t)(height - 1) * (size_t)f->stride[p] + (size_t)x], 0);
            }
            memset(f->plane[p], 0x11 * (p + 1), (size_t)f->stride[p] * (size_t)height);
        }
        assert_int_equal(f->plane[0][0], 0x11);
        assert_int_equal(f->plane[1][0], 0x22);
        mcu_frame_unref(f);
    }
}

static int released;

static void on_release(mcu_frame *f, void *owner)
{
    assert_ptr_equal(owner, &released);
    released++;
    free(f);
}

static void frame_goes_back_to_its_owner(void **state)
{
    (void)state;
    mcu_frame *f = mcu_frame_new(16, 16);
    f->release = on_release;
    f->owner = &released;
    mcu_frame_ref(f);
    mcu_frame_unref(f);
    assert_int_equal(released, 0);
    mcu_frame_unref(f);
    assert_int_equal(released, 1);
    mcu_frame_unref(NULL);
}

static void latest_keeps_the_newest(void **state)
{
    (void)state;
    mcu_latest slot = {0};
    int a, b;
    assert_null(mcu_latest_take(&slot));
    assert_null(mcu_latest_put(&slot, &a));
    assert_ptr_equal(mcu_latest_put(&slot, &b), &a);
    assert_ptr_equal(mcu_latest_take(&slot), &b);
    assert_null(mcu_latest_take(&slot));
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(mcu_codec_name(MCU_CODEC_H264), "H264");
    assert_string_equal(mcu_codec_name(MCU_CODEC_OPUS), "opus");
    assert_true(mcu_codec_is_video(MCU_CODEC_VP8));
    assert_false(mcu_codec_is_video(MCU_CODEC_G722));
    assert_string_equal(mcu_status_name(MCU_EFULL), "full");
    assert_string_equal(mcu_error_name(MCU_ERROR_NOT_FOUND), "not_found");
    assert_string_equal(mcu_error_name(12345), "internal");
    assert_true(MCU_ERROR != 0);
}

static void clock_and_randomness(void **state)
{
    (void)state;
    int64_t a = mcu_now_ns();
    mcu_sleep_until_ns(a - 1);
    mcu_sleep_until_ns(a + 1000000);
    assert_true(mcu_now_ns() >= a + 1000000);
    assert_true(mcu_wall_ns() > INT64_C(1600000000) * MCU_NS_PER_SEC);
    uint8_t zero[1000] = {0}, some[1000] = {0};
    mcu_random(some, sizeof some);
    assert_memory_not_equal(some, zero, sizeof some);
    assert_true((mcu_random32() ^ mcu_random32()) | (mcu_random32() ^ mcu_random32()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(au_is_padded_and_counted),
        cmocka_unit_test(au_has_a_limit),
        cmocka_unit_test(frame_sizes_that_are_refused),
        cmocka_unit_test(frame_planes_are_aligned_and_apart),
        cmocka_unit_test(frame_goes_back_to_its_owner),
        cmocka_unit_test(latest_keeps_the_newest),
        cmocka_unit_test(names),
        cmocka_unit_test(clock_and_randomness),
    };
    mallopt(M_PERTURB, 0x55); /* fresh memory is not zero: what should be cleared has to be */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
