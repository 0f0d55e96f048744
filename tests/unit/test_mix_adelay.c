/* test_mix_adelay.c - how long playout waits where a queue on the way comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mixer/adelay.h"

#define MS MCU_NS_PER_MS
enum { EVERY_MS = 20 };

typedef struct {
    mix_adelay d;
    int64_t sent_ns;
    double drift_ppm;
    uint32_t dice;
} rig;

static rig rig_new(void)
{
    rig r = {.sent_ns = MCU_NS_PER_SEC, .dice = 1};
    mix_adelay_init(&r.d);
    return r;
}

/* So many packets that take `way_ms` and up to `jitter_ms` more, in order; -> the lowest and the highest target meanwhile. */
static void packets(rig *r, unsigned n, int64_t way_ms, unsigned jitter_ms, int64_t *low_ns, int64_t *high_ns)
{
    *low_ns = INT64_MAX;
    *high_ns = 0;
    for (unsigned i = 0; i < n; i++) {
        r->sent_ns += EVERY_MS * MS;
        r->dice = r->dice * 1664525U + 1013904223U;
        int64_t transit_ns =
            (way_ms + (r->dice >> 8) % (jitter_ms + 1)) * MS + (int64_t)((double)r->sent_ns * r->drift_ppm * 1e-6);
        mix_adelay_note(&r->d, r->sent_ns + transit_ns, transit_ns, false);
        *low_ns = r->d.target_ns < *low_ns ? r->d.target_ns : *low_ns;
        *high_ns = r->d.target_ns > *high_ns ? r->d.target_ns : *high_ns;
    }
}

/* Clocks that run apart by 100 ppm are 30 ms off after five minutes: that is no queue, and the wait stays. */
static void a_clock_that_drifts_is_no_queue(void **state)
{
    (void)state;
    static const double ppm[] = {100, -100};
    for (unsigned i = 0; i < 2; i++) {
        rig r = rig_new();
        int64_t low_ns, high_ns;
        r.drift_ppm = ppm[i];
        packets(&r, 1000, 50, 100, &low_ns, &high_ns);
        packets(&r, 50000, 50, 100, &low_ns, &high_ns);
        assert_true(low_ns >= 100 * MS && high_ns <= 125 * MS);
    }
}

static int64_t played_at_ns(const rig *r)
{
    return r->d.base_ns + r->d.target_ns;
}

/* What is played stays where it is in time as long as that is enough. */
static void a_queue_that_grows_is_waited_for_already(void **state)
{
    (void)state;
    rig r = rig_new();
    int64_t low_ns, high_ns;
    packets(&r, 1000, 50, 200, &low_ns, &high_ns);
    int64_t before_ns = played_at_ns(&r);
    packets(&r, 150, 150, 60, &low_ns, &high_ns); /* within what is waited for */
    assert_true(r.d.base_ns >= 150 * MS);
    assert_in_range(played_at_ns(&r), before_ns - 60 * MS, before_ns + 20 * MS);
}

/* A queue of half a second is gone, then nobody speaks: the first word after it does not wait for what is gone. */
static void silence_forgets_a_queue_that_drained(void **state)
{
    (void)state;
    rig r = rig_new();
    int64_t low_ns, high_ns;
    packets(&r, 1000, 500, 40, &low_ns, &high_ns);
    packets(&r, 25, 50, 40, &low_ns, &high_ns);
    assert_true(r.d.target_ns > 300 * MS);
    r.sent_ns += 30 * MCU_NS_PER_SEC;
    packets(&r, 1, 50, 40, &low_ns, &high_ns);
    assert_true(r.d.target_ns <= 100 * MS);
}

/* Somebody's upload fills a queue of 300 ms within half a second, and gives way for six. -> how many packets came too late. */
static unsigned wave(rig *r)
{
    unsigned late = 0;
    for (unsigned i = 0; i < 325; i++) {
        int64_t low_ns, high_ns, due_ns = played_at_ns(r);
        packets(r, 1, i < 25 ? 50 + 12 * i : 375 - i, 20, &low_ns, &high_ns);
        late += r->d.noted_ns - r->sent_ns > due_ns;
    }
    return late;
}

