/* What the bandwidth estimate is made of, each by itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <glib.h>

#include "mcu/net/bwe_breaker.h"
#include "mcu/net/bwe_loss.h"
#include "mcu/net/bwe_probe.h"
#include "mcu/net/bwe_queue.h"
#include "mcu/net/bwe_rate.h"
#include "mcu/net/bwe_simple.h"
#include "mcu/net/bwe_trend.h"

#define MS INT64_C(1000000)
#define SEC (1000 * MS)

static void test_trend_sees_growth_not_jitter(void **state)
{
    (void)state;
    mcu_bwe_trend t;
    mcu_bwe_trend_init(&t);
    unsigned over = 0;
    for (int64_t i = 0; i < 500; i++) {
        mcu_bwe_trend_add(&t, i * 20 * MS, i * 20 * MS + (i * 7919 % 5) * MS);
        over += t.use == MCU_BWE_USE_OVER;
    }
    assert_int_equal(over, 0);
    for (int64_t i = 500; i < 540 && t.use != MCU_BWE_USE_OVER; i++) {
        mcu_bwe_trend_add(&t, i * 20 * MS, i * 20 * MS + (i - 500) * 5 * MS);
    }
    assert_int_equal(t.use, MCU_BWE_USE_OVER);
}

static void test_a_longer_path_is_not_a_queue_for_ever(void **state)
{
    (void)state;
    mcu_bwe_queue q;
    mcu_bwe_queue_init(&q);
    int64_t now = SEC;
    for (; now < 10 * SEC; now += 100 * MS) {
        mcu_bwe_queue_add(&q, now, now + 20 * MS, 0);
        (void)mcu_bwe_queue_end(&q, false, now);
    }
    assert_int_equal(q.queue_ns, 0);
    for (; now < 13 * SEC; now += 100 * MS) {
        mcu_bwe_queue_add(&q, now, now + 220 * MS, 0);
        (void)mcu_bwe_queue_end(&q, true, now);
    }
    assert_int_equal(q.queue_ns, 200 * MS);
    for (; now < 16 * SEC; now += 100 * MS) {
        mcu_bwe_queue_add(&q, now, now + 220 * MS, 0);
        (void)mcu_bwe_queue_end(&q, true, now);
    }
    assert_int_equal(q.queue_ns, 0);
}

/* The longer path jitters, or the queue is somebody else's and swings: how soon, in ms, it counts as a path; -1 = never. */
static int64_t longer_path_ms(int64_t least_ns, int64_t most_ns)
{
    mcu_bwe_queue q;
    mcu_bwe_queue_init(&q);
    uint32_t x = 7;
    for (int64_t now = SEC; now < 40 * SEC; now += 100 * MS) {
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        bool before = now < 10 * SEC;
        mcu_bwe_queue_add(&q, now, now + (before ? 20 * MS : least_ns + (int64_t)(x % (uint64_t)(most_ns - least_ns))), 0);
        if (mcu_bwe_queue_end(&q, !before, now)) {
            return now / MS - 10000;
        }
    }
    return -1;
}

static void test_a_longer_path_is_seen_through_jitter(void **state)
{
    (void)state;
    assert_in_range(longer_path_ms(220 * MS, 320 * MS), 5000, 10000);
    assert_int_equal(longer_path_ms(170 * MS, 420 * MS), -1);
}

static void test_a_policer_is_told_from_chance(void **state)
{
    (void)state;
    for (unsigned policer = 0; policer < 2; policer++) {
        mcu_bwe_loss l;
        mcu_bwe_loss_init(&l);
        uint32_t x = 7;
        bool tried = false;
        for (int64_t now = SEC; now < 60 * SEC; now += 20 * MS) {
            x ^= x << 13, x ^= x >> 17, x ^= x << 5;
            bool large = now / MS % 60 == 0, chance = x % 5 == 0;
            bool lost = policer > 0 ? large && x % 2 == 0 && l.policer == MCU_BWE_POLICER_NONE : chance;
            mcu_bwe_loss_add(&l, !lost, large ? 1000 : 200, large ? 3000 : 300, now);
            mcu_bwe_loss_judge(&l, true, 150000, now);
            tried = tried || l.policer != MCU_BWE_POLICER_NONE;
        }
        assert_int_equal(tried, policer > 0);
    }
}

