/* How often a receiver's sound is repeated. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/media.h"
#include "mcu/room/audio_choice.h"

enum { VOICE = 33600, LESS_VOICE = 21600 }; /* one copy of everything */

static unsigned after(mcu_audio_choice *c, double loss, unsigned spare_bps, bool standing, int64_t now_ms)
{
    const mcu_audio_link link = {.loss = loss, .standing = standing, .spare_bps = spare_bps, .full_bps = VOICE - 1600};
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
    assert_int_equal(after(&c, 0.3, 2 * LESS_VOICE + 1, false, 0), 2);
    assert_int_equal(after(&c, 0.3, LESS_VOICE - 1, false, 500), 0);
    assert_int_equal(after(&c, 0.3, 10 * VOICE, false, 1000), 3);
    assert_int_equal(after(&c, 0.3, 10 * VOICE, true, 1500), 0);
}

static void test_rates_follow_the_line(void **state)
{
    (void)state;
    static const struct {
        unsigned line_bps;
        int64_t at_ms;
        mix_audio_profile profile;
    } rows[] = {{0, 0, MIX_PROFILE_FULL},          {500000, 500, MIX_PROFILE_FULL},   {260000, 1000, MIX_PROFILE_FULL},
                {259000, 1500, MIX_PROFILE_LESS},  {130000, 2000, MIX_PROFILE_LESS},  {64000, 2500, MIX_PROFILE_LONG},
                {170000, 3000, MIX_PROFILE_LONG},  {181000, 4000, MIX_PROFILE_LONG},  {150000, 10000, MIX_PROFILE_LONG},
                {200000, 11000, MIX_PROFILE_LONG}, {0, 20999, MIX_PROFILE_LONG},      {200000, 21000, MIX_PROFILE_LESS},
                {44000, 22000, MIX_PROFILE_LEAST}, {50000, 33000, MIX_PROFILE_LEAST}, {56000, 34000, MIX_PROFILE_LEAST},
                {56000, 44000, MIX_PROFILE_LONG},  {400000, 45000, MIX_PROFILE_LONG}, {400000, 55000, MIX_PROFILE_FULL}};
    mcu_audio_choice c = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const mcu_audio_link link = {.line_bps = rows[i].line_bps, .full_bps = VOICE - 1600};
        mcu_audio_choice_step(&c, &link, rows[i].at_ms * MCU_NS_PER_MS);
        assert_int_equal(c.profile, rows[i].profile);
        assert_int_equal(mcu_audio_choice_is_thin(&c), c.profile == MIX_PROFILE_LONG || c.profile == MIX_PROFILE_LEAST);
    }
}

static bool falls_to(mcu_audio_choice *c, unsigned bps)
{
    return mcu_audio_choice_fall(c, &(mcu_peer_link){.estimate_bps = bps});
}

/* What comes out of a queue is the line, whatever is still believed; but not of one that hardly stands. */
static void test_falls_with_what_comes_out_of_a_queue(void **state)
{
    (void)state;
    mcu_audio_choice c = {.profile = MIX_PROFILE_FULL};
    mcu_peer_link link = {.estimate_bps = 300000, .queue_ms = 150, .drains_bps = 125000};
    assert_false(mcu_audio_choice_fall(&c, &link));
    link.queue_ms = 250;
    link.unheard = true;
    assert_false(mcu_audio_choice_fall(&c, &link));
    link.unheard = false;
    link.drains_bps = 0;
    assert_false(mcu_audio_choice_fall(&c, &link));
    link.drains_bps = 125000;
    assert_true(mcu_audio_choice_fall(&c, &link));
    assert_int_equal(c.profile, MIX_PROFILE_LONG);
    c.profile = MIX_PROFILE_FULL;
    link.drains_bps = 400000;
    link.estimate_bps = 200000;
    assert_true(mcu_audio_choice_fall(&c, &link));
    assert_int_equal(c.profile, MIX_PROFILE_LESS);
}

