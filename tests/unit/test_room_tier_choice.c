#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/media.h"
#include "mcu/room/ladder.h"

static const mcu_tier_table table = {.n_tiers = 4, .wire_bps = {1265000, 425000, 158000, 70000}, .audio_bps = 55000};

static int64_t now_ns;

static unsigned hold(mcu_tier_choice *c, mcu_peer_link link, double seconds)
{
    for (double t = 0; t < seconds; t += 0.1) {
        now_ns += 100 * MCU_NS_PER_MS;
        mcu_tier_choice_step(c, &table, &link, now_ns);
    }
    return c->tier;
}

static void start(mcu_tier_choice *c, unsigned tier, unsigned top)
{
    now_ns = 1000 * MCU_NS_PER_SEC;
    mcu_tier_choice_init(c, &table, tier, top, now_ns);
}

/* A path that carries `bps`, and shows it when asked. */
static mcu_peer_link path(unsigned bps)
{
    return (mcu_peer_link){.estimate_bps = bps, .proven_bps = bps, .probes = true};
}

static void test_a_guess_moves_nothing(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    mcu_peer_link guess = path(20000);
    guess.unheard = true;
    assert_int_equal(hold(&c, guess, 30), 1);
}

static void test_up_only_on_proof(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 2, 0);
    mcu_peer_link believed = path(5000000);
    believed.proven_bps = 220000;
    assert_int_equal(hold(&c, believed, 30), 2);
    assert_int_equal(mcu_tier_choice_goal(&c, &table, now_ns), 576000);
    assert_int_equal(hold(&c, path(530000), 0.1), 1);
    assert_int_equal(hold(&c, path(1400000), 10), 1);
    assert_int_equal(hold(&c, path(1600000), 0.1), 0);
    assert_int_equal(mcu_tier_choice_goal(&c, &table, now_ns), 0);
}

static void test_down_at_once_to_what_fits(void **state)
{
    (void)state;
    static const struct {
        unsigned estimate_bps, tier;
        double queue_ms, seconds; /* and until when it must not have moved */
    } rows[] = {{110000, 4, 300, 0.1}, {130000, 4, 300, 0.1}, {140000, 3, 300, 0.1}, {160000, 3, 300, 0.1},
                {160000, 3, 0, 0.3},   {410000, 2, 20, 0.7},  {430000, 1, 20, 30}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcu_tier_choice c;
        start(&c, 1, 0);
        mcu_peer_link link = path(rows[i].estimate_bps);
        link.queue_ms = rows[i].queue_ms;
        if (rows[i].seconds < 10) {
            assert_int_equal(hold(&c, link, rows[i].seconds - 0.15), 1);
        }
        assert_int_equal(hold(&c, link, 0.1), rows[i].tier);
    }
}

/* Slower pictures are more than a still, or none. */
static void test_the_last_that_moves_comes_on_less_than_it_needs(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 4, 0);
    assert_int_equal(hold(&c, path(90000), 30), 4);
    assert_int_equal(hold(&c, path(112000), 0.1), 3);
    assert_int_equal(hold(&c, path(90000), 30), 3);
    assert_int_equal(hold(&c, path(78000), 1), 4);
    mcu_peer_link not_shown = path(98000);
    not_shown.proven_bps = 70000;
    start(&c, 4, 0);
    assert_int_equal(hold(&c, not_shown, 3.9), 4);
    assert_int_equal(hold(&c, not_shown, 0.3), 3);
    assert_int_equal(hold(&c, path(70000), 1), 4);
    assert_int_equal(hold(&c, path(112000), 3.5), 4);
    assert_int_equal(hold(&c, path(112000), 1.5), 3);
    assert_int_equal(hold(&c, path(70000), 1), 4);
    assert_int_equal(hold(&c, path(112000), 8.5), 4);
    assert_int_equal(hold(&c, path(112000), 1.5), 3);
}

/* Loss alone is no reason: what it means for the rate is the estimator's to say. */
static void test_loss_alone_moves_nothing(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    mcu_peer_link lossy = path(600000);
    lossy.loss = 0.2;
    assert_int_equal(hold(&c, lossy, 30), 1);
}