static rig rig_after_waves(unsigned n, int64_t min_ns, int64_t max_ns)
{
    rig r = rig_new();
    r.d.min_ns = min_ns;
    r.d.max_ns = max_ns;
    int64_t low_ns, high_ns;
    packets(&r, 500, 50, 20, &low_ns, &high_ns);
    for (unsigned i = 0; i < n; i++) {
        (void)wave(&r);
    }
    return r;
}

/* The second wave has taught it; when none comes any more the wait is short again, and what is for waves goes with it. */
static void a_queue_that_comes_and_goes_is_waited_for(void **state)
{
    (void)state;
    rig r = rig_after_waves(0, MIX_ADELAY_MIN_NS, MIX_ADELAY_MAX_NS);
    int64_t low_ns, high_ns;
    assert_true(wave(&r) > 10);
    (void)wave(&r);
    unsigned late = 0;
    for (unsigned i = 0; i < 5; i++) {
        late += wave(&r);
    }
    assert_in_range(late, 0, 8); /* of 1625; who follows each wave down has 45 */
    packets(&r, 350, 50, 20, &low_ns, &high_ns);
    assert_true(low_ns >= 280 * MS); /* 7 s later one may still come */
    assert_true(r.d.due_ns <= 120 * MS);
    for (unsigned i = 0; i < 1500; i++) {
        packets(&r, 1, 50, 20, &low_ns, &high_ns);
        assert_true(r.d.due_ns <= 120 * MS && r.d.target_ns >= r.d.due_ns);
    }
    assert_true(r.d.target_ns <= 100 * MS);
}

/* A line that fell once is followed back, and one on whose way down somebody tried again. */
static void a_single_wave_is_followed(void **state)
{
    (void)state;
    rig r = rig_after_waves(1, MIX_ADELAY_MIN_NS, MIX_ADELAY_MAX_NS);
    int64_t low_ns, high_ns;
    packets(&r, 250, 50, 20, &low_ns, &high_ns);
    assert_true(r.d.target_ns <= 120 * MS);
    r = rig_after_waves(0, MIX_ADELAY_MIN_NS, MIX_ADELAY_MAX_NS);
    static const int64_t humps_ms[] = {600, 400, 700};
    for (unsigned i = 0; i < 3; i++) {
        packets(&r, 50, humps_ms[i], 20, &low_ns, &high_ns);
    }
    packets(&r, 400, 50, 20, &low_ns, &high_ns);
    assert_true(r.d.target_ns == r.d.due_ns && r.d.target_ns <= 160 * MS);
}

/* Three large packets before the next of ours, then a queue that drains: it is as high as the latest packet, whatever was learnt
 * of the line before. */
static void a_wave_is_as_high_as_its_packets(void **state)
{
    (void)state;
    rig r = rig_after_waves(0, MIX_ADELAY_MIN_NS, MIX_ADELAY_MAX_NS);
    int64_t low_ns, high_ns;
    for (unsigned n = 0; n < 3; n++) {
        r.sent_ns += 20 * MS;
        for (unsigned i = 0; i < 300; i++) {
            packets(&r, 1, 440 - i, 0, &low_ns, &high_ns);
        }
        packets(&r, 300, 50, 20, &low_ns, &high_ns);
    }
    assert_in_range(r.d.target_ns, 300 * MS, 420 * MS);
}

/* A picture's wait is no part of a wave, and where a limit is too low for it none is waited for. */
static void waves_are_waited_for_within_limits(void **state)
{
    (void)state;
    rig r = rig_after_waves(4, 200 * MS, MIX_ADELAY_MAX_NS);
    assert_true(played_at_ns(&r) <= 400 * MS);
    r = rig_after_waves(4, MIX_ADELAY_MIN_NS, 160 * MS);
    assert_true(r.d.target_ns == r.d.due_ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_drifts_is_no_queue),
        cmocka_unit_test(a_queue_that_grows_is_waited_for_already),
        cmocka_unit_test(silence_forgets_a_queue_that_drained),
        cmocka_unit_test(a_queue_that_comes_and_goes_is_waited_for),
        cmocka_unit_test(a_single_wave_is_followed),
        cmocka_unit_test(a_wave_is_as_high_as_its_packets),
        cmocka_unit_test(waves_are_waited_for_within_limits),
    };
    return cmocka_run_group_tests_name("mix_adelay", tests, NULL, NULL);
}