/* Fewer bits leave room for the copies that loss asks for. */
static void test_falls_with_the_line_at_once(void **state)
{
    (void)state;
    mcu_audio_choice c = {.profile = MIX_PROFILE_FULL};
    assert_int_equal(mcu_audio_choice_wire_bps(&c, 55200), 55200);
    assert_false(falls_to(&c, 260000));
    assert_true(falls_to(&c, 200000));
    assert_int_equal(mcu_audio_choice_wire_bps(&c, 55200), 43200);
    assert_false(falls_to(&c, 5000000));
    assert_int_equal(c.profile, MIX_PROFILE_LESS);
    assert_true(falls_to(&c, 0));
    assert_int_equal(c.profile, MIX_PROFILE_LEAST);
}

static void test_copies_before_rate(void **state)
{
    (void)state;
    mcu_audio_choice c = {0};
    assert_int_equal(after(&c, 0.3, 70000, false, 0), 3);
    assert_int_equal(c.profile, MIX_PROFILE_LESS);
    assert_int_equal(after(&c, 0.3, 3 * VOICE, false, 500), 3);
    assert_int_equal(c.profile, MIX_PROFILE_LESS);
    assert_int_equal(after(&c, 0.3, 3 * VOICE, false, 10500), 3);
    assert_int_equal(c.profile, MIX_PROFILE_FULL);
}

static void test_bursts_take_copies_further_back(void **state)
{
    (void)state;
    static const struct {
        double loss, burst;
        unsigned copies, stride;
    } rows[] = {{0.1, 1.1, 2, 1}, {0.3, 1.43, 3, 1}, {0.5, 2.0, 3, 1}, {0.05, 3, 2, 3},
                {0.1, 4, 2, 3},   {0.28, 4, 3, 3},   {0, 4, 0, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mcu_audio_choice c = {0};
        const mcu_audio_link link = {.loss = rows[i].loss, .burst = rows[i].burst, .spare_bps = UINT32_MAX, .full_bps = VOICE};
        mcu_audio_choice_step(&c, &link, MCU_NS_PER_SEC);
        assert_int_equal(c.copies, rows[i].copies);
        assert_int_equal(c.stride, rows[i].stride);
    }
    mcu_audio_choice c = {0};
    mcu_audio_link link = {.loss = 0.1, .burst = 4, .spare_bps = UINT32_MAX, .full_bps = VOICE, .line_bps = 100000};
    mcu_audio_choice_step(&c, &link, MCU_NS_PER_SEC);
    assert_int_equal(c.stride, 2); /* of packets of 60 ms */
    link.burst = 1;
    mcu_audio_choice_step(&c, &link, 10 * MCU_NS_PER_SEC);
    assert_int_equal(c.stride, 2);
    mcu_audio_choice_step(&c, &link, 11 * MCU_NS_PER_SEC);
    assert_int_equal(c.stride, 1);
}

static void test_what_the_receiver_holds_back(void **state)
{
    (void)state;
    static const struct {
        mcu_audio_choice c;
        unsigned ms;
    } rows[] = {{{.stride = 1}, 0},
                {{.copies = 1, .stride = 1}, 0},
                {{.copies = 3, .stride = 1}, 60},
                {{.copies = 2, .stride = 3}, 120},
                {{.copies = 1, .stride = 1, .profile = MIX_PROFILE_LONG}, 0},
                {{.copies = 2, .stride = 1, .profile = MIX_PROFILE_LONG}, 120},
                {{.copies = 3, .stride = 2, .profile = MIX_PROFILE_LONG}, 240}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(mcu_audio_choice_hold_ms(&rows[i].c), rows[i].ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ladder),
        cmocka_unit_test(test_more_at_once_fewer_after_10_s),
        cmocka_unit_test(test_rates_follow_the_line),
        cmocka_unit_test(test_falls_with_what_comes_out_of_a_queue),
        cmocka_unit_test(test_falls_with_the_line_at_once),
        cmocka_unit_test(test_copies_before_rate),
        cmocka_unit_test(test_bursts_take_copies_further_back),
        cmocka_unit_test(test_what_the_receiver_holds_back),
        cmocka_unit_test(test_only_what_fits_and_never_into_a_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
