#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "h264_kit.h"
#include "mcu/net/h264_rtp.h"
#include "mcu/net/vp8_rtp.h"

#define MAX_PACKETS 4000

typedef struct {
    size_t max;
    unsigned n, markers;
    size_t sizes[MAX_PACKETS];
    uint8_t bytes[MAX_PACKETS][256];
    uint8_t *joined;
    size_t joined_size;
    mcu_h264_depack counted, written;
} sink;

static void keep(void *user, const mcu_payload *p, bool last)
{
    sink *s = user;
    uint8_t payload[MCU_RTP_MAX];
    size_t size = mcu_payload_size(p);
    assert_true(size > 0 && size <= s->max);
    assert_int_equal(s->markers, 0); /* nothing behind the marker */
    s->markers += last;
    s->sizes[s->n] = mcu_payload_write(p, payload);
    memcpy(s->bytes[s->n], payload, size < 256 ? size : 256);
    s->n++;
}

static void depack(void *user, const mcu_payload *p, bool last)
{
    sink *s = user;
    uint8_t payload[MCU_RTP_MAX];
    size_t size = mcu_payload_write(p, payload);
    keep(user, p, last);
    assert_int_equal(mcu_h264_depack_push(&s->counted, payload, size), MCU_OK);
    assert_int_equal(mcu_h264_depack_push(&s->written, payload, size), MCU_OK);
}

static const kit_sps format = {.profile = 66, .chroma = 1, .depth = 8, .width_mbs = 40, .height_mbs = 23};

static void test_h264_round_trip(void **state)
{
    (void)state;
    static const size_t maxima[] = {64, 100, 1160, 1500};
    static const size_t slices[] = {1, 50, 61, 62, 63, 64, 96, 97, 98, 99, 100, 500, 1150, 1156, 1157, 1160, 5000, 100000};
    uint8_t *au = malloc(300000), *out = malloc(300000);
    sink *s = malloc(sizeof *s);
    for (size_t m = 0; m < 4; m++) {
        for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++) {
            size_t n = kit_add_sps(au, &format);
            n += kit_add_pps(au + n, 0, 0, 1);
            n += kit_add_nal(au + n, 0x06, (const uint8_t *)"sei", 3);
            n += kit_add_slice(au + n, true, 0, 7, 0, slices[i], 1);
            n += kit_add_slice(au + n, true, 9, 7, 0, slices[i], 2);
            memset(s, 0, sizeof *s);
            s->max = maxima[m];
            s->written = (mcu_h264_depack){.out = out, .room = 300000};
            assert_int_equal(mcu_h264_pack(au, n, maxima[m], depack, s), MCU_OK);
            assert_int_equal(s->markers, 1);
            assert_int_equal(s->bytes[0][0] & 0x1f, 24); /* the parameter sets share a packet */
            assert_true(mcu_h264_depack_done(&s->written));
            assert_int_equal(s->counted.size, n);
            assert_int_equal(s->written.size, n);
            assert_memory_equal(out, au, n);
            s->written = (mcu_h264_depack){.out = out, .room = n - 1};
        }
    }
    free(s);
    free(out);
    free(au);
}

static void test_h264_leaves_out(void **state)
{
    (void)state;
    uint8_t au[512];
    sink *s = calloc(1, sizeof *s);
    s->max = 1160;
    size_t n = kit_add_nal(au, 0x09, (const uint8_t *)"\xf0", 1);
    n += kit_add_slice(au + n, false, 0, 5, 0, 30, 1);
    n += kit_add_nal(au + n, 0x0c, (const uint8_t *)"\xff\xff\x80", 3);
    assert_int_equal(mcu_h264_pack(au, n, 1160, keep, s), MCU_OK);
    assert_int_equal(s->n, 1);
    assert_int_equal(s->bytes[0][0], 0x41);
    assert_int_equal(mcu_h264_pack(au, 6, 1160, keep, s), MCU_EINVAL);
    assert_int_equal(mcu_h264_pack((const uint8_t *)"no start code", 13, 1160, keep, s), MCU_EINVAL);
    free(s);
}