/* What it lets through shows a moment after it began; its first bite is taken of what passed before. */
static void test_a_policer_is_held_to_what_it_lets_through(void **state)
{
    (void)state;
    mcu_bwe_loss l;
    mcu_bwe_loss_init(&l);
    for (int64_t now = SEC; now < 10 * SEC; now += 20 * MS) {
        mcu_bwe_loss_add(&l, true, 1000, 3000, now);
        mcu_bwe_loss_judge(&l, true, 1200000, now);
    }
    for (int64_t now = 10 * SEC; now < 12 * SEC; now += 20 * MS) {
        mcu_bwe_loss_add(&l, true, 200, 300, now);
        mcu_bwe_loss_add(&l, false, 1000, 3000, now);
        mcu_bwe_loss_judge(&l, true, now < 10500 * MS ? 900000 : 140000, now);
    }
    assert_int_equal(l.policer, MCU_BWE_POLICER_TRIED);
    assert_in_range(mcu_bwe_loss_cap_bps(&l), 100000, 140000);
    for (int64_t now = 12 * SEC; now < 16 * SEC; now += 20 * MS) {
        mcu_bwe_loss_add(&l, true, 200, 300, now);
        mcu_bwe_loss_judge(&l, true, 120000, now);
    }
    assert_int_equal(l.policer, MCU_BWE_POLICER_HELD);
    uint32_t x = 7;
    for (int64_t now = 16 * SEC; now < 20 * SEC; now += 20 * MS) {
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        mcu_bwe_loss_add(&l, x % 3 != 0, 200, 300, now); /* now it is chance */
        mcu_bwe_loss_judge(&l, true, 120000, now);
    }
    assert_int_equal(l.policer, MCU_BWE_POLICER_NONE);
}

/* A run of losses that meets a probe takes many packets behind many others. */
static void test_a_run_of_losses_is_no_policer(void **state)
{
    (void)state;
    mcu_bwe_loss l;
    mcu_bwe_loss_init(&l);
    for (int64_t now = SEC; now < 6 * SEC; now += 20 * MS) {
        bool burst = now >= 5 * SEC && now < 5200 * MS;
        for (unsigned k = 0; k < (burst ? 3 : 1); k++) {
            mcu_bwe_loss_add(&l, !burst, burst ? 400 : 200, burst ? 3000 : 300, now);
        }
        mcu_bwe_loss_judge(&l, true, 150000, now);
    }
    assert_true(mcu_bwe_loss_fraction(&l, 6 * SEC) > 0.05);
    assert_int_equal(l.policer, MCU_BWE_POLICER_NONE);
}

static bool judge(mcu_bwe_probe *p, unsigned told, unsigned *bps)
{
    const int64_t start_ns = SEC;
    mcu_bwe_probe_init(p);
    p->goal_bps = 100000;
    assert_true(mcu_bwe_probe_start(p, 50000, 0, 0, 0.3, 0, start_ns));
    unsigned id = 0;
    for (unsigned k = 0; k < 20; k++) {
        id = mcu_bwe_probe_sent(p, 150, start_ns + k * 10 * MS);
    }
    for (unsigned k = 0; k < told; k++) {
        mcu_bwe_probe_told(p, id, 150, k % 10 < 7, start_ns + k * 10 * MS + 50 * MS);
    }
    return mcu_bwe_probe_judge(p, 0.3, 0, 100 * MS, start_ns + 2 * SEC, bps);
}

/* Feedback is lost as well: what nothing was told of neither passed nor failed. */
static void test_a_probe_is_judged_by_what_was_told(void **state)
{
    (void)state;
    mcu_bwe_probe p;
    unsigned bps;
    assert_true(judge(&p, 12, &bps));
    assert_true(bps > 80000);
    assert_true(judge(&p, 8, &bps));
    assert_int_equal(bps, 0);
    assert_int_equal(p.failures, 0);
    assert_true(p.next_ns < 4 * SEC);
}

/* Packets of sound and of pictures in turn on 64 kbit/s: what a large one takes by itself is no queue. */
static void test_a_large_packet_is_no_queue(void **state)
{
    (void)state;
    mcu_bwe_queue q;
    mcu_bwe_queue_init(&q);
    for (int64_t now = SEC; now < 5 * SEC; now += 100 * MS) {
        bool large = now / (100 * MS) % 2;
        mcu_bwe_queue_add(&q, now, now + (large ? 125 : 19) * MS, (large ? 100 : 15) * MS);
        assert_false(mcu_bwe_queue_end(&q, false, now));
        assert_true(now == SEC || (q.queue_ns <= 25 * MS && q.newest_ns <= 25 * MS));
    }
}

