#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "h264_kit.h"
#include "mcu/base/h264_params.h"

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = strlen(hex) / 2;
    for (size_t i = 0; i < n; i++) {
        const char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return n;
}

/* As written by x264 0.164. */
static const struct {
    const char *name, *sps;
    unsigned profile, level, chroma, depth, width, height;
    bool progressive;
    mcu_h264_reason reason; /* at max_px 1280 */
} real[] = {
    {"baseline 720p", "6742c01fd9005005bb011000000300100000030320f1832480", 66, 31, 1, 8, 1280, 720, true, MCU_H264_FINE},
    {"main 320x180", "674d400ceca0a0cfcf80880000030008000003019078a14cb0", 77, 12, 1, 8, 320, 180, true, MCU_H264_FINE},
    {"high 640x360", "6764001eacd940a02ff97011000003000100000300320f162d96", 100, 30, 1, 8, 640, 360, true, MCU_H264_FINE},
    {"high 10", "676e001ea6cd940a02ff97011000000300100000030320f162d960", 110, 30, 1, 10, 640, 360, true, MCU_H264_PROFILE},
    {"high 4:4:4", "67f4001e919b281405ff1380880000030008000003019078b16cb0", 244, 30, 3, 8, 640, 360, true, MCU_H264_PROFILE},
    {"high 4:2:2", "677a001ebcd940a02ff89c0440000003004000000c83c58b6580", 122, 30, 2, 8, 640, 360, true, MCU_H264_PROFILE},
    {"monochrome", "6764000bf3650b13b016c80000030008000003019078a14cb0", 100, 11, 0, 8, 176, 144, true, MCU_H264_CHROMA},
    {"interlaced", "674d401eeca0503db011000003000100000300321f142996", 77, 30, 1, 8, 640, 480, false, MCU_H264_INTERLACED},
    {"4096x2160", "67640033acd940100010fb011000000300100000030320f1831960", 100, 51, 1, 8, 4096, 2160, true, MCU_H264_SIZE},
};

static void test_real_sps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++) {
        uint8_t nal[64];
        mcu_h264_sps s;
        size_t n = from_hex(real[i].sps, nal);
        assert_int_equal(mcu_h264_parse_sps(nal, n, &s), MCU_OK);
        if (s.profile_idc != real[i].profile || s.level_idc != real[i].level || s.chroma_format_idc != real[i].chroma ||
            s.bit_depth_luma != real[i].depth || s.width_px != real[i].width || s.height_px != real[i].height ||
            s.frame_mbs_only != real[i].progressive) {
            fail_msg("%s: %ux%u chroma %u depth %u", real[i].name, s.width_px, s.height_px, s.chroma_format_idc,
                     s.bit_depth_luma);
        }
        for (size_t cut = 0; cut < n; cut++) { /* every truncation is refused or gives a whole set without its VUI */
            mcu_h264_parse_sps(nal, cut, &s);
        }
    }
}

static mcu_au *with_params(const char *sps_hex)
{
    uint8_t bytes[512] = {0, 0, 0, 1};
    size_t at = 4 + from_hex(sps_hex, bytes + 4);
    at += kit_add_pps(bytes + at, 0, 0, 1);
    at += kit_add_slice(bytes + at, true, 0, 7, 0, 20, 1);
    return mcu_au_new_copy(bytes, at);
}

static void test_guard_on_real_sps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof real / sizeof real[0]; i++) {
        mcu_h264_info info = {0};
        mcu_au *au = with_params(real[i].sps);
        mcu_status s = mcu_h264_check(au, 1280, &info);
        if (info.reason != real[i].reason || (s == MCU_OK) != (real[i].reason == MCU_H264_FINE)) {
            fail_msg("%s: %s", real[i].name, mcu_h264_reason_name(info.reason));
        }
        assert_int_equal(info.keyframe, s == MCU_OK);
        assert_int_equal(info.has_params, s == MCU_OK);
        mcu_au_unref(au);
    }
}

static const kit_sps good = {.profile = 66, .chroma = 1, .depth = 8, .width_mbs = 40, .height_mbs = 23, .crop_bottom = 4};

static mcu_status check(mcu_h264_info *info, const uint8_t *bytes, size_t size)
{
    mcu_au *au = mcu_au_new_copy(bytes, size);
    mcu_status s = mcu_h264_check(au, 1280, info);
    mcu_au_unref(au);
    return s;
}

