/* A line in use that becomes a thin one, in simulated time: how soon there are pictures again, and how they are then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/weak_room.h"

enum { A, B, C, D, E, S, AUDIO };

#define SEEDS 3

typedef struct {
    double back_s; /* until a tier was there again, from a second after the fall on */
    weak_view view;
    unsigned tier;
} fallen;

/* A good line that becomes `thin`, of which something else takes `beside_bps`: 60 s, `settle_s` after `tier` is back. */
static fallen fall(const char *name, unsigned seed, const link_profile *thin, unsigned beside_bps, unsigned tier, double settle_s)
{
    const link_profile good = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25};
    weak_room *r = weak_room_new(seed);
    weak_receiver *v = weak_room_join(r, &good, &good, B);
    weak_room_beside(v, beside_bps);
    weak_room_run(r, 10);
    weak_room_link(v, thin, thin);
    weak_room_run(r, 1);
    fallen f = {.back_s = weak_room_until(r, v, tier, 60)};
    weak_room_run(r, settle_s);
    weak_room_begin(v);
    weak_room_run(r, 60);
    f.view = weak_room_end(v);
    f.tier = weak_room_tier(v);
    weak_view_print(name, seed, &f.view, f.tier);
    printf("%24s tier %c again after %.1f s\n", "", "ABCDES-"[tier], f.back_s);
    weak_room_free(r);
    return f;
}

/* The queue fills meanwhile and loses a third: what is lost there is not a policer's, and no reason for copies; pictures come
 * back, and stay. */
static void test_9_and_10_what_is_left_of_a_good_line(void **state)
{
    (void)state;
    static const unsigned rates_bps[] = {100000, 64000};
    for (unsigned i = 0; i < 2 * SEEDS; i++) {
        const link_profile thin = {.rate_bps = rates_bps[i % 2], .queue_ms = 1000, .delay_ms = 25};
        fallen f = fall(i % 2 ? "10: 64 k" : "9: 100 k", i, &thin, 0, E, 10);
        assert_true(f.back_s <= 4);
        assert_true(f.tier <= E);
        assert_true(f.view.fps >= 7.9 && f.view.frozen <= 0.02 && f.view.queue_p95_ms <= 130 && f.view.switches <= 4);
    }
}

/* Reports and words to the page take their part; what is left is full of tier D and its sound, or of E, and stays so. */
static void test_9_and_10_full_of_pictures(void **state)
{
    (void)state;
    static const struct {
        link_profile thin;
        unsigned tier;
        double fps, frozen;
    } lines[] = {{{.rate_bps = 100000, .queue_ms = 300, .delay_ms = 25}, D, 9.8, 0.01},
                 {{.rate_bps = 64000, .queue_ms = 1000, .delay_ms = 25}, E, 7.9, 0.025}};
    for (unsigned i = 0; i < 4 * SEEDS; i++) {
        unsigned k = i % 2;
        fallen f = fall(k ? "10: 64 k, beside" : "9: 100 k, beside", i, &lines[k].thin, 4000, lines[k].tier, 5);
        assert_true(f.back_s <= (k ? 4 : 6));
        assert_int_equal(f.tier, lines[k].tier);
        assert_true(f.view.fps >= lines[k].fps && f.view.frozen <= lines[k].frozen);
        assert_true(f.view.queue_p95_ms <= 130 && f.view.latency_p95_ms <= 250 && f.view.switches <= 1);
    }
}

/* What is left carries tier C, but not much more. */
static void test_8_what_is_left_of_a_good_line(void **state)
{
    (void)state;
    const link_profile thin = {.rate_bps = 256000, .queue_ms = 2000, .delay_ms = 25};
    for (unsigned i = 0; i < 2 * SEEDS; i++) {
        fallen f = fall("8: 256 k", i, &thin, 18000, C, 5);
        assert_true(f.tier <= C);
        assert_true(f.view.fps >= 14 && f.view.frozen <= 0.02 && f.view.queue_p95_ms <= 120 && f.view.switches <= 2);
    }
}

/* The same of a browser that goes on to fill the way up, and with it the way of its feedback, for seconds. */
static void test_10_while_the_way_up_is_full(void **state)
{
    (void)state;
    const link_profile good = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25},
                       thin = {.rate_bps = 64000, .queue_ms = 1000, .delay_ms = 25};
    static const unsigned kbps[] = {225, 225, 150, 150, 120, 100, 70, 66, 64, 64, 64, 64,
                                    64,  64,  64,  64,  28,  28,  28, 28, 28, 28, 28, 28}; /* each 0.5 s */
    for (unsigned seed = 0; seed < SEEDS; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = weak_room_join(r, &good, &good, B);
        weak_room_sends(v, 220000);
        weak_room_run(r, 10);
        weak_room_link(v, &thin, &thin);
        double back_s = 0, drained_s = 0;
        for (unsigned i = 0; i < 120; i++) {
            weak_room_sends(v, (i < G_N_ELEMENTS(kbps) ? kbps[i] : 50) * 1000);
            weak_room_run(r, 0.5);
            drained_s = weak_room_queue_ms(v) > 300 && i < 40 ? i / 2.0 + 0.5 : drained_s;
            back_s = weak_room_tier(v) > E ? i / 2.0 + 0.5 : back_s;
        }
        printf("10: full way up, seed %u: pictures again after %.1f s, queue short after %.1f s\n", seed, back_s, drained_s);
        assert_true(drained_s <= 4 && back_s <= 4);
        weak_room_free(r);
    }
}