/* Into a queue that stands already: it does not grow further, but what was sent faster came no faster. */
static void test_a_probe_shows_no_more_than_came(void **state)
{
    (void)state;
    static const double losses[] = {0, 0.1};
    for (unsigned k = 0; k < 2; k++) {
        mcu_bwe_probe p;
        unsigned bps = 0;
        mcu_bwe_probe_init(&p);
        p.goal_bps = 70000;
        assert_true(mcu_bwe_probe_start(&p, 65000, 0, 0, losses[k], 0, SEC));
        for (unsigned i = 0; i < 10; i++) { /* 80 kbit/s, of which 64 come */
            unsigned id = mcu_bwe_probe_sent(&p, 200, SEC + i * 20 * MS);
            mcu_bwe_probe_told(&p, id, 200, true, SEC + 50 * MS + i * 25 * MS);
        }
        assert_true(mcu_bwe_probe_judge(&p, losses[k], 60000, 100 * MS, 2 * SEC, &bps));
        if (losses[k] > 0) { /* what chance took may have been what came early and late */
            assert_true(bps >= 79000);
        } else {
            assert_in_range(bps, 64000, 72000);
        }
    }
}

/* A line that is full of media drains what a probe puts in it for seconds: it is not asked again so soon. One of 128 kbit/s
 * drains, and was perhaps much wider a moment ago. */
static void test_a_full_line_is_probed_less(void **state)
{
    (void)state;
    static const struct {
        unsigned goal_bps, est_bps, media_bps;
        int64_t sent_ms, came_ms; /* between packets of 150 bytes */
        unsigned least_bps, most_bps;
        int wait_s;
    } lines[] = {{80000, 60000, 40000, 15, 20, 50000, 62000, 3},
                 {80000, 60000, 46000, 15, 20, 50000, 62000, 10},
                 {150000, 100000, 95000, 8, 11, 102000, 108000, 3}};
    for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
        mcu_bwe_probe p;
        unsigned bps;
        mcu_bwe_probe_init(&p);
        p.goal_bps = lines[i].goal_bps;
        assert_true(mcu_bwe_probe_start(&p, lines[i].est_bps, 0, 0, 0, 0, SEC));
        for (unsigned k = 0; k < 12; k++) {
            unsigned id = mcu_bwe_probe_sent(&p, 150, SEC + k * lines[i].sent_ms * MS);
            mcu_bwe_probe_told(&p, id, 150, true, SEC + 50 * MS + k * lines[i].came_ms * MS);
        }
        p.cluster.grew = true;
        assert_true(mcu_bwe_probe_judge(&p, 0, lines[i].media_bps, 100 * MS, 2 * SEC, &bps));
        assert_in_range(bps, lines[i].least_bps, lines[i].most_bps);
        assert_int_equal((p.next_ns - 2 * SEC) / SEC, lines[i].wait_s);
    }
}

/* Little was sent when its end was found, and a larger picture fills it since. */
static void test_a_line_that_is_full_since_its_end_was_found_is_probed_less(void **state)
{
    (void)state;
    mcu_bwe_probe p;
    unsigned bps;
    mcu_bwe_probe_init(&p);
    p.goal_bps = 200000;
    assert_true(mcu_bwe_probe_start(&p, 60000, 0, 40000, 0, 0, SEC));
    p.cluster.grew = true;
    assert_true(mcu_bwe_probe_judge(&p, 0, 0, 100 * MS, 2 * SEC, &bps));
    assert_false(mcu_bwe_probe_start(&p, 95000, 95000, 85000, 0, 0, 11 * SEC));
    mcu_bwe_probe other = p;
    assert_true(mcu_bwe_probe_start(&other, 95000, 95000, 60000, 0, 0, 6 * SEC));
    assert_true(mcu_bwe_probe_start(&p, 95000, 95000, 85000, 0, 0, 13 * SEC));
}

