/* Redundant audio: what is repeated, how far back, how much; what strangers write. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mcu/net/red.h"

enum { PT = 111, STEP = 960 };

typedef struct {
    unsigned n;
    mcu_red_block blocks[MCU_RED_BLOCKS];
    uint8_t bytes[MCU_RED_PAYLOAD];
} packet;

/* Packet number `i`, of `size` bytes that all say `i`. n = 0: it went plain. */
static packet send(mcu_red_sender *s, unsigned i, size_t size)
{
    static uint8_t data[MCU_RED_PAYLOAD];
    packet p = {0};
    memset(data, (int)i, sizeof data);
    size_t packed = mcu_red_pack(s, PT, i * STEP, data, size, p.bytes);
    if (packed > 0) {
        assert_int_equal(mcu_red_parse(p.bytes, packed, p.blocks, &p.n), MCU_OK);
        for (unsigned k = 0; k < p.n; k++) {
            assert_int_equal(p.blocks[k].pt, PT);
        }
    }
    return p;
}

static void test_copies_at_their_distances(void **state)
{
    (void)state;
    static const struct {
        unsigned copies, stride;
        unsigned back[MCU_RED_COPIES]; /* in packets, oldest first */
    } rows[] = {{1, 1, {1}},        {2, 1, {2, 1}},    {3, 1, {3, 2, 1}}, {2, 3, {6, 3}},
                {3, 4, {12, 8, 4}}, {9, 1, {3, 2, 1}}, {1, 99, {4}}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        mcu_red_sender s = {0};
        mcu_red_set(&s, rows[r].copies, rows[r].stride);
        for (unsigned i = 0; i < 40; i++) {
            packet p = send(&s, i, 80 + i);
            if (i < MCU_RED_KEPT) {
                continue;
            }
            unsigned copies = rows[r].copies < MCU_RED_COPIES ? rows[r].copies : MCU_RED_COPIES;
            assert_int_equal(p.n, copies + 1);
            for (unsigned k = 0; k < copies; k++) {
                unsigned of = i - rows[r].back[k];
                assert_int_equal(p.blocks[k].back, rows[r].back[k] * STEP);
                assert_int_equal(p.blocks[k].size, 80 + of);
                assert_int_equal(p.blocks[k].data[0], of);
                assert_int_equal(p.blocks[k].data[79 + of], of);
            }
            assert_int_equal(p.blocks[copies].back, 0);
            assert_int_equal(p.blocks[copies].size, 80 + i);
            assert_int_equal(p.blocks[copies].data[0], i);
        }
    }
}

static void test_without_copies_packets_are_plain(void **state)
{
    (void)state;
    mcu_red_sender s = {0};
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(send(&s, i, 80).n, 0);
    }
    mcu_red_set(&s, 1, 1);
    assert_int_equal(send(&s, 5, 80).n, 2); /* what went plain is repeated too */
    mcu_red_set(&s, 0, 1);
    assert_int_equal(send(&s, 6, 80).n, 0);
}

static void test_what_cannot_be_repeated_is_left_out(void **state)
{
    (void)state;
    mcu_red_sender s = {0};
    mcu_red_set(&s, 2, 1);
    (void)send(&s, 0, 80);
    (void)send(&s, 1, 1); /* silence */
    packet p = send(&s, 2, 80);
    assert_int_equal(p.n, 2);
    assert_int_equal(p.blocks[0].back, 2 * STEP);
    assert_int_equal(send(&s, 25, 80).n, 0);   /* 23 * 960 ticks and more do not fit into 14 bits */
    assert_int_equal(send(&s, 26, 1100).n, 0); /* no room beside it */
    assert_int_equal(send(&s, 27, 100).n, 2);  /* 1100 bytes do not fit into 10 bits: only the one before it */
    assert_int_equal(send(&s, 28, 500).n, 2);
    p = send(&s, 29, 500); /* 100 is left out, 500 fits: the nearest is worth most */
    assert_int_equal(p.n, 3);
}

static void test_lying_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        mcu_status status;
        unsigned n;
    } rows[] = {
        {"", 0, MCU_EINVAL, 0},
        {"\x6f", 1, MCU_OK, 1},                 /* an empty primary */
        {"\xef", 1, MCU_EINVAL, 0},             /* a header cut off */
        {"\xef\x0f\x00\x05", 4, MCU_EINVAL, 0}, /* no primary */
        {"\xef\x0f\x00\x05\x6f"
         "AAAA",
         9, MCU_EINVAL, 0}, /* one byte less than it says */
        {"\xef\x0f\x00\x05\x6f"
         "AAAAA",
         10, MCU_OK, 2},
        {"\xef\x0f\x03\xff\x6f"
         "AAAAA",
         10, MCU_EINVAL, 0}, /* 1023 bytes */
        {"\xef\x00\x00\x03\xef\x00\x00\x03\x6f"
         "AAABB",
         14, MCU_EINVAL, 0}, /* only together too long */
        {"\xef\x00\x00\x00\xef\x00\x00\x00\xef\x00\x00\x00\xef\x00\x00\x00\xef\x00\x00\x00\xef\x00\x00\x00\xef\x00\x00\x00"
         "\xef\x00\x00\x00\xef\x00\x00\x01\x6f"
         "A",
         38, MCU_OK, MCU_RED_BLOCKS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcu_red_block blocks[MCU_RED_BLOCKS];
        unsigned n = 0;
        assert_int_equal(mcu_red_parse((const uint8_t *)rows[i].bytes, rows[i].size, blocks, &n), rows[i].status);
        assert_int_equal(n, rows[i].n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies_at_their_distances),
        cmocka_unit_test(test_without_copies_packets_are_plain),
        cmocka_unit_test(test_what_cannot_be_repeated_is_left_out),
        cmocka_unit_test(test_lying_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
