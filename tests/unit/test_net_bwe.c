#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/net/bwe.h"
#include "mcu/net/bwe_breaker.h"
#include "mcu/net/bwe_loss.h"
#include "mcu/net/bwe_probe.h"
#include "mcu/net/bwe_queue.h"
#include "mcu/net/bwe_simple.h"
#include "mcu/net/bwe_trend.h"

#define MS INT64_C(1000000)
#define SEC (1000 * MS)

/* ---- a scripted path: packets of 500 bytes every 10 ms (430 kbit/s on the wire), told of every 100 ms ---- */

typedef struct {
    mcu_bwe *bwe;
    int64_t now_ns, free_ns;
    unsigned seq, told;
    struct {
        int64_t sent_ns, arrival_ns;
        bool lost;
    } packets[65536];
    unsigned rate_bps; /* of the bottleneck, 0 = none */
    unsigned lose_every;
    bool deaf;            /* nothing is told */
    int64_t more_ns;      /* the path is longer */
    unsigned tells, each; /* only one feedback of so many comes back; 0 = all */
} path;

static path *path_new(unsigned rate_bps)
{
    path *p = test_calloc(1, sizeof *p);
    p->bwe = mcu_bwe_new(500000);
    p->rate_bps = rate_bps;
    p->now_ns = 100 * SEC;
    return p;
}

static void path_free(path *p)
{
    mcu_bwe_free(p->bwe);
    test_free(p);
}

static void send(path *p, unsigned size)
{
    unsigned k = p->seq++ & 0xffff;
    int64_t out_ns = p->free_ns > p->now_ns ? p->free_ns : p->now_ns;
    out_ns += p->rate_bps > 0 ? (int64_t)size * 8 * SEC / p->rate_bps : 0;
    p->free_ns = out_ns;
    p->packets[k].sent_ns = p->now_ns;
    p->packets[k].arrival_ns = out_ns + 20 * MS + p->more_ns;
    p->packets[k].lost = p->lose_every > 0 && k % p->lose_every == 0;
    mcu_bwe_sent(p->bwe, (int)k, size, p->now_ns);
}

static void tell(path *p, unsigned size)
{
    bool any = false, heard = !p->deaf && (p->each == 0 || ++p->tells % p->each == 0);
    for (; p->told < p->seq && p->packets[p->told & 0xffff].arrival_ns + 20 * MS <= p->now_ns; p->told++) {
        unsigned k = p->told & 0xffff;
        mcu_twcc_result r = {.seq = (uint16_t)k,
                             .size = (uint16_t)size,
                             .received = !p->packets[k].lost,
                             .sent_ns = p->packets[k].sent_ns,
                             .arrival_ns = p->packets[k].arrival_ns};
        if (heard) {
            mcu_bwe_result(p->bwe, &r, p->now_ns);
        }
        any = true;
    }
    if (any && heard) {
        mcu_bwe_feedback(p->bwe, p->now_ns);
    }
}

static mcu_bwe_view run(path *p, double seconds)
{
    const unsigned size = 538;
    for (int64_t end = p->now_ns + (int64_t)(seconds * 1e9); p->now_ns < end; p->now_ns += 10 * MS) {
        send(p, size);
        for (unsigned k = 0; k < 32 && mcu_bwe_filling(p->bwe, p->now_ns) > 0; k++) {
            send(p, size);
        }
        if (p->now_ns % (100 * MS) == 0) {
            tell(p, size);
        }
        if (p->now_ns % (20 * MS) == 0) {
            mcu_bwe_tick(p->bwe, p->now_ns);
        }
    }
    mcu_bwe_view v;
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    return v;
}

static void test_what_passes_is_believed_and_no_more_than_half_again(void **state)
{
    (void)state;
    path *p = path_new(0);
    mcu_bwe_view v = run(p, 60);
    assert_int_equal(v.state, MCU_BWE_OPEN);
    assert_in_range(v.estimate_bps, 430000, 700000);
    assert_in_range(v.proven_bps, 400000, 450000);
    assert_true(v.queue_ns < 2 * MS);
    path_free(p);
}

static void test_a_full_queue_cuts_below_what_comes_through(void **state)
{
    (void)state;
    path *p = path_new(0);
    run(p, 10);
    p->rate_bps = 200000;
    mcu_bwe_view v = run(p, 1);
    assert_in_range(v.estimate_bps, 120000, 190000);
    assert_true(v.queue_ns > 250 * MS);
    assert_true(v.window_bytes < 20000 && v.in_flight > v.window_bytes); /* pictures wait */
    path_free(p);
}

/* The way back is full: of little that is told little came in. */
static void test_feedback_that_is_lost_is_not_a_thin_path(void **state)
{
    (void)state;
    path *p = path_new(0);
    run(p, 10);
    p->each = 15;
    p->more_ns = 350 * MS;
    mcu_bwe_view v = run(p, 6);
    assert_true(v.estimate_bps > 150000);
    path_free(p);
}