static void test_waits_after_a_fall_and_longer_after_an_undone_step(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    hold(&c, path(300000), 2);
    assert_int_equal(c.tier, 2);
    assert_int_equal(hold(&c, path(600000), 1), 2);
    assert_int_equal(mcu_tier_choice_goal(&c, &table, now_ns), 0);
    assert_int_equal(hold(&c, path(600000), 2), 1);
    assert_int_equal(hold(&c, path(300000), 1), 2);
    assert_int_equal(hold(&c, path(600000), 8.5), 2);
    assert_int_equal(hold(&c, path(600000), 2), 1);
    assert_int_equal(hold(&c, path(300000), 1), 2);
    assert_int_equal(hold(&c, path(600000), 18), 2);
    assert_int_equal(hold(&c, path(600000), 3), 1);
}

/* The wait is that of the step which did not last, not of every step after it. */
static void test_what_was_not_undone_comes_back_soon(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    hold(&c, path(300000), 2);
    for (unsigned i = 0; i < 4; i++) {
        while (hold(&c, path(600000), 0.5) != 1) {
        }
        assert_int_equal(hold(&c, path(300000), 1), 2);
    }
    assert_int_equal(hold(&c, path(60000), 1), 4);
    assert_int_equal(hold(&c, path(300000), 3.5), 2);
    assert_int_equal(hold(&c, path(600000), 30), 2);
}

/* A line that is cut soon after a step up, and falls in two. */
static void test_a_fall_in_steps_undoes_one_step_up(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    assert_int_equal(hold(&c, path(1600000), 0.1), 0);
    hold(&c, path(1600000), 5);
    assert_int_equal(hold(&c, path(600000), 1), 1);
    assert_int_equal(hold(&c, path(300000), 1), 2);
    assert_int_equal(hold(&c, path(1600000), 3.5), 1);
    assert_int_equal(hold(&c, path(1600000), 3), 1);
    assert_int_equal(hold(&c, path(1600000), 4), 0);
}

/* A thin line that loses by chance: pictures that move come before their copies. */
static void test_the_last_that_moves_needs_no_room_for_all_its_copies(void **state)
{
    (void)state;
    mcu_tier_choice c;
    mcu_peer_link lossy = path(190000);
    lossy.repair = 2.3;
    lossy.loss = 0.3;
    start(&c, 3, 0);
    assert_int_equal(hold(&c, lossy, 30), 3);
    start(&c, 4, 0);
    assert_int_equal(hold(&c, lossy, 0.1), 3);
    start(&c, 2, 0);
    assert_int_equal(hold(&c, lossy, 30), 3);
}

/* What was just shown is enough to leave the slowest picture; larger ones want some room beside them. */
static void test_the_step_above_the_slowest_takes_all_there_is(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 3, 0);
    assert_int_equal(hold(&c, path(202000), 30), 3);
    assert_int_equal(hold(&c, path(203000), 0.1), 2);
    assert_int_equal(hold(&c, path(485000), 30), 2);
}

/* While a queue drains less is used than the line carries; once it is gone nothing has to be shown. */
static void test_the_last_that_moves_is_back_with_the_end_of_the_queue(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    mcu_peer_link thin = path(125000), drained = path(125000);
    thin.queue_ms = 700;
    thin.proven_bps = drained.proven_bps = 0;
    assert_int_equal(hold(&c, thin, 0.5), 4);
    assert_int_equal(hold(&c, drained, 0.1), 3);
    thin.estimate_bps = 60000;
    assert_int_equal(hold(&c, thin, 1.5), 4);
    assert_int_equal(hold(&c, drained, 2), 4); /* not again and again */
}

/* Where what comes out of it is known, it need not be gone. */
static void test_the_last_that_moves_stays_where_a_queue_tells_the_rate(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    mcu_peer_link thin = path(125000);
    thin.queue_ms = 700;
    thin.proven_bps = 0;
    thin.came_bps = 140000;
    assert_int_equal(hold(&c, thin, 0.5), 3);
}

