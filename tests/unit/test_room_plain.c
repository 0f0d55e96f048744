/* Somebody whose device gives no transport-wide feedback, on links in simulated time: loss and round trips of a report every
 * second are all that is known. It takes longer and holds less than test_room_weak_link, but goes down at once, up by trials, and
 * ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/weak_room.h"

enum { A, B, C, D, E, S, AUDIO };

#define SEEDS 6

static const link_profile wide = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25},
                          thin = {.rate_bps = 128000, .queue_ms = 1000, .delay_ms = 25};

static const struct {
    const char *name;
    link_profile link;
    unsigned least; /* smallest tier at the end */
    double frozen;  /* most */
    double fps;     /* least */
    unsigned switches;
} rows[] = {
    {"5 M", {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25}, A, 0.01, 24, 2},
    {"1 M", {.rate_bps = 1000000, .queue_ms = 500, .delay_ms = 25}, C, 0.08, 18, 10},
    {"256 k", {.rate_bps = 256000, .queue_ms = 2000, .delay_ms = 25}, D, 0.04, 9, 6},
    {"128 k", {.rate_bps = 128000, .queue_ms = 1000, .delay_ms = 25}, E, 0.25, 6, 8},
    {"5 %", {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 50, .loss = 0.05}, C, 0.01, 14, 3},
    {"10 %", {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 50, .loss = 0.1}, E, 0.08, 7, 5},
};

static void test_links(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned seed = 1; seed <= SEEDS; seed++) {
            weak_room *r = weak_room_new(seed);
            weak_receiver *v = weak_room_join(r, &rows[i].link, &rows[i].link, B);
            weak_room_plain(v);
            weak_room_run(r, 20);
            weak_room_begin(v);
            weak_room_run(r, 60);
            weak_view w = weak_room_end(v);
            weak_view_print(rows[i].name, seed, &w, weak_room_tier(v));
            assert_true(weak_room_tier(v) <= rows[i].least);
            assert_true(w.frozen <= rows[i].frozen);
            assert_true(w.fps >= rows[i].fps);
            assert_true(w.switches <= rows[i].switches);
            assert_true(w.audio_lost <= rows[i].link.loss + 0.05);
            weak_room_free(r);
        }
    }
}

/* Seconds until the picture is smaller than `tier`. */
static double falls_below(weak_room *r, const weak_receiver *v, unsigned tier)
{
    double seconds = 0;
    for (; weak_room_tier(v) <= tier && seconds < 20; seconds += 0.1) {
        weak_room_run(r, 0.1);
    }
    return seconds;
}

/* 5 Mbit/s, 128 kbit/s for a while, and back. */
static void test_down_at_once_and_up_slowly(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = weak_room_join(r, &wide, &wide, B);
        weak_room_plain(v);
        weak_room_run(r, 60);
        assert_int_equal(weak_room_tier(v), A);
        weak_room_link(v, &thin, &thin);
        double fell = falls_below(r, v, B);
        weak_room_run(r, 12);
        weak_room_begin(v);
        weak_room_run(r, 60);
        weak_view w = weak_room_end(v);
        weak_view_print("128 k after 5 M", seed, &w, weak_room_tier(v));
        weak_room_link(v, &wide, &wide);
        weak_room_begin(v);
        double b = weak_room_until(r, v, B, 240), a = weak_room_until(r, v, A, 120);
        weak_view back = weak_room_end(v);
        weak_view_print("5 M again", seed, &back, weak_room_tier(v));
        printf("%24s fell after %.1f s, B after %.0f s, A %.0f s later\n", "", fell, b, a);
        assert_true(fell <= 4);
        assert_true(w.frozen <= 0.4 && w.fps >= 5 && w.switches <= 8);
        assert_true(b >= 5 && b <= 240 && a <= 120);
        assert_true(back.frozen <= 0.05);
        weak_room_free(r);
    }
}

static const link_profile longer = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 300};

/* A minute on `before`, and another on the longer path. */
static weak_receiver *after_longer(weak_room *r, const link_profile *before)
{
    weak_receiver *v = weak_room_join(r, before, before, B);
    weak_room_plain(v);
    weak_room_run(r, 60);
    weak_room_link(v, &longer, &longer);
    weak_room_run(r, 60);
    return v;
}

/* A call that goes on over a satellite: nothing but the delay is new. */
static void test_longer_path(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = after_longer(r, &wide);
        weak_room_begin(v);
        weak_room_run(r, 30);
        weak_view w = weak_room_end(v);
        weak_view_print("RTT 50, then 600", seed, &w, weak_room_tier(v));
        assert_true(weak_room_tier(v) <= B);
        assert_true(w.frozen <= 0.01 && w.fps >= 24 && w.switches <= 2);
        weak_room_free(r);
    }
}

/* The same where there was hardly more than sound before: less can be sent only by giving the picture up for a while. */
static void test_longer_path_after_a_thin_one(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        weak_room *r = weak_room_new(seed);
        weak_receiver *v = after_longer(r, &thin);
        unsigned after_60_s = weak_room_tier(v);
        double more_s = weak_room_until(r, v, C, 60);
        printf("128 k, then RTT 600    seed %u: tier %c after 60 s, C after %.0f s more\n", seed, "ABCDES-"[after_60_s], more_s);
        assert_true(weak_room_tier(v) <= C);
        weak_room_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_links),
        cmocka_unit_test(test_down_at_once_and_up_slowly),
        cmocka_unit_test(test_longer_path),
        cmocka_unit_test(test_longer_path_after_a_thin_one),
    };
    return cmocka_run_group_tests_name("room_plain", tests, NULL, NULL);
}
