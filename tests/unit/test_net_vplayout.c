#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <stdlib.h>

#include "mcu/net/vplayout.h"

#define MS MCU_NS_PER_MS
#define EVERY_MS 66 /* 15 a second */

/* In order, each once. */
static bool take_due(mcu_vplayout *v, int64_t now_ms, unsigned *next, int64_t *waited_ms)
{
    bool any = false;
    for (mcu_au *au; (au = mcu_vplayout_pop(v, now_ms * MS)) != NULL; mcu_au_unref(au)) {
        assert_int_equal(au->seq, (*next)++);
        *waited_ms = MAX(*waited_ms, now_ms - au->time_ns / MS);
        any = true;
    }
    return any;
}

/* Pictures taken each 66 ms from `from_ms` on; of each `k` how late it is whole. Returns how many different moments showed one: a
 * mixer looks each 40 ms and sees only the newest. */
static unsigned seen(mcu_vplayout *v, unsigned pictures, int64_t from_ms, int64_t (*late_ms)(unsigned k), bool losing,
                     int64_t *waited_ms)
{
    unsigned k = 0, shown = 0, next = 0;
    int64_t whole_ms = 0;
    *waited_ms = 0;
    for (int64_t now_ms = from_ms; now_ms < from_ms + pictures * EVERY_MS + 1500; now_ms += 20) {
        bool now_shown = false;
        for (; k < pictures; k++) {
            whole_ms = MAX(whole_ms, from_ms + k * EVERY_MS + late_ms(k)); /* in order */
            if (whole_ms > now_ms) {
                break;
            }
            mcu_au *au = mcu_au_new(4);
            au->ts = (uint32_t)((from_ms + k * EVERY_MS) * 90);
            au->time_ns = whole_ms * MS;
            au->seq = k;
            mcu_vplayout_push(v, au, losing);
            now_shown |= take_due(v, now_ms, &next, waited_ms);
        }
        now_shown |= take_due(v, now_ms, &next, waited_ms);
        shown += now_shown;
    }
    assert_int_equal(next, pictures);
    return shown;
}

static int64_t even(unsigned k)
{
    return 20 + k % 3 * 8;
}

static int64_t repaired(unsigned k)
{
    return 50 + (k % 5 == 0 ? 230 : 0); /* each fifth one lacks a packet, which comes a round trip or two later */
}

static int64_t large(unsigned k)
{
    return k % 60 == 0 ? 600 : 20; /* as a keyframe on a line that is hardly wide enough */
}

static int64_t outage(unsigned k)
{
    return k == 150 ? 5000 : 20;
}

static void test_even_pictures_do_not_wait(void **state)
{
    (void)state;
    mcu_vplayout v;
    int64_t waited_ms;
    mcu_vplayout_init(&v);
    assert_int_equal(seen(&v, 300, 1000, even, false, &waited_ms), 300);
    assert_true(waited_ms <= 20); /* the step of this test */
    assert_int_equal(mcu_vplayout_hold_ns(&v), 0);
    mcu_vplayout_clear(&v);
}

static void test_large_pictures_are_not_waited_for(void **state)
{
    (void)state;
    mcu_vplayout v;
    int64_t waited_ms;
    mcu_vplayout_init(&v);
    (void)seen(&v, 300, 1000, large, false, &waited_ms);
    assert_true(waited_ms <= 20);
    mcu_vplayout_clear(&v);
}

static void test_bursts_are_spread(void **state)
{
    (void)state;
    mcu_vplayout v;
    int64_t waited_ms;
    mcu_vplayout_init(&v);
    assert_true(seen(&v, 300, 1000, repaired, true, &waited_ms) >= 285);
    assert_true(waited_ms <= 300);
    assert_in_range(mcu_vplayout_hold_ns(&v), 150 * MS, 240 * MS);
    mcu_vplayout_clear(&v);
}

static void test_a_pause_is_no_lateness(void **state)
{
    (void)state;
    mcu_vplayout v;
    int64_t waited_ms;
    mcu_vplayout_init(&v);
    (void)seen(&v, 300, 1000, outage, true, &waited_ms);
    assert_true(waited_ms <= 20);
    mcu_vplayout_clear(&v);
}

static void test_pictures_wait_for_their_voice(void **state)
{
    (void)state;
    mcu_vplayout v;
    int64_t waited_ms;
    mcu_vplayout_init(&v);
    mcu_vplayout_follow(&v, 120 * MS);
    assert_int_equal(seen(&v, 300, 1000, even, false, &waited_ms), 300);
    assert_in_range(waited_ms, 120, 140);
    mcu_vplayout_follow(&v, -MS);
    assert_int_equal(mcu_vplayout_hold_ns(&v), 0);
    mcu_vplayout_follow(&v, 60 * MCU_NS_PER_SEC);
    assert_int_equal(mcu_vplayout_hold_ns(&v), MCU_VPLAYOUT_MOST_NS);
    mcu_vplayout_clear(&v);
}