/* Nothing less can be sent, and what is taken for a queue neither grows nor drains. */
static void test_a_path_that_became_longer_is_believed_in_again(void **state)
{
    (void)state;
    path *p = path_new(0);
    run(p, 10);
    p->more_ns = 300 * MS;
    mcu_bwe_view v = run(p, 3);
    assert_true(v.queue_ns > 250 * MS);
    v = run(p, 7);
    assert_true(v.queue_ns < 20 * MS);
    assert_true(v.estimate_bps > 400000);
    path_free(p);
}

static void test_random_loss_without_delay_cuts_nothing(void **state)
{
    (void)state;
    path *p = path_new(0);
    p->lose_every = 5;
    mcu_bwe_view v = run(p, 60);
    assert_true(v.loss > 0.18 && v.loss < 0.22);
    assert_false(v.policed);
    assert_in_range(v.estimate_bps, 430000, 680000); /* 100 / (0.20 - 0.05) = 667 */
    path_free(p);
}

static void test_a_probe_shows_what_there_is(void **state)
{
    (void)state;
    path *p = path_new(5000000);
    run(p, 5);
    mcu_bwe_set_goal(p->bwe, 1500000);
    mcu_bwe_view v = run(p, 3);
    assert_true(v.proven_bps >= 1350000);
    path_free(p);
    p = path_new(700000);
    run(p, 5);
    mcu_bwe_set_goal(p->bwe, 1500000);
    v = run(p, 5);
    assert_in_range(v.proven_bps, 420000, 700000);
    assert_true(v.queue_ns < 60 * MS);
    path_free(p);
}

static void test_silence_is_an_outage_and_ends_with_the_first_word(void **state)
{
    (void)state;
    path *p = path_new(0);
    unsigned before = run(p, 10).estimate_bps;
    p->deaf = true;
    assert_int_equal(run(p, 0.4).state, MCU_BWE_OPEN);
    mcu_bwe_view v = run(p, 1.5);
    assert_int_equal(v.state, MCU_BWE_OUTAGE);
    assert_int_equal(v.estimate_bps, before);
    p->deaf = false;
    v = run(p, 0.2);
    assert_int_equal(v.state, MCU_BWE_OPEN);
    assert_true(v.estimate_bps >= before * 8 / 10);
    path_free(p);
}

static void test_a_long_outage_halves_what_is_believed(void **state)
{
    (void)state;
    path *p = path_new(0);
    unsigned before = run(p, 10).estimate_bps;
    p->deaf = true;
    run(p, 10);
    p->deaf = false;
    tell(p, 538);
    mcu_bwe_view v;
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    assert_int_equal(v.state, MCU_BWE_OPEN);
    assert_in_range(v.estimate_bps, before / 2 - 1, before);
    path_free(p);
}

static void test_remb_bounds_and_nonsense_is_refused(void **state)
{
    (void)state;
    path *p = path_new(0);
    unsigned before = run(p, 5).estimate_bps;
    assert_false(mcu_bwe_remb(p->bwe, 0, p->now_ns));
    assert_false(mcu_bwe_remb(p->bwe, UINT64_C(1) << 63, p->now_ns));
    mcu_bwe_view v;
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    assert_int_equal(v.estimate_bps, before);
    assert_true(mcu_bwe_remb(p->bwe, 100000, p->now_ns));
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    assert_int_equal(v.estimate_bps, 100000);
    assert_true(mcu_bwe_remb(p->bwe, 1, p->now_ns));
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    assert_int_equal(v.estimate_bps, MCU_BWE_FLOOR_BPS);
    mcu_bwe_get(p->bwe, p->now_ns + 11 * SEC, &v); /* it is not said any more */
    assert_true(v.estimate_bps >= before);
    path_free(p);
}

/* Numbers that were never sent, times from anywhere: an estimate comes out, and later truth is heard. */
static void test_impossible_feedback_moves_the_liar_alone_and_heals(void **state)
{
    (void)state;
    path *p = path_new(0);
    run(p, 5);
    uint32_t x = 1;
    for (unsigned i = 0; i < 200000; i++) {
        x ^= x << 13, x ^= x >> 17, x ^= x << 5;
        unsigned k = x & 0xffff;
        mcu_twcc_result r = {.seq = (uint16_t)k,
                             .size = (uint16_t)(x >> 8),
                             .received = x & 0x10000,
                             .sent_ns = x & 0x20000 ? p->packets[k].sent_ns : (int64_t)x * MS,
                             .arrival_ns = ((int64_t)x << 20) - ((int64_t)1 << 50)};
        mcu_bwe_result(p->bwe, &r, p->now_ns);
        if (i % 50 == 0) {
            mcu_bwe_feedback(p->bwe, p->now_ns += MS);
        }
        mcu_bwe_view v;
        mcu_bwe_get(p->bwe, p->now_ns, &v);
        assert_in_range(v.estimate_bps, MCU_BWE_FLOOR_BPS, MCU_BWE_MAX_BPS);
    }
    p->told = p->seq;
    assert_true(run(p, 90).estimate_bps > 400000);
    path_free(p);
}