/* What came out of a queue that has gone is what the line carries: nothing larger has to be shown either. */
static void test_what_came_out_of_a_queue_fits_when_it_has_gone(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    mcu_peer_link thin = path(180000), drained = path(193000);
    thin.queue_ms = 300;
    thin.proven_bps = drained.proven_bps = 0;
    thin.came_bps = drained.came_bps = 214000;
    assert_int_equal(hold(&c, thin, 0.5), 3);
    assert_int_equal(hold(&c, drained, 0.1), 2);
    assert_int_equal(hold(&c, drained, 30), 2);
    start(&c, 1, 0);
    drained.came_bps = 212000;
    assert_int_equal(hold(&c, thin, 0.5), 3);
    assert_int_equal(hold(&c, drained, 2), 3);
    start(&c, 0, 0);
    drained.came_bps = 1600000; /* that is to be shown */
    assert_int_equal(hold(&c, thin, 0.5), 3);
    assert_int_equal(hold(&c, drained, 0.1), 2);
    start(&c, 2, 0);
    assert_int_equal(hold(&c, path(600000), 0.1), 1);
    assert_int_equal(hold(&c, path(300000), 1), 2); /* undone */
    assert_int_equal(hold(&c, path(600000), 10.5), 1);
    assert_int_equal(hold(&c, thin, 0.5), 3);
    assert_int_equal(hold(&c, drained, 0.1), 2);
}

static void test_an_outage_keeps_the_tier_and_the_way_back_is_free(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 0, 0);
    mcu_peer_link out = path(1600000);
    out.outage = true;
    assert_int_equal(hold(&c, out, 10), 0);
    assert_int_equal(hold(&c, path(800000), 0.1), 1);
    assert_true(mcu_tier_choice_goal(&c, &table, now_ns) > 1300000);
    assert_int_equal(hold(&c, path(1600000), 0.1), 0);
}

static void test_the_circuit_breaker_leaves_sound_alone(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 1, 0);
    mcu_peer_link broken = path(2000000);
    broken.broken = true;
    assert_int_equal(hold(&c, broken, 0.1), 4);
    assert_int_equal(hold(&c, path(2000000), 2), 4);
    assert_int_equal(hold(&c, path(2000000), 2), 0);
}

/* Who gives no feedback that a probe could be seen in climbs by trying, when nothing is lost. */
static void test_without_probes_a_calm_path_is_tried(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 2, 0);
    mcu_peer_link plain = {.estimate_bps = 400000, .loss = 0.01};
    assert_int_equal(hold(&c, plain, 3.5), 2);
    assert_int_equal(hold(&c, plain, 1), 1);
    start(&c, 2, 0);
    plain.loss = 0.05;
    assert_int_equal(hold(&c, plain, 30), 2);
}

static void test_cap_holds(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 0, 2);
    assert_int_equal(c.tier, 2);
    assert_int_equal(hold(&c, path(5000000), 120), 2);
    assert_int_equal(mcu_tier_choice_goal(&c, &table, now_ns), 0);
    mcu_tier_choice_cap(&c, 3);
    assert_int_equal(c.tier, 3);
}

/* A cap that goes soon leaves what was there before it; later, or when the link has fallen meanwhile, more has to be shown. */
static void test_what_a_cap_leaves(void **state)
{
    (void)state;
    mcu_tier_choice c;
    start(&c, 0, 0);
    mcu_tier_choice_cap(&c, 4);
    assert_int_equal(hold(&c, path(60000), 30), 4);
    mcu_tier_choice_cap(&c, 0);
    assert_int_equal(c.tier, 0);
    mcu_tier_choice_cap(&c, 2);
    assert_int_equal(hold(&c, path(60000), 5), 4); /* the link takes it lower than the cap */
    mcu_tier_choice_cap(&c, 0);
    assert_int_equal(c.tier, 4);
    start(&c, 0, 0);
    mcu_tier_choice_cap(&c, 2);
    assert_int_equal(hold(&c, path(300000), 61), 2);
    mcu_tier_choice_cap(&c, 0);
    assert_int_equal(c.tier, 2);
    assert_int_equal(hold(&c, path(5000000), 4), 0);
}

static void test_quality_words(void **state)
{
    (void)state;
    assert_int_equal(mcu_link_quality(0, 0, 20, false, 5), 5);
    assert_int_equal(mcu_link_quality(0, 0.05, 20, false, 5), 3);
    assert_int_equal(mcu_link_quality(0, 0, 700, false, 5), 2);
    assert_int_equal(mcu_link_quality(0, 0, 20, false, 2), 2);
    assert_int_equal(mcu_link_quality(0, 0.3, 20, false, 2), 1);
    assert_int_equal(mcu_link_quality(0, 0, 20, true, 5), 0);
}

/* A thin line that loses nothing is no good one, unless no more is wished for. */
static void test_quality_is_also_what_fits(void **state)
{
    (void)state;
    mcu_tier_choice c;
    static const int called[] = {5, 4, 2, 2, 1};
    for (unsigned tier = 0; tier < G_N_ELEMENTS(called); tier++) {
        start(&c, tier, 0);
        assert_int_equal(mcu_link_carries(&c, &table), called[tier]);
        start(&c, tier, tier);
        assert_int_equal(mcu_link_carries(&c, &table), 5);
    }
}

