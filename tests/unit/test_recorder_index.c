/* Where a player is led in a film of twelve hours: each fragment, by the bytes and at the time it has, as in one of a minute. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/base/bytes.h"
#include "recorder/fmp4.h"

#define MS INT64_C(1000000)
#define GOP 10 /* fragments from keyframe to keyframe */

static rec_index_entry fragment(unsigned i)
{
    return (rec_index_entry){.bytes = 50000 + i * 7919 % 30000, .length_ns = (390 + i % 30) * MS + 333333};
}

/* What a film of `n` fragments has: all, and those that begin with keyframes. */
static void make(unsigned n, GArray *keys, GArray *all)
{
    for (unsigned i = 0; i < n; i++) {
        rec_index_entry e = fragment(i);
        g_array_append_val(all, e);
        if (i % GOP == 0) {
            g_array_append_val(keys, e);
        } else {
            rec_index_entry *key = &g_array_index(keys, rec_index_entry, keys->len - 1);
            key->bytes += e.bytes;
            key->length_ns += e.length_ns;
        }
    }
}

/* Goes through the boxes of one track as a player does; returns how many there are. */
static unsigned follow(const GByteArray *head, uint32_t track, const GArray *expected)
{
    uint32_t scale = track == REC_TRACK_VIDEO ? REC_VIDEO_SCALE : REC_AUDIO_SCALE;
    unsigned boxes = 0, seen = 0;
    uint64_t at = head->len;
    int64_t at_ns = 0;
    for (const uint8_t *box = head->data; box < head->data + head->len; box += mcu_rd32(box)) {
        assert_memory_equal(box + 4, "sidx", 4);
        if (mcu_rd32(box + 12) != track) {
            continue;
        }
        uint64_t place = (uint64_t)(box - head->data) + mcu_rd32(box) + mcu_rd64(box + 28), time = mcu_rd64(box + 20);
        assert_int_equal(mcu_rd32(box + 16), scale);
        for (unsigned i = 0; i < mcu_rd16(box + 38); i++, seen++) {
            const rec_index_entry *e = &g_array_index(expected, rec_index_entry, seen);
            const uint8_t *row = box + 40 + (ptrdiff_t)i * 12;
            assert_int_equal(place, at);
            assert_in_range(time + 1, at_ns / 1000 * scale / 1000000, at_ns / 1000 * scale / 1000000 + 2);
            assert_int_equal(mcu_rd32(row), e->bytes);
            place += mcu_rd32(row);
            time += mcu_rd32(row + 4);
            at += e->bytes;
            at_ns += e->length_ns;
        }
        boxes++;
    }
    assert_int_equal(seen, expected->len);
    return boxes;
}

static void check(unsigned fragments, unsigned boxes_of_keys, unsigned boxes_of_all)
{
    g_autoptr(GArray) keys = g_array_new(FALSE, FALSE, sizeof(rec_index_entry));
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(rec_index_entry));
    g_autoptr(GByteArray) head = g_byte_array_new();
    make(fragments, keys, all);
    rec_fmp4_index(head, (const rec_index_entry *)(const void *)keys->data, keys->len,
                   (const rec_index_entry *)(const void *)all->data, all->len);
    assert_int_equal(follow(head, REC_TRACK_VIDEO, keys), boxes_of_keys);
    assert_int_equal(follow(head, REC_TRACK_AUDIO, all), boxes_of_all);
}

static void test_lengths(void **state)
{
    (void)state;
    check(1, 1, 1);
    check(150, 1, 1);
    check(65535, 1, 1);
    check(65536, 1, 2);
    check(12 * 3600 * 1000 / 400, 1, 2);
    check(100 * 3600 * 1000 / 400, 2, 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lengths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
