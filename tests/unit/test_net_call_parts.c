/* A call's keys, crypto attribute, latch and figures, each by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "mcu/base/bytes.h"
#include "mcu/base/clock.h"
#include "mcu/net/latch.h"
#include "mcu/net/mos.h"
#include "mcu/net/sdes.h"
#include "mcu/net/telephone_event.h"

#define MS MCU_NS_PER_MS

/* ---- telephone-event ---- */

/* The example of RFC 4733 5: 911, each digit lost here and there. */
static void keys_are_told_once_however_many_packets_come(void **state)
{
    (void)state;
    static const struct {
        uint32_t ts;
        uint8_t event, flags;
        uint16_t duration;
        char key;
    } rows[] = {
        {11200, 9, 0x07, 400, '9'},    {11200, 9, 0x07, 800, 0},    {11200, 9, 0x87, 1200, 0},
        {11200, 9, 0x87, 1200, 0},     {12800, 1, 0x8a, 880, '1'}, /* only its end came */
        {11200, 9, 0x87, 1200, 0},                                 /* a late copy */
        {12800, 1, 0x8a, 880, 0},      {14400, 1, 0x0a, 400, '1'},  {14400, 1, 0x8a, 800, 0},
        {20000, 10, 0x0a, 160, '*'},   {30000, 11, 0x0a, 160, '#'}, {40000, 15, 0x0a, 160, 'D'},
        {50000, 5, 0x0a, 0xffff, '5'}, {115535, 5, 0x0a, 160, 0},   {115535, 5, 0x8a, 320, 0},
    };
    mcu_telephone_event e = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t p[4] = {rows[i].event, rows[i].flags};
        mcu_wr16(p + 2, rows[i].duration);
        char key;
        (void)mcu_telephone_event_push(&e, rows[i].ts, p, sizeof p, 0, &key);
        if (key != rows[i].key) {
            fail_msg("row %zu: %d", i, key);
        }
    }
    char key;
    assert_int_equal(mcu_telephone_event_push(&e, 200000, (const uint8_t *)"\x10\x0a\0\xa0", 4, 0, &key), MCU_ENOSUP); /* flash */
    assert_int_equal(mcu_telephone_event_push(&e, 200000, (const uint8_t *)"\x01\x0a\0", 3, 0, &key), MCU_EINVAL);
    assert_int_equal(mcu_telephone_event_push(&e, 200000, (const uint8_t *)"\x01\x0a\0\xa0", 4, 500 * MS, &key), MCU_OK);
    assert_true(mcu_telephone_event_down(&e, 699 * MS));
    assert_false(mcu_telephone_event_down(&e, 700 * MS)); /* its end was lost */
}

/* ---- crypto attribute ---- */

static void crypto_attributes_as_phones_send_them(void **state)
{
    (void)state;
#define KEY "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
    static const struct {
        const char *value;
        mcu_status status;
        uint32_t tag;
    } rows[] = {
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY, MCU_OK, 1},
        {"2 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^20", MCU_OK, 2}, /* RFC 4568 4 */
        {"999999999 AES_CM_128_HMAC_SHA1_80  inline:" KEY "|1048576 WSH=64", MCU_OK, 999999999},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|2^20|1:4", MCU_ENOSUP, 0}, /* a master key index */
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "|1:4", MCU_ENOSUP, 0},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY ";inline:" KEY, MCU_ENOSUP, 0},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY " UNENCRYPTED_SRTP", MCU_ENOSUP, 0},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY " KDR=1", MCU_ENOSUP, 0},
        {"1 AES_CM_128_HMAC_SHA1_32 inline:" KEY, MCU_ENOSUP, 0},
        {"1 AES_256_CM_HMAC_SHA1_80 inline:" KEY KEY, MCU_ENOSUP, 0},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:" KEY "=", MCU_EINVAL, 0},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwg", MCU_EINVAL, 0},
        {"1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGV*", MCU_EINVAL, 0},
        {"1 AES_CM_128_HMAC_SHA1_80", MCU_EINVAL, 0},
        {"1234567890 AES_CM_128_HMAC_SHA1_80 inline:" KEY, MCU_EINVAL, 0},
        {"x AES_CM_128_HMAC_SHA1_80 inline:" KEY, MCU_EINVAL, 0},
        {"", MCU_EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcu_sdes s;
        mcu_status got = mcu_sdes_parse(rows[i].value, strlen(rows[i].value), &s);
        if (got != rows[i].status || s.tag != rows[i].tag) {
            fail_msg("%s: %s", rows[i].value, mcu_status_name(got));
        }
        if (got == MCU_OK) {
            assert_memory_equal(s.key, "YS___semctl () {\t220;}\n}\nunles", MCU_LEG_KEY_SIZE);
        }
    }
    mcu_sdes a, b;
    char text[MCU_SDES_TEXT];
    mcu_sdes_new_key(&a, 7);
    mcu_sdes_write(&a, text);
    assert_int_equal(mcu_sdes_parse(text, strlen(text), &b), MCU_OK);
    assert_int_equal(a.tag, b.tag);
    assert_memory_equal(a.key, b.key, sizeof a.key);
}