static size_t add_keyframe(uint8_t *out, const kit_sps *sps)
{
    size_t at = kit_add_sps(out, sps);
    at += kit_add_pps(out + at, 0, sps->id, 1);
    return at + kit_add_slice(out + at, true, 0, 7, 0, 30, 2);
}

static void test_stream(void **state)
{
    (void)state;
    uint8_t bytes[2048];
    mcu_h264_info info = {0};
    size_t n = kit_add_slice(bytes, false, 0, 5, 0, 30, 3);
    assert_int_equal(check(&info, bytes, n), MCU_EAGAIN); /* joins in the middle */
    assert_int_equal(info.reason, MCU_H264_NO_PARAMS);
    n = add_keyframe(bytes, &good);
    assert_int_equal(check(&info, bytes, n), MCU_OK);
    assert_true(info.keyframe && info.has_params && info.params_changed);
    assert_int_equal(info.sps.width_px, 640);
    assert_int_equal(info.sps.height_px, 360);
    n = kit_add_slice(bytes, false, 0, 5, 0, 30, 3);
    assert_int_equal(check(&info, bytes, n), MCU_OK);
    assert_false(info.keyframe || info.has_params || info.params_changed);
    n = kit_add_slice(bytes, true, 0, 7, 0, 30, 3); /* IDR with the sets that came before */
    assert_int_equal(check(&info, bytes, n), MCU_OK);
    assert_true(info.keyframe && !info.has_params);
    kit_sps smaller = good;
    smaller.width_mbs = 20;
    n = add_keyframe(bytes, &smaller);
    assert_int_equal(check(&info, bytes, n), MCU_OK);
    assert_true(info.params_changed);

    kit_sps huge = good; /* a refused set is forgotten, what was admitted stays */
    huge.width_mbs = 256;
    n = add_keyframe(bytes, &huge);
    assert_int_equal(check(&info, bytes, n), MCU_ENOSUP);
    assert_int_equal(info.reason, MCU_H264_SIZE);
    assert_false(info.keyframe);
    n = kit_add_slice(bytes, false, 0, 5, 0, 30, 3);
    assert_int_equal(check(&info, bytes, n), MCU_OK);
    assert_int_equal(info.sps.width_px, 320);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        kit_sps sps;
        unsigned slice_groups, first_mb, slice_type, pps_id;
        mcu_h264_reason reason;
    } rows[] = {
        {"fine", {66, 1, 8, 0, 80, 45, 0, false}, 1, 0, 7, 0, MCU_H264_FINE},
        {"portrait", {66, 1, 8, 0, 45, 80, 0, false}, 1, 0, 7, 0, MCU_H264_FINE},
        {"last macroblock", {66, 1, 8, 0, 80, 45, 0, false}, 1, 3599, 7, 0, MCU_H264_FINE},
        {"beyond it", {66, 1, 8, 0, 80, 45, 0, false}, 1, 3600, 7, 0, MCU_H264_LAYOUT},
        {"extended profile", {88, 1, 8, 0, 40, 23, 0, false}, 1, 0, 7, 0, MCU_H264_PROFILE},
        {"scalable", {83, 1, 8, 0, 40, 23, 0, false}, 1, 0, 7, 0, MCU_H264_PROFILE},
        {"9 bit", {100, 1, 9, 0, 40, 23, 0, false}, 1, 0, 7, 0, MCU_H264_CHROMA},
        {"4:4:4 in high", {100, 3, 8, 0, 40, 23, 0, false}, 1, 0, 7, 0, MCU_H264_CHROMA},
        {"interlaced", {77, 1, 8, 0, 40, 12, 0, true}, 1, 0, 7, 0, MCU_H264_INTERLACED},
        {"too wide", {66, 1, 8, 0, 81, 23, 0, false}, 1, 0, 7, 0, MCU_H264_SIZE},
        {"too high", {66, 1, 8, 0, 40, 81, 0, false}, 1, 0, 7, 0, MCU_H264_SIZE},
        {"cropped to 2 lines", {66, 1, 8, 0, 40, 1, 7, false}, 1, 0, 7, 0, MCU_H264_SIZE},
        {"cropped away", {66, 1, 8, 0, 40, 1, 8, false}, 1, 0, 7, 0, MCU_H264_MALFORMED},
        {"slice groups", {66, 1, 8, 0, 40, 23, 0, false}, 2, 0, 7, 0, MCU_H264_LAYOUT},
        {"SP slice", {66, 1, 8, 0, 40, 23, 0, false}, 1, 0, 3, 0, MCU_H264_PROFILE},
        {"slice type 10", {66, 1, 8, 0, 40, 23, 0, false}, 1, 0, 10, 0, MCU_H264_MALFORMED},
        {"unknown pps", {66, 1, 8, 0, 40, 23, 0, false}, 1, 0, 7, 9, MCU_H264_NO_PARAMS},
        {"pps id 300", {66, 1, 8, 0, 40, 23, 0, false}, 1, 0, 7, 300, MCU_H264_MALFORMED},
        {"wider than any level", {66, 1, 8, 0, 1056, 23, 0, false}, 1, 0, 7, 0, MCU_H264_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[512];
        mcu_h264_info info = {0};
        size_t n = kit_add_sps(bytes, &rows[i].sps);
        n += kit_add_pps(bytes + n, 0, 0, rows[i].slice_groups);
        n += kit_add_slice(bytes + n, true, rows[i].first_mb, rows[i].slice_type, rows[i].pps_id, 30, 2);
        check(&info, bytes, n);
        if (info.reason != rows[i].reason) {
            fail_msg("%s: %s", rows[i].name, mcu_h264_reason_name(info.reason));
        }
    }
}