static void test_breaker_opens_on_silence_and_on_far_too_much(void **state)
{
    (void)state;
    mcu_bwe_breaker b = {0};
    int64_t now = SEC;
    for (; now < 30 * SEC; now += SEC) {
        mcu_bwe_breaker_heard(&b, now);
        assert_false(mcu_bwe_breaker_tick(&b, 0.1, 100 * MS, now));
    }
    assert_false(mcu_bwe_breaker_tick(&b, 0.1, 100 * MS, now + 5 * SEC));
    assert_true(mcu_bwe_breaker_tick(&b, 0.1, 100 * MS, now + 20 * SEC));
    memset(&b, 0, sizeof b);
    bool open = false;
    for (now = SEC; now < 40 * SEC; now += SEC) { /* TCP would send 166 kbit/s at 50 %, 100 ms */
        mcu_bwe_breaker_heard(&b, now);
        mcu_bwe_breaker_sent(&b, 250000);
        open = open || mcu_bwe_breaker_tick(&b, 0.5, 100 * MS, now);
    }
    assert_true(open);
}

/* Seconds until it opens where so much of its cap is sent, the first 5 s of which are known to be good; 0 = never within two
 * minutes. Loss comes as chance has it within 2 s. */
static unsigned opens_after(double loss, int64_t rtt_ns, double times)
{
    mcu_bwe_breaker b = {0};
    uint32_t chance = 1;
    for (int64_t k = 1; k < 6000; k++) {
        chance = chance * 1664525 + 1013904223;
        int64_t now = k * 20 * MS;
        double told = k < 250 ? 0 : loss * (0.4 + 1.2 * (chance >> 8) / 0x1000000);
        double bps = mcu_bwe_breaker_cap_bps(&b);
        mcu_bwe_breaker_heard(&b, now);
        mcu_bwe_breaker_sent(&b, (unsigned)(times * (bps < 1e8 ? bps : 1e8) / 8 / 50));
        if (mcu_bwe_breaker_tick(&b, told, rtt_ns, now)) {
            return (unsigned)(now / SEC);
        }
    }
    return 0;
}

static void test_what_keeps_to_the_cap_never_opens_the_breaker(void **state)
{
    (void)state;
    static const double losses[] = {0.005, 0.02, 0.05, 0.2, 0.5};
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        for (int64_t rtt_ms = 20; rtt_ms <= 1500; rtt_ms *= 2) {
            assert_int_equal(opens_after(losses[i], rtt_ms * MS, 1), 0);
            assert_in_range(opens_after(losses[i], rtt_ms * MS, 1.4), 15, 40);
        }
    }
    mcu_bwe_breaker b = {0}; /* RFC 8083 4.3 at 5 % and 600 ms: 876 kbit/s */
    for (int64_t now = 0; now < 60 * SEC; now += SEC) {
        (void)mcu_bwe_breaker_tick(&b, 0.05, 600 * MS, now);
    }
    assert_in_range((unsigned)mcu_bwe_breaker_cap_bps(&b), 690000, 710000);
}

/* Seconds until it opens where from the tenth second on nothing of what is sent arrives, but for one packet every `moves_s`; 0 =
 * never within two minutes. Reports come every `report_s`, packets leave every `sent_s`, and not between `rest_s` and 100. */
static unsigned opens_unheard_after(int64_t report_s, int64_t sent_s, int64_t moves_s, int64_t rest_s)
{
    mcu_bwe_breaker b = {0};
    uint32_t highest = UINT32_MAX - 5; /* it wraps */
    uint64_t packets = 0;
    for (int64_t s = 1; s < 120; s++) {
        bool sent = s % sent_s == 0 && (rest_s == 0 || s <= rest_s || s >= 100);
        packets += sent;
        highest += sent && (s < 10 || s >= 100 || (moves_s > 0 && s % moves_s == 0));
        mcu_bwe_breaker_heard(&b, s * SEC);
        if (s % report_s == 0) {
            (void)mcu_bwe_breaker_reported(&b, highest, packets, s * SEC);
        }
        if (mcu_bwe_breaker_tick(&b, 0, 100 * MS, s * SEC)) {
            return (unsigned)s - 10;
        }
    }
    return 0;
}