/* ---- parts ---- */

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
        mcu_bwe_queue_add(&q, now, now + 20 * MS);
        (void)mcu_bwe_queue_end(&q, false, now);
    }
    assert_int_equal(q.queue_ns, 0);
    for (; now < 13 * SEC; now += 100 * MS) {
        mcu_bwe_queue_add(&q, now, now + 220 * MS);
        (void)mcu_bwe_queue_end(&q, true, now);
    }
    assert_int_equal(q.queue_ns, 200 * MS);
    for (; now < 16 * SEC; now += 100 * MS) {
        mcu_bwe_queue_add(&q, now, now + 220 * MS);
        (void)mcu_bwe_queue_end(&q, true, now);
    }
    assert_int_equal(q.queue_ns, 0);
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
    assert_true(mcu_bwe_probe_start(p, 50000, 0.3, 0, start_ns));
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

/* A line that is full of media drains what a probe puts in it for seconds: it is not asked again so soon. */
static void test_a_full_line_is_probed_less(void **state)
{
    (void)state;
    for (unsigned busy = 0; busy < 2; busy++) {
        mcu_bwe_probe p;
        unsigned bps;
        mcu_bwe_probe_init(&p);
        p.goal_bps = 80000;
        assert_true(mcu_bwe_probe_start(&p, 60000, 0, 0, SEC));
        for (unsigned k = 0; k < 12; k++) {
            unsigned id = mcu_bwe_probe_sent(&p, 150, SEC + k * 15 * MS);
            mcu_bwe_probe_told(&p, id, 150, true, SEC + 50 * MS + k * 20 * MS);
        }
        p.cluster.grew = true;
        assert_true(mcu_bwe_probe_judge(&p, 0, busy ? 58000 : 40000, 100 * MS, 2 * SEC, &bps));
        assert_in_range(bps, 50000, 62000);
        assert_int_equal((p.next_ns - 2 * SEC) / SEC, busy ? 10 : 3);
    }
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

static void test_simple_follows_remb_loss_and_round_trips(void **state)
{
    (void)state;
    mcu_bwe_simple s;
    mcu_bwe_simple_init(&s, 400000);
    int64_t now = SEC;
    for (unsigned i = 0; i < 20; i++, now += SEC) {
        mcu_bwe_simple_report(&s, 0, 50 * MS, 400000, 0, now);
    }
    assert_true(s.bps > 500000 && s.bps < 650000);
    mcu_bwe_simple_report(&s, 0, 50 * MS, 400000, 1500000, now += SEC);
    assert_true(s.bps >= 1500000);
    mcu_bwe_simple_report(&s, 0.4, 50 * MS, 400000, 0, now += SEC);
    assert_true(s.bps < 1300000);
    mcu_bwe_simple_report(&s, 0, 600 * MS, 400000, 0, now += 2 * SEC);
    assert_true(s.bps < 350000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_passes_is_believed_and_no_more_than_half_again),
        cmocka_unit_test(test_a_full_queue_cuts_below_what_comes_through),
        cmocka_unit_test(test_feedback_that_is_lost_is_not_a_thin_path),
        cmocka_unit_test(test_a_path_that_became_longer_is_believed_in_again),
        cmocka_unit_test(test_random_loss_without_delay_cuts_nothing),
        cmocka_unit_test(test_a_probe_shows_what_there_is),
        cmocka_unit_test(test_silence_is_an_outage_and_ends_with_the_first_word),
        cmocka_unit_test(test_a_long_outage_halves_what_is_believed),
        cmocka_unit_test(test_remb_bounds_and_nonsense_is_refused),
        cmocka_unit_test(test_impossible_feedback_moves_the_liar_alone_and_heals),
        cmocka_unit_test(test_trend_sees_growth_not_jitter),
        cmocka_unit_test(test_a_longer_path_is_not_a_queue_for_ever),
        cmocka_unit_test(test_a_policer_is_told_from_chance),
        cmocka_unit_test(test_a_policer_is_held_to_what_it_lets_through),
        cmocka_unit_test(test_a_run_of_losses_is_no_policer),
        cmocka_unit_test(test_a_probe_is_judged_by_what_was_told),
        cmocka_unit_test(test_a_full_line_is_probed_less),
        cmocka_unit_test(test_breaker_opens_on_silence_and_on_far_too_much),
        cmocka_unit_test(test_simple_follows_remb_loss_and_round_trips),
    };
    return cmocka_run_group_tests_name("net_bwe", tests, NULL, NULL);
}