static void test_unit_order_and_count(void **state)
{
    (void)state;
    uint8_t bytes[8192];
    mcu_h264_info info = {0};
    size_t keyframe = add_keyframe(bytes, &good);
    size_t n = keyframe;
    for (unsigned i = 1; i < MCU_H264_MAX_SLICES; i++) {
        n += kit_add_slice(bytes + n, true, i, 7, 0, 10, i);
    }
    assert_int_equal(check(&info, bytes, n), MCU_OK);
    assert_int_equal(info.slices, 64);
    n += kit_add_slice(bytes + n, true, 64, 7, 0, 10, 1);
    assert_int_equal(check(&info, bytes, n), MCU_ENOSUP);
    assert_int_equal(info.reason, MCU_H264_SLICES);

    n = keyframe + kit_add_slice(bytes + keyframe, false, 1, 5, 0, 10, 1); /* IDR and non-IDR in one picture */
    check(&info, bytes, n);
    assert_int_equal(info.reason, MCU_H264_LAYOUT);
    n = keyframe + kit_add_sps(bytes + keyframe, &good); /* parameter set behind a slice */
    check(&info, bytes, n);
    assert_int_equal(info.reason, MCU_H264_LAYOUT);
    static const unsigned refused[] = {2, 3, 4, 13, 14, 15, 19, 20, 21, 24, 28, 31, 0};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        n = keyframe + kit_add_nal(bytes + keyframe, refused[i], (const uint8_t *)"abc", 3);
        assert_int_equal(check(&info, bytes, n), MCU_ENOSUP);
        assert_int_equal(info.reason, MCU_H264_NAL_TYPE);
    }
    n = kit_add_nal(bytes, 0x09, (const uint8_t *)"\xf0", 1);
    assert_int_equal(check(&info, bytes, n), MCU_EINVAL);
    assert_int_equal(info.reason, MCU_H264_NO_SLICE);
    assert_int_equal(check(&info, bytes, 0), MCU_EINVAL);
    assert_int_equal(info.reason, MCU_H264_MALFORMED);
}

static void test_nal_iterator(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {9, 9, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 0, 1, 0, 0, 1, 0x65, 0, 0, 2, 0, 0};
    static const uint8_t first[] = {0x67, 0x68, 0x65};
    static const size_t sizes[] = {2, 2, 4};
    mcu_nal_iter it;
    const uint8_t *nal;
    size_t size;
    mcu_nal_begin(&it, bytes, sizeof bytes);
    for (unsigned i = 0; i < 3; i++) { /* the empty unit between is skipped, trailing zeros are cut */
        assert_true(mcu_nal_next(&it, &nal, &size));
        assert_int_equal(nal[0], first[i]);
        assert_int_equal(size, sizes[i]);
    }
    assert_false(mcu_nal_next(&it, &nal, &size));
    for (size_t n = 0; n <= 4; n++) {
        mcu_nal_begin(&it, (const uint8_t *)"\0\0\0\1", n);
        assert_false(mcu_nal_next(&it, &nal, &size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_sps), cmocka_unit_test(test_guard_on_real_sps),    cmocka_unit_test(test_stream),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_unit_order_and_count), cmocka_unit_test(test_nal_iterator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