/* Feedback is late, and lost, while the person's own pictures fill the way up: that makes the path no far one, whose losses
 * copies are for, and hides little of what comes out of the queue. */
static void test_10_a_fall_while_feedback_is_late(void **state)
{
    (void)state;
    const link_profile good = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25},
                       thin = {.rate_bps = 64000, .queue_ms = 1000, .delay_ms = 25};
    double frozen = 0;
    for (unsigned seed = 1; seed <= 12; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = weak_room_join(r, &good, &good, A);
        weak_room_beside(v, 4000);
        weak_room_sends(v, 1000000);
        weak_room_run(r, 15);
        weak_room_link(v, &thin, &thin);
        weak_room_run(r, 0.4);
        for (unsigned i = 0; i < 13; i++) {
            weak_room_sends(v, i < 9 ? 68000 : 40000);
            weak_room_run(r, 0.2 + 0.005 * seed);
        }
        weak_room_sends(v, 28000);
        weak_room_run(r, 2);
        weak_room_begin(v);
        weak_room_run(r, 12);
        weak_view w = weak_room_end(v);
        weak_view_print("10: late feedback", seed, &w, weak_room_tier(v));
        assert_int_equal(weak_room_tier(v), E);
        assert_true(w.longest_gap_ms < 2000 && w.fps >= 7);
        frozen += w.frozen / 12;
        weak_room_free(r);
    }
    printf("%*s frozen on average %.2f%%\n", 22, "", frozen * 100);
    assert_true(frozen < 0.05);
}

/* A path that became longer and jitters is no queue for ever: a still is there soon, and the next ones. */
static void test_11_what_is_left_of_a_good_line(void **state)
{
    (void)state;
    const link_profile good = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25},
                       thin = {.rate_bps = 32000, .queue_ms = 2000, .delay_ms = 250, .jitter_ms = 100};
    for (unsigned seed = 1; seed <= 2 * SEEDS; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = weak_room_join(r, &good, &good, B);
        weak_room_run(r, 10);
        weak_room_link(v, &thin, &thin);
        weak_room_run(r, 20);
        weak_room_begin(v);
        weak_room_run(r, 30);
        weak_view w = weak_room_end(v);
        weak_view_print("11: from 5 M", seed, &w, weak_room_tier(v));
        assert_true(w.longest_gap_ms <= 5000 && w.audio_lost <= 0.01);
        weak_room_free(r);
    }
}

/* 1 M, 128 k for 20 s, 1 M: pictures are back soon, the queue drains, and what was there before returns. */
static void test_13_a_cut_and_its_end(void **state)
{
    (void)state;
    const link_profile wide = {.rate_bps = 1000000, .queue_ms = 1000, .delay_ms = 25},
                       thin = {.rate_bps = 128000, .queue_ms = 1000, .delay_ms = 25};
    for (unsigned seed = 1; seed <= 2; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = weak_room_join(r, &wide, &wide, B);
        weak_room_run(r, 15);
        assert_int_equal(weak_room_tier(v), B);
        weak_room_link(v, &thin, &thin);
        weak_room_begin(v);
        weak_room_run(r, 1.5);
        double queue_ms = weak_room_queue_ms(v);
        weak_room_run(r, 18.5);
        weak_view w = weak_room_end(v);
        weak_view_print("13: cut to 128 k", seed, &w, weak_room_tier(v));
        assert_true(queue_ms < 300);
        assert_true(w.longest_gap_ms < 1000);
        assert_true(w.queue_p95_ms < 600);
        weak_room_link(v, &wide, &wide);
        double back = weak_room_until(r, v, B, 20);
        printf("%24s queue after 1.5 s %.0f ms, tier B again after %.1f s\n", "", queue_ms, back);
        assert_true(back <= 12);
        weak_room_free(r);
    }
}

/* The same while a queue of the person's own media keeps feedback for most of a second: a keyframe does not wait for it. */
static void test_13_a_cut_while_feedback_is_late(void **state)
{
    (void)state;
    const link_profile wide = {.rate_bps = 1000000, .queue_ms = 1000, .delay_ms = 25},
                       thin = {.rate_bps = 128000, .queue_ms = 1000, .delay_ms = 25};
    for (unsigned seed = 1; seed <= 6; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = weak_room_join(r, &wide, &wide, B);
        weak_room_sends(v, 300000);
        weak_room_run(r, 15);
        weak_room_link(v, &thin, &thin);
        weak_room_begin(v);
        weak_room_run(r, 0.45);
        weak_room_sends(v, 30000);
        weak_room_run(r, 10);
        weak_view w = weak_room_end(v);
        weak_view_print("13: late feedback", seed, &w, weak_room_tier(v));
        assert_true(w.longest_gap_ms < 1000);
        weak_room_free(r);
    }
}