static void test_h264_hostile_payloads(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t bytes[16];
        size_t size;
        mcu_status status;
    } rows[] = {
        {"empty", {0}, 0, MCU_EINVAL},
        {"type 0", {0x60, 1}, 2, MCU_EINVAL},
        {"forbidden bit", {0xe5, 1}, 2, MCU_EINVAL},
        {"type 30", {0x7e, 1}, 2, MCU_EINVAL},
        {"STAP-B", {0x79, 0, 1, 0, 1, 0x65}, 6, MCU_ENOSUP},
        {"MTAP16", {0x7a, 0, 0, 0, 1, 0x65}, 6, MCU_ENOSUP},
        {"MTAP24", {0x7b, 0, 0, 0, 1, 0x65}, 6, MCU_ENOSUP},
        {"FU-B", {0x7d, 0x85, 0, 0, 1}, 5, MCU_ENOSUP},
        {"empty STAP-A", {0x78}, 1, MCU_EINVAL},
        {"STAP-A with half a length", {0x78, 0}, 2, MCU_EINVAL},
        {"STAP-A unit of 0", {0x78, 0, 0, 0, 1, 0x65}, 6, MCU_EINVAL},
        {"STAP-A unit past the end", {0x78, 0, 3, 0x65, 1}, 5, MCU_EINVAL},
        {"STAP-A crumbs", {0x78, 0, 1, 0x65, 7}, 5, MCU_EINVAL},
        {"STAP-A in STAP-A", {0x78, 0, 2, 0x78, 0}, 5, MCU_EINVAL},
        {"STAP-A", {0x78, 0, 1, 0x67, 0, 2, 0x68, 1}, 8, MCU_OK},
        {"FU-A without body", {0x7c, 0x85}, 2, MCU_EINVAL},
        {"FU-A without start", {0x7c, 0x05, 1}, 3, MCU_EINVAL},
        {"FU-A of FU-A", {0x7c, 0x9c, 1}, 3, MCU_EINVAL},
        {"FU-A of nothing", {0x7c, 0x80, 1}, 3, MCU_EINVAL},
        {"FU-A start", {0x7c, 0x85, 1}, 3, MCU_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcu_h264_depack d = {0};
        mcu_status s = mcu_h264_depack_push(&d, rows[i].bytes, rows[i].size);
        if (s != rows[i].status) {
            fail_msg("%s: %d", rows[i].name, (int)s);
        }
        mcu_h264_payload_flags(rows[i].bytes, rows[i].size);
    }
    static const uint8_t start[] = {0x7c, 0x85, 1}, other[] = {0x7c, 0x41, 1}, single[] = {0x41, 1};
    mcu_h264_depack d = {0};
    assert_int_equal(mcu_h264_depack_push(&d, start, 3), MCU_OK);
    assert_false(mcu_h264_depack_done(&d));
    mcu_h264_depack copy = d;
    assert_int_equal(mcu_h264_depack_push(&copy, start, 3), MCU_EINVAL); /* a second start */
    copy = d;
    assert_int_equal(mcu_h264_depack_push(&copy, other, 3), MCU_EINVAL); /* another unit's end */
    copy = d;
    assert_int_equal(mcu_h264_depack_push(&copy, single, 2), MCU_EINVAL); /* a unit inside a unit */
    uint8_t small[6];
    d = (mcu_h264_depack){.out = small, .room = 5};
    assert_int_equal(mcu_h264_depack_push(&d, single, 2), MCU_EFULL);
}

static void test_h264_flags(void **state)
{
    (void)state;
    static const uint8_t stap[] = {0x78, 0, 1, 0x67, 0, 1, 0x68, 0, 1, 0x65}, fu[] = {0x7c, 0x05, 1};
    assert_int_equal(mcu_h264_payload_flags(stap, sizeof stap),
                     MCU_H264_HAS_SPS | MCU_H264_HAS_PPS | MCU_H264_HAS_SLICE | MCU_H264_HAS_IDR);
    assert_int_equal(mcu_h264_payload_flags(fu, sizeof fu), MCU_H264_HAS_SLICE | MCU_H264_HAS_IDR);
    assert_int_equal(mcu_h264_payload_flags((const uint8_t *)"\x41", 1), MCU_H264_HAS_SLICE);
    assert_int_equal(mcu_h264_payload_flags((const uint8_t *)"\x7c", 1), 0);
}

/* ---- VP8 ---- */

static void join(void *user, const mcu_payload *packed, bool last)
{
    sink *s = user;
    mcu_vp8_payload p;
    uint8_t payload[MCU_RTP_MAX];
    size_t size = mcu_payload_write(packed, payload);
    assert_int_equal(mcu_vp8_parse(payload, size, &p), MCU_OK);
    assert_int_equal(p.start && p.pid == 0, s->n == 0);
    assert_int_equal(p.picture_id, -1);
    keep(user, packed, last);
    memcpy(s->joined + s->joined_size, p.data, p.size);
    s->joined_size += p.size;
}

