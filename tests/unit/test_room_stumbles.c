/* A line that is wide but stumbles: a host, an access point or a radio is busy for a moment, what waited comes in late and soon
 * after. Pictures of the best tier are far less than the line carries, so nothing is gained by sending less. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/weak_room.h"

enum { A, B };

#define STEP_S 0.05
#define SEEDS 8

/* Packets come later and later, up to `most_ms`, and then in time again; every `every_s` seconds. */
static void run(weak_room *r, weak_receiver *v, unsigned most_ms, double rises_s, double every_s, double seconds)
{
    for (double t = 0; t < seconds; t += STEP_S) {
        double at_s = t - every_s * (int)(t / every_s);
        unsigned late_ms = at_s < rises_s ? (unsigned)(most_ms * (at_s + STEP_S) / rises_s) : 0;
        link_profile down = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25 + late_ms};
        link_profile up = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25};
        weak_room_link(v, &down, &up);
        weak_room_run(r, STEP_S);
    }
}

static weak_view stumble(unsigned seed, unsigned most_ms, double rises_s)
{
    link_profile good = {.rate_bps = 5000000, .queue_ms = 300, .delay_ms = 25};
    weak_room *r = weak_room_new(seed);
    weak_receiver *v = weak_room_join(r, &good, &good, B);
    weak_room_run(r, 20);
    weak_room_begin(v);
    run(r, v, most_ms, rises_s, 3, 60);
    weak_view w = weak_room_end(v);
    printf("late by %3u ms within %.2f s, seed %u: tier %c, %u switches, longest gap %.0f ms\n", most_ms, rises_s, seed,
           "AB-----"[weak_room_tier(v)], w.switches, w.longest_gap_ms);
    weak_room_free(r);
    return w;
}

static void test_best_tier_stays(void **state)
{
    (void)state;
    static const struct {
        unsigned most_ms;
        double rises_s;
    } cases[] = {{60, 0.1}, {90, 0.2}, {80, 0.4}, {90, 0.8}};
    unsigned switches = 0;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned seed = 1; seed <= SEEDS; seed++) {
            switches += stumble(seed, cases[i].most_ms, cases[i].rises_s).switches;
        }
    }
    assert_int_equal(switches, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_best_tier_stays)};
    return cmocka_run_group_tests_name("room_stumbles", tests, NULL, NULL);
}