/* The same for some seconds only, and reports beside it: what was cut is looked for soon. */
static void test_13_a_short_cut(void **state)
{
    (void)state;
    const link_profile wide = {.rate_bps = 1000000, .queue_ms = 1000, .delay_ms = 25},
                       thin = {.rate_bps = 128000, .queue_ms = 1000, .delay_ms = 25};
    for (unsigned seed = 1; seed <= 6 * SEEDS; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = weak_room_join(r, &wide, &wide, B);
        weak_room_beside(v, 4000);
        weak_room_run(r, 15);
        weak_room_link(v, &thin, &thin);
        weak_room_run(r, seed % 2 ? 7 : 20);
        weak_room_link(v, &wide, &wide);
        double back = weak_room_until(r, v, B, 20);
        printf("13: cut                seed %u: tier B again after %.1f s\n", seed, back);
        assert_true(back <= 5);
        weak_room_free(r);
    }
}

/* A line that tier A fills, with a queue that stands already when it is cut, and soon after it rose to that tier. */
static void test_13_a_full_line_that_is_cut(void **state)
{
    (void)state;
    const link_profile good = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25},
                       wide = {.rate_bps = 1000000, .queue_ms = 1000, .delay_ms = 25},
                       thin = {.rate_bps = 128000, .queue_ms = 1000, .delay_ms = 25};
    double gap_ms = 0;
    unsigned full = 0;
    for (unsigned seed = 1; seed <= 12; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = weak_room_join(r, &good, &good, B);
        assert_true(weak_room_until(r, v, A, 20) <= 20);
        weak_room_beside(v, 4000);
        weak_room_link(v, &wide, &wide);
        weak_room_run(r, 0.2 + 0.1 * seed);
        unsigned before = weak_room_tier(v);
        double queue_ms = weak_room_queue_ms(v);
        full += before == A && queue_ms > 50;
        weak_room_link(v, &thin, &thin);
        weak_room_begin(v);
        weak_room_run(r, 7);
        weak_view w = weak_room_end(v);
        weak_room_link(v, &wide, &wide);
        double back_s = weak_room_until(r, v, B, 20);
        weak_view_print("13: full, then cut", seed, &w, weak_room_tier(v));
        printf("%24s from tier %c, %.0f ms; tier B again after %.1f s\n", "", "ABCDES-"[before], queue_ms, back_s);
        assert_true(back_s <= 5 && w.longest_gap_ms <= 3000);
        gap_ms += w.longest_gap_ms / 12;
        weak_room_free(r);
    }
    printf("%24s gap on average %.0f ms\n", "", gap_ms);
    assert_true(full >= 6 && gap_ms < 1700);
}

/* What a line that lost 30 % needed in copies has no room in one of 64 kbit/s. */
static void test_copies_do_not_follow_to_a_thin_line(void **state)
{
    (void)state;
    link_profile good = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 50};
    link_profile lossy = {.delay_ms = 50, .loss = 0.3}, thin = {.rate_bps = 64000, .queue_ms = 1000, .delay_ms = 25};
    double frozen = 0;
    for (unsigned seed = 1; seed <= 8; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = weak_room_join(r, &good, &good, B);
        weak_room_run(r, 10);
        weak_room_link(v, &lossy, &lossy);
        weak_room_run(r, 20);
        weak_room_link(v, &thin, &thin);
        weak_room_run(r, 5);
        weak_room_begin(v);
        weak_room_run(r, 12);
        weak_view w = weak_room_end(v);
        weak_view_print("30 %, then 64 k", seed, &w, weak_room_tier(v));
        frozen += w.frozen / 8;
        weak_room_free(r);
    }
    printf("%*s frozen on average %.2f%%\n", 22, "", frozen * 100);
    assert_true(frozen < 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_9_and_10_what_is_left_of_a_good_line),
        cmocka_unit_test(test_9_and_10_full_of_pictures),
        cmocka_unit_test(test_8_what_is_left_of_a_good_line),
        cmocka_unit_test(test_10_while_the_way_up_is_full),
        cmocka_unit_test(test_10_a_fall_while_feedback_is_late),
        cmocka_unit_test(test_11_what_is_left_of_a_good_line),
        cmocka_unit_test(test_13_a_cut_and_its_end),
        cmocka_unit_test(test_13_a_cut_while_feedback_is_late),
        cmocka_unit_test(test_13_a_short_cut),
        cmocka_unit_test(test_13_a_full_line_that_is_cut),
        cmocka_unit_test(test_copies_do_not_follow_to_a_thin_line),
    };
    return cmocka_run_group_tests_name("room_fallen_line", tests, NULL, NULL);
}