static void test_the_first_tier_fits_the_line(void **state)
{
    (void)state;
    static const struct {
        unsigned rate_bps, tier;
    } rows[] = {{5000000, 0}, {1320000, 0}, {1319999, 1}, {300000, 2}, {125000, 3}, {64000, 4}, {1, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(mcu_tier_that_fits(&table, rows[i].rate_bps), rows[i].tier);
    }
}

/* For who speaks with hands sound goes before the picture does, comes back without another picture, and the picture stays. */
static void test_the_ladder_of_hands(void **state)
{
    (void)state;
    static const int hands_bps[MCU_TIERS_MAX] = {[2] = 58000, [3] = 36000};
    mcu_ladder l;
    mcu_ladder_init(&l, &table, hands_bps, false);
    assert_int_equal(l.table.n_tiers, 4);
    assert_int_equal(mcu_ladder_tier(&l, 4), 4);
    mcu_ladder_init(&l, &table, hands_bps, true);
    assert_int_equal(l.table.n_tiers, 6);
    for (unsigned tier = 0; tier <= 4; tier++) {
        assert_int_equal(mcu_ladder_tier(&l, mcu_ladder_rung(&l, tier)), tier);
        assert_false(mcu_ladder_silent(&l, mcu_ladder_rung(&l, tier)));
    }
    mcu_tier_choice c;
    now_ns = 1000 * MCU_NS_PER_SEC;
    mcu_tier_choice_init(&c, &l.table, mcu_ladder_rung(&l, 2), 0, now_ns);
    const struct {
        unsigned bps, tier;
        bool silent;
    } steps[] = {{70000, 2, true}, {45000, 3, true}, {10000, 3, true}, {105000, 2, true}, {150000, 2, false}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        mcu_peer_link link = path(steps[i].bps);
        for (int k = 0; k < 300; k++) {
            now_ns += 100 * MCU_NS_PER_MS;
            mcu_tier_choice_step(&c, &l.table, &link, now_ns);
        }
        assert_int_equal(mcu_ladder_tier(&l, c.tier), steps[i].tier);
        assert_int_equal(mcu_ladder_silent(&l, c.tier), steps[i].silent);
    }
    mcu_tier_choice_cap(&c, mcu_ladder_rung(&l, 4)); /* by hand there may be sound alone */
    assert_int_equal(mcu_ladder_tier(&l, c.tier), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_tier_fits_the_line),
        cmocka_unit_test(test_a_guess_moves_nothing),
        cmocka_unit_test(test_up_only_on_proof),
        cmocka_unit_test(test_down_at_once_to_what_fits),
        cmocka_unit_test(test_the_last_that_moves_comes_on_less_than_it_needs),
        cmocka_unit_test(test_loss_alone_moves_nothing),
        cmocka_unit_test(test_waits_after_a_fall_and_longer_after_an_undone_step),
        cmocka_unit_test(test_what_was_not_undone_comes_back_soon),
        cmocka_unit_test(test_a_fall_in_steps_undoes_one_step_up),
        cmocka_unit_test(test_the_last_that_moves_needs_no_room_for_all_its_copies),
        cmocka_unit_test(test_the_step_above_the_slowest_takes_all_there_is),
        cmocka_unit_test(test_the_last_that_moves_is_back_with_the_end_of_the_queue),
        cmocka_unit_test(test_the_last_that_moves_stays_where_a_queue_tells_the_rate),
        cmocka_unit_test(test_what_came_out_of_a_queue_fits_when_it_has_gone),
        cmocka_unit_test(test_an_outage_keeps_the_tier_and_the_way_back_is_free),
        cmocka_unit_test(test_the_circuit_breaker_leaves_sound_alone),
        cmocka_unit_test(test_without_probes_a_calm_path_is_tried),
        cmocka_unit_test(test_cap_holds),
        cmocka_unit_test(test_what_a_cap_leaves),
        cmocka_unit_test(test_the_ladder_of_hands),
        cmocka_unit_test(test_quality_words),
        cmocka_unit_test(test_quality_is_also_what_fits),
    };
    return cmocka_run_group_tests_name("room_tier_choice", tests, NULL, NULL);
}