static void test_vp8_round_trip(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 62, 63, 64, 65, 126, 127, 1159, 1160, 1161, 50000};
    uint8_t *frame = malloc(50000);
    sink *s = malloc(sizeof *s);
    for (size_t i = 0; i < 50000; i++) {
        frame[i] = (uint8_t)(i * 7);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t max = 64; max <= 1160; max += 1096) {
            memset(s, 0, sizeof *s);
            s->max = max;
            s->joined = malloc(50000);
            assert_int_equal(mcu_vp8_pack(frame, sizes[i], max, join, s), MCU_OK);
            assert_int_equal(s->joined_size, sizes[i]);
            assert_memory_equal(s->joined, frame, sizes[i]);
            assert_int_equal(s->markers, 1);
            free(s->joined);
        }
    }
    assert_int_equal(mcu_vp8_pack(frame, 0, 1160, join, s), MCU_EINVAL);
    free(s);
    free(frame);
}

static void test_vp8_descriptors(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[8];
        size_t size;
        mcu_status status;
        int picture_id, tl0, tid, keyidx;
        size_t payload;
    } rows[] = {
        {{0}, 0, MCU_EINVAL, 0, 0, 0, 0, 0},
        {{0x10}, 1, MCU_EINVAL, 0, 0, 0, 0, 0},
        {{0x10, 1}, 2, MCU_OK, -1, -1, -1, -1, 1},
        {{0x90, 0x80, 0x7f, 1}, 4, MCU_OK, 0x7f, -1, -1, -1, 1},
        {{0x90, 0x80, 0xff, 0xfe, 1}, 5, MCU_OK, 0x7ffe, -1, -1, -1, 1},
        {{0x90, 0xf0, 0x80, 0x01, 200, 0xe5, 1, 2}, 8, MCU_OK, 1, 200, 3, 5, 2},
        {{0x90, 0x20, 0x60, 1}, 4, MCU_OK, -1, -1, 1, -1, 1},
        {{0x90, 0x10, 0x1f, 1}, 4, MCU_OK, -1, -1, -1, 31, 1},
        {{0x90}, 1, MCU_EINVAL, 0, 0, 0, 0, 0},
        {{0x90, 0x80}, 2, MCU_EINVAL, 0, 0, 0, 0, 0},
        {{0x90, 0x80, 0x80}, 3, MCU_EINVAL, 0, 0, 0, 0, 0},
        {{0x90, 0x80, 0x80, 1}, 4, MCU_EINVAL, 0, 0, 0, 0, 0},
        {{0x90, 0x40}, 2, MCU_EINVAL, 0, 0, 0, 0, 0},
        {{0x90, 0x20, 0x00}, 3, MCU_EINVAL, 0, 0, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcu_vp8_payload p;
        mcu_status s = mcu_vp8_parse(rows[i].bytes, rows[i].size, &p);
        if (s != rows[i].status ||
            (s == MCU_OK && (p.picture_id != rows[i].picture_id || p.tl0picidx != rows[i].tl0 || p.tid != rows[i].tid ||
                             p.keyidx != rows[i].keyidx || p.size != rows[i].payload))) {
            fail_msg("row %zu", i);
        }
    }
}

static void test_vp8_keyframe(void **state)
{
    (void)state;
    uint8_t key[10] = {0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x42, 0x68, 0x81}; /* scaling bits set */
    uint16_t w, h;
    assert_true(mcu_vp8_keyframe(key, sizeof key, &w, &h));
    assert_int_equal(w, 640);
    assert_int_equal(h, 360);
    assert_false(mcu_vp8_keyframe(key, 9, &w, &h));
    key[0] |= 1;
    assert_false(mcu_vp8_keyframe(key, sizeof key, &w, &h));
    key[0] = 0x10;
    key[4] = 0;
    assert_false(mcu_vp8_keyframe(key, sizeof key, &w, &h));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_h264_round_trip),       cmocka_unit_test(test_h264_leaves_out),
        cmocka_unit_test(test_h264_hostile_payloads), cmocka_unit_test(test_h264_flags),
        cmocka_unit_test(test_vp8_round_trip),        cmocka_unit_test(test_vp8_descriptors),
        cmocka_unit_test(test_vp8_keyframe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