/* Neither leads the other by more than nobody notices, whichever has to wait, and they do not drive each other up. */
static void test_voice_and_pictures_keep_in_step(void **state)
{
    (void)state;
    mcu_vplayout v;
    int64_t waited_ms, now_ns = (1000 + 300 * EVERY_MS) * MS;
    assert_int_equal(mcu_vplayout_beside(40), 0);
    assert_int_equal(mcu_vplayout_beside(60), 0); /* as each voice begins */
    assert_int_equal(mcu_vplayout_beside(70), 0); /* heard 40 ms after its picture is seen */
    assert_int_equal(mcu_vplayout_beside(75), 5 * MS);
    assert_int_equal(mcu_vplayout_beside(120), 50 * MS);
    mcu_vplayout_init(&v);
    assert_int_equal(mcu_vplayout_voice_ns(&v, 0), 0);
    (void)seen(&v, 300, 1000, even, true, &waited_ms);
    assert_int_equal(mcu_vplayout_voice_ns(&v, now_ns), 0);
    (void)seen(&v, 100, 1000 + 300 * EVERY_MS, repaired, true, &waited_ms);
    now_ns += 100 * EVERY_MS * MS;
    int64_t own_ns = mcu_vplayout_hold_ns(&v), voice_ns = mcu_vplayout_voice_ns(&v, now_ns);
    assert_in_range(voice_ns, 150 * MS, MCU_VPLAYOUT_VOICE_NS);
    mcu_vplayout_follow(&v, mcu_vplayout_beside((double)voice_ns / MS));
    assert_int_equal(mcu_vplayout_hold_ns(&v), own_ns);
    assert_int_equal(mcu_vplayout_voice_ns(&v, now_ns + 4 * MCU_NS_PER_SEC), 0); /* the camera is off */
    mcu_vplayout_clear(&v);
}

/* On a line that loses nothing as well: what is late by less than their sender asks for is in time. */
static void test_their_sender_says_how_long(void **state)
{
    (void)state;
    mcu_vplayout v;
    int64_t waited_ms;
    mcu_vplayout_init(&v);
    mcu_vplayout_ask(&v, 250 * MS, 300 * MS);
    assert_int_equal(seen(&v, 300, 1000, repaired, false, &waited_ms), 300);
    assert_in_range(waited_ms, 250, 270);
    int64_t now_ns = (1000 + 300 * EVERY_MS) * MS;
    assert_int_equal(mcu_vplayout_voice_ns(&v, now_ns), MCU_VPLAYOUT_VOICE_NS);
    assert_int_equal(mcu_vplayout_voice_ns(&v, now_ns + 5 * MCU_NS_PER_SEC), 0); /* the camera is off */
    mcu_vplayout_follow(&v, 800 * MS);
    assert_int_equal(mcu_vplayout_hold_ns(&v), 300 * MS);
    mcu_vplayout_ask(&v, 2, 1);
    mcu_vplayout_ask(&v, -1, 1);
    assert_int_equal(mcu_vplayout_hold_ns(&v), 300 * MS);
    mcu_vplayout_ask(&v, 40 * MCU_NS_PER_SEC, 40 * MCU_NS_PER_SEC);
    assert_int_equal(mcu_vplayout_hold_ns(&v), MCU_VPLAYOUT_MOST_NS);
    mcu_vplayout_ask(&v, 80 * MS, 100 * MS);
    assert_int_equal(mcu_vplayout_voice_ns(&v, now_ns), 120 * MS);
    mcu_vplayout_ask(&v, 0, 0); /* at once */
    assert_int_equal(mcu_vplayout_hold_ns(&v), 0);
    assert_int_equal(mcu_vplayout_voice_ns(&v, now_ns), 0);
    mcu_vplayout_clear(&v);
}

static void test_evens_out_again(void **state)
{
    (void)state;
    mcu_vplayout v;
    int64_t waited_ms;
    mcu_vplayout_init(&v);
    (void)seen(&v, 200, 1000, repaired, true, &waited_ms);
    (void)seen(&v, 400, 1000 + 200 * EVERY_MS, even, false, &waited_ms);
    assert_int_equal(mcu_vplayout_hold_ns(&v), 0);
    mcu_vplayout_clear(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_even_pictures_do_not_wait),
        cmocka_unit_test(test_large_pictures_are_not_waited_for),
        cmocka_unit_test(test_bursts_are_spread),
        cmocka_unit_test(test_a_pause_is_no_lateness),
        cmocka_unit_test(test_pictures_wait_for_their_voice),
        cmocka_unit_test(test_voice_and_pictures_keep_in_step),
        cmocka_unit_test(test_their_sender_says_how_long),
        cmocka_unit_test(test_evens_out_again),
    };
    return cmocka_run_group_tests_name("net_vplayout", tests, NULL, NULL);
}