/* ---- latch ---- */

static mcu_leg_address at(const char *text)
{
    mcu_leg_address a;
    assert_true(mcu_leg_address_parse(text, &a));
    return a;
}

static void strangers_do_not_take_a_call_over(void **state)
{
    (void)state;
    mcu_leg_address announced = at("10.0.0.1:4000"), nat = at("192.0.2.7:9000"), thief = at("198.51.100.6:6666");
    mcu_latch l;
    mcu_latch_init(&l, &announced, false, 0);
    assert_true(mcu_latch_take(&l, &nat, false, 1 * MS)); /* the first, within the window */
    assert_false(mcu_latch_take(&l, &thief, false, 2 * MS));
    assert_true(mcu_leg_address_same(&l.remote, &nat));
    assert_true(mcu_latch_take(&l, &nat, false, MCU_LATCH_WINDOW_NS * 2));
    assert_false(mcu_latch_take(&l, &announced, false, MCU_LATCH_WINDOW_NS * 2));

    mcu_latch_init(&l, &announced, false, 0);
    assert_false(mcu_latch_take(&l, &nat, false, MCU_LATCH_WINDOW_NS)); /* too late */
    assert_true(mcu_latch_take(&l, &announced, false, MCU_LATCH_WINDOW_NS));

    mcu_latch_init(&l, &announced, false, 0);
    assert_true(mcu_latch_take(&l, &thief, false, 0)); /* came first, but who was announced has the better right */
    assert_true(mcu_latch_take(&l, &announced, false, 1 * MS));
    assert_false(mcu_latch_take(&l, &thief, false, 2 * MS));

    mcu_latch_init(&l, &nat, true, 0);
    assert_false(mcu_latch_take(&l, &thief, false, 1 * MS));                /* latched before the hand-over */
    assert_true(mcu_latch_take(&l, &thief, true, MCU_LATCH_WINDOW_NS * 9)); /* whoever holds the key may move */
    assert_true(mcu_leg_address_same(&l.remote, &thief));
}

static void a_call_is_worth_what_the_e_model_says(void **state)
{
    (void)state;
    /* G.107 with R0 - Is = 93.2: 4.41 without loss and delay; 4.0x at 5 % concealed loss is R 77.4. */
    assert_true(fabs(mcu_mos(MCU_CODEC_PCMU, 0, 0) - 4.41) < 0.01);
    assert_true(fabs(mcu_mos(MCU_CODEC_PCMU, 0.05, 0) - 3.93) < 0.03);
    assert_true(mcu_mos(MCU_CODEC_PCMU, 0, 400) < mcu_mos(MCU_CODEC_PCMU, 0, 150) - 0.5);
    assert_true(mcu_mos(MCU_CODEC_OPUS, 1, 5000) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_told_once_however_many_packets_come),
        cmocka_unit_test(crypto_attributes_as_phones_send_them),
        cmocka_unit_test(strangers_do_not_take_a_call_over),
        cmocka_unit_test(a_call_is_worth_what_the_e_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