static void test_breaker_opens_when_reports_come_and_nothing_arrives(void **state)
{
    (void)state;
    assert_in_range(opens_unheard_after(1, 1, 0, 0), 15, 17);
    assert_in_range(opens_unheard_after(5, 1, 0, 0), 15, 25);
    assert_in_range(opens_unheard_after(7, 1, 0, 0), 15, 33);
    assert_in_range(opens_unheard_after(1, 3, 0, 0), 15, 21); /* stills */
    assert_int_equal(opens_unheard_after(1, 1, 14, 0), 0);    /* hardly anything, but something */
    assert_int_equal(opens_unheard_after(1, 1, 0, 20), 0);    /* an outage of ten seconds, then pictures rest */
    assert_int_equal(opens_unheard_after(1, 1, 0, 11), 0);
    assert_int_equal(opens_unheard_after(1, 1, 0, 9), 0);
}

static void test_simple_follows_remb_loss_and_round_trips(void **state)
{
    (void)state;
    mcu_bwe_simple s;
    mcu_bwe_simple_init(&s, 400000);
    int64_t now = SEC;
    for (unsigned i = 0; i < 20; i++, now += SEC) {
        mcu_bwe_simple_report(&s, 0, 50 * MS, 400000, 0, now);
    }
    assert_true(s.bps > 500000 && s.bps < 900000);
    mcu_bwe_simple_report(&s, 0, 50 * MS, 400000, 1500000, now += SEC);
    assert_true(s.bps >= 1500000);
    mcu_bwe_simple_report(&s, 0.4, 50 * MS, 400000, 0, now += SEC);
    assert_true(s.bps < 1300000);
    mcu_bwe_simple_report(&s, 0, 600 * MS, 400000, 0, now += 2 * SEC);
    assert_true(s.bps < 350000);
}

static void test_what_a_busy_path_lets_through(void **state)
{
    (void)state;
    mcu_bwe_rate r;
    bool told;
    memset(&r, 0, sizeof r);
    assert_int_equal(mcu_bwe_rate_busy_bps(&r, SEC, &told), 0);
    for (int64_t i = 0; i < 20; i++) { /* 13 kbit/s, then 64 for as long as the last one waited */
        mcu_bwe_rate_add(&r, i * 60 * MS, 100, false);
    }
    for (int64_t i = 1; i <= 8; i++) {
        mcu_bwe_rate_add(&r, 19 * 60 * MS + i * 50 * MS, 400, false);
    }
    assert_in_range(mcu_bwe_rate_busy_bps(&r, 400 * MS, &told), 50000, 64000);
    assert_true(mcu_bwe_rate_bps(&r) > 0);
    assert_true(told);
    assert_in_range(mcu_bwe_rate_busy_bps(&r, 200 * MS, &told), 30000, 64000);
    assert_false(told);
    assert_int_equal(mcu_bwe_rate_busy_bps(&r, 100 * MS, &told), 0); /* too short to say */
    assert_false(told);
    for (int64_t i = 1; i <= 16; i++) { /* nobody told of every third */
        if (i % 3 != 0) {
            mcu_bwe_rate_add(&r, 19 * 60 * MS + (8 + i) * 50 * MS, 400, i % 3 == 1);
        }
    }
    assert_in_range(mcu_bwe_rate_busy_bps(&r, 1200 * MS, &told), 60000, 68000);
    assert_true(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_busy_path_lets_through),
        cmocka_unit_test(test_trend_sees_growth_not_jitter),
        cmocka_unit_test(test_a_longer_path_is_not_a_queue_for_ever),
        cmocka_unit_test(test_a_longer_path_is_seen_through_jitter),
        cmocka_unit_test(test_a_policer_is_told_from_chance),
        cmocka_unit_test(test_a_policer_is_held_to_what_it_lets_through),
        cmocka_unit_test(test_a_run_of_losses_is_no_policer),
        cmocka_unit_test(test_a_probe_is_judged_by_what_was_told),
        cmocka_unit_test(test_a_large_packet_is_no_queue),
        cmocka_unit_test(test_a_probe_shows_no_more_than_came),
        cmocka_unit_test(test_a_full_line_is_probed_less),
        cmocka_unit_test(test_a_line_that_is_full_since_its_end_was_found_is_probed_less),
        cmocka_unit_test(test_breaker_opens_on_silence_and_on_far_too_much),
        cmocka_unit_test(test_what_keeps_to_the_cap_never_opens_the_breaker),
        cmocka_unit_test(test_breaker_opens_when_reports_come_and_nothing_arrives),
        cmocka_unit_test(test_simple_follows_remb_loss_and_round_trips),
    };
    return cmocka_run_group_tests_name("net_bwe", tests, NULL, NULL);
}
