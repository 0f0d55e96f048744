/* The bandwidth estimate on a scripted path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/net/bwe.h"

#define MS INT64_C(1000000)
#define SEC (1000 * MS)

/* ---- a scripted path: packets of 500 bytes every 10 ms (430 kbit/s on the wire), told of every 100 ms ---- */

typedef struct {
    mcu_bwe *bwe;
    int64_t now_ns, free_ns;
    unsigned seq, told;
    struct {
        int64_t sent_ns, arrival_ns;
        uint16_t size;
        bool lost;
    } packets[65536];
    unsigned rate_bps; /* of the bottleneck, 0 = none */
    unsigned lose_every;
    bool deaf;            /* nothing is told */
    int64_t more_ns;      /* the path is longer */
    int64_t back_ns;      /* so is the way of feedback */
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
    p->packets[k].size = (uint16_t)size;
    p->packets[k].arrival_ns = out_ns + 20 * MS + p->more_ns;
    p->packets[k].lost = p->lose_every > 0 && k % p->lose_every == 0;
    mcu_bwe_sent(p->bwe, (int)k, size, p->now_ns);
}

static void tell(path *p)
{
    bool any = false, heard = !p->deaf && (p->each == 0 || ++p->tells % p->each == 0);
    for (; p->told < p->seq && p->packets[p->told & 0xffff].arrival_ns + 20 * MS + p->back_ns <= p->now_ns; p->told++) {
        unsigned k = p->told & 0xffff;
        mcu_twcc_result r = {.seq = (uint16_t)k,
                             .size = p->packets[k].size,
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
            tell(p);
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

/* What has come out of a queue meanwhile is under way no longer, whatever keeps feedback away; on a thin line nothing is guessed.
 */
static void test_a_queue_drains_while_feedback_is_late(void **state)
{
    (void)state;
    static const struct {
        unsigned rate_bps, least_bytes, most_bytes; /* in 0.6 s, and in however long */
    } lines[] = {{200000, 10000, 26000}, {64000, 0, 4000}};
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        path *p = path_new(0);
        run(p, 10);
        p->rate_bps = lines[i].rate_bps;
        mcu_bwe_view v = run(p, 1);
        assert_true(v.window_bytes < 8000);
        assert_int_equal(v.drains_bps != 0, lines[i].least_bytes != 0);
        mcu_bwe_get(p->bwe, p->now_ns + 600 * MS, &v);
        assert_in_range(v.window_bytes, lines[i].least_bytes, lines[i].most_bytes);
        mcu_bwe_get(p->bwe, p->now_ns + 5 * SEC, &v);
        assert_in_range(v.window_bytes, lines[i].least_bytes, lines[i].most_bytes);
        path_free(p);
    }
}

/* Sound alone, 18 kbit/s, and now and then a picture at once. */
static unsigned speak(path *p, double seconds, unsigned picture_bytes)
{
    int64_t tick = 0;
    for (int64_t end = p->now_ns + (int64_t)(seconds * 1e9); p->now_ns < end; p->now_ns += 20 * MS, tick++) {
        if (tick % 3 == 0) {
            send(p, 135);
        }
        for (unsigned left = tick % 100 == 50 ? picture_bytes : 0; left >= 500; left -= 500) {
            send(p, 500);
        }
        if (tick % 5 == 0) {
            tell(p);
        }
        mcu_bwe_tick(p->bwe, p->now_ns);
    }
    mcu_bwe_view v;
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    return v.estimate_bps;
}

static bool held(const path *p)
{
    mcu_bwe_view v;
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    return v.window_bytes != UINT32_MAX;
}

/* Most of what is sent goes into a queue: pictures wait before it is long. */
static void test_a_steep_queue_counts_early(void **state)
{
    (void)state;
    path *p = path_new(0);
    run(p, 10);
    p->rate_bps = 100000;
    mcu_bwe_view v = {0};
    for (unsigned i = 0; i < 100 && !held(p); i++) {
        v = run(p, 0.01);
    }
    assert_true(held(p));
    assert_in_range(v.late_ns, 100 * MS, 150 * MS);
    path_free(p);
}

/* Little came in before a picture stood in the queue, because little was sent: as long as it stood the path was busy. */
static void test_a_burst_after_little_is_no_thin_path(void **state)
{
    (void)state;
    path *p = path_new(64000);
    run(p, 3);
    unsigned before = speak(p, 30, 0);
    assert_in_range(before, 25000, 70000);
    for (unsigned i = 0; i < 5; i++) {
        assert_true(speak(p, 2, 3000) > 35000);
    }
    path_free(p);
}

/* 20 kbit/s of sound, `n` times 200 ms. */
static unsigned speak_on(path *p, unsigned n)
{
    unsigned estimate_bps = 0;
    for (unsigned i = 0; i < n; i++) {
        estimate_bps = speak(p, 0.2, 0);
    }
    return estimate_bps;
}

/* At the end of a queue less comes out for a moment, with somebody else in it: what came out of all of it before tells more. */
static void test_what_came_out_of_a_long_queue_is_known_while_it_drains(void **state)
{
    (void)state;
    path *p = path_new(64000);
    run(p, 0.3);
    speak_on(p, 12);
    p->rate_bps = 14000;
    assert_in_range(speak_on(p, 7), 30000, 64000);
    assert_true(speak_on(p, 10) < 20000);
    path_free(p);
}

/* Less than comes out of a queue is believed in to let it go. */
static void test_what_came_out_of_a_queue_is_believed_in_once_it_has_drained(void **state)
{
    (void)state;
    path *p = path_new(0);
    run(p, 10);
    p->rate_bps = 64000;
    run(p, 0.3);
    mcu_bwe_view v = {.queue_ns = SEC};
    for (unsigned i = 0; i < 60 && v.queue_ns > 50 * MS; i++) {
        speak(p, 0.1, 0);
        mcu_bwe_get(p->bwe, p->now_ns, &v);
    }
    assert_true(v.queue_ns <= 50 * MS);
    assert_in_range(v.estimate_bps, 56000, 64000);
    assert_in_range(v.came_bps, 58000, 68000);
    assert_true(mcu_bwe_remb(p->bwe, 40000, p->now_ns));
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    assert_int_equal(v.came_bps, 0); /* nothing is raised to what the remote does not want */
    path_free(p);
}

/* What was known when a queue began to drain is not held against one that goes on growing: only sound is sent, and less passes.
 */
static void test_a_queue_that_never_drains_is_believed(void **state)
{
    (void)state;
    path *p = path_new(64000);
    run(p, 0.3);
    speak(p, 1, 0);
    p->rate_bps = 14000;
    assert_true(speak(p, 3, 0) > 30000);
    assert_true(speak(p, 9, 0) < 20000);
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

/* The same where pictures wait for it, as they do: that less comes then is no reason to believe in less and less. */
static void test_a_longer_path_is_believed_in_though_pictures_wait(void **state)
{
    (void)state;
    path *p = path_new(0);
    mcu_bwe_set_goal(p->bwe, 2000000);
    run(p, 10);
    mcu_bwe_set_goal(p->bwe, 0);
    p->more_ns = 280 * MS;
    for (int64_t until_ns = p->now_ns + 7 * SEC; p->now_ns < until_ns;) {
        if (held(p)) {
            speak(p, 0.1, 0);
        } else {
            run(p, 0.1);
        }
    }
    mcu_bwe_view v;
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    assert_true(v.estimate_bps > 330000);
    path_free(p);
}

/* A queue came with it: what came out of that is all there is. */
static void test_a_path_that_became_longer_and_thin_is_thin(void **state)
{
    (void)state;
    path *p = path_new(0);
    run(p, 10);
    p->more_ns = 300 * MS;
    p->rate_bps = 64000;
    run(p, 0.4);
    for (unsigned i = 0; i < 15; i++) {
        assert_true(speak(p, 1, 0) < 200000 || i < 2);
    }
    assert_in_range(speak(p, 1, 0), 20000, 70000);
    path_free(p);
}

static void test_a_queue_of_the_way_back_makes_no_far_path(void **state)
{
    (void)state;
    path *p = path_new(0);
    run(p, 10);
    p->back_ns = 900 * MS;
    mcu_bwe_view v = run(p, 4);
    assert_true(v.rtt_ns > 400 * MS && v.path_rtt_ns < 150 * MS);
    v = run(p, 11);
    assert_true(v.path_rtt_ns > 900 * MS); /* it stays so */
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
    tell(p);
    mcu_bwe_view v;
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    assert_int_equal(v.state, MCU_BWE_OPEN);
    assert_in_range(v.estimate_bps, before / 2 - 1, before);
    path_free(p);
}

/* RFC 8083 4.3: half of it is lost at a round trip of more than 2 s, where ten times what TCP would send is 80 kbit/s. */
static void test_far_too_much_is_stopped_and_may_begin_again(void **state)
{
    (void)state;
    path *p = path_new(0);
    p->more_ns = p->back_ns = SEC;
    run(p, 10);
    p->lose_every = 2;
    mcu_bwe_view v = {0};
    unsigned seconds = 0;
    while (v.state != MCU_BWE_BROKEN && seconds++ < 60) {
        v = run(p, 1);
    }
    assert_in_range(seconds, 15, 30);
    p->lose_every = 0;
    speak(p, 25, 0);
    mcu_bwe_get(p->bwe, p->now_ns, &v);
    assert_int_equal(v.state, MCU_BWE_BROKEN);
    speak(p, 6, 0);
    v = run(p, 10);
    assert_int_equal(v.state, MCU_BWE_OPEN);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_passes_is_believed_and_no_more_than_half_again),
        cmocka_unit_test(test_a_full_queue_cuts_below_what_comes_through),
        cmocka_unit_test(test_a_queue_drains_while_feedback_is_late),
        cmocka_unit_test(test_a_steep_queue_counts_early),
        cmocka_unit_test(test_a_burst_after_little_is_no_thin_path),
        cmocka_unit_test(test_what_came_out_of_a_long_queue_is_known_while_it_drains),
        cmocka_unit_test(test_what_came_out_of_a_queue_is_believed_in_once_it_has_drained),
        cmocka_unit_test(test_a_longer_path_is_believed_in_though_pictures_wait),
        cmocka_unit_test(test_a_path_that_became_longer_and_thin_is_thin),
        cmocka_unit_test(test_a_queue_of_the_way_back_makes_no_far_path),
        cmocka_unit_test(test_a_queue_that_never_drains_is_believed),
        cmocka_unit_test(test_feedback_that_is_lost_is_not_a_thin_path),
        cmocka_unit_test(test_a_path_that_became_longer_is_believed_in_again),
        cmocka_unit_test(test_random_loss_without_delay_cuts_nothing),
        cmocka_unit_test(test_a_probe_shows_what_there_is),
        cmocka_unit_test(test_silence_is_an_outage_and_ends_with_the_first_word),
        cmocka_unit_test(test_a_long_outage_halves_what_is_believed),
        cmocka_unit_test(test_far_too_much_is_stopped_and_may_begin_again),
        cmocka_unit_test(test_remb_bounds_and_nonsense_is_refused),
        cmocka_unit_test(test_impossible_feedback_moves_the_liar_alone_and_heals),
    };
    return cmocka_run_group_tests_name("net_bwe", tests, NULL, NULL);
}
