/* When a person counts as no longer heard, stepped by a clock of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/media.h"
#include "mcu/room/lost_sound.h"

#define STEP_NS (MCU_NS_PER_SEC / 2)

typedef struct {
    mcu_lost_sound lost;
    mcu_sound_sight sight;
    int64_t now_ns;
    unsigned told;
} world;

/* For so many seconds, `packets` a step. */
static void run(world *w, double seconds, unsigned packets)
{
    for (int64_t end = w->now_ns + (int64_t)(seconds * (double)MCU_NS_PER_SEC); w->now_ns < end; w->now_ns += STEP_NS) {
        w->sight.packets += packets;
        w->told += mcu_lost_sound_step(&w->lost, &w->sight, w->now_ns);
    }
}

static world talking(void)
{
    world w = {.sight = {.up = true, .speaks = true}};
    run(&w, 5, 25);
    assert_false(w.lost.dead);
    assert_int_equal(w.told, 0);
    return w;
}

static void nothing_for_8_s_is_dead_and_said_again(void **state)
{
    (void)state;
    world w = talking();
    run(&w, 7.5, 0);
    assert_false(w.lost.dead);
    run(&w, 1, 0);
    assert_true(w.lost.dead);
    assert_int_equal(w.told, 1);
    run(&w, 20, 0);
    assert_int_equal(w.told, 3);
    run(&w, 1, 25);
    assert_false(w.lost.dead);
    assert_int_equal(w.told, 4);
}

static void much_loss_for_8_s_is_dead(void **state)
{
    (void)state;
    world w = talking();
    w.sight.loss = 0.31;
    run(&w, 7, 25);
    w.sight.loss = 0.2; /* one good moment */
    run(&w, 0.5, 25);
    w.sight.loss = 0.4;
    run(&w, 7.5, 25);
    assert_false(w.lost.dead);
    run(&w, 1, 25);
    assert_true(w.lost.dead);
    w.sight.loss = 0.3;
    run(&w, 0.5, 25);
    assert_false(w.lost.dead);
}

static void who_is_silent_on_purpose_is_not_dead(void **state)
{
    (void)state;
    world w = talking();
    w.sight.speaks = false;
    run(&w, 30, 0);
    assert_false(w.lost.dead);
    w.sight.stalled = true; /* not even that he listens is heard any more */
    run(&w, 9, 0);
    assert_true(w.lost.dead);
    w.sight.up = false; /* on the telephone now */
    run(&w, 0.5, 0);
    assert_false(w.lost.dead);
    assert_int_equal(w.told, 2);
    run(&w, 30, 0);
    assert_int_equal(w.told, 2);
    w.sight = (mcu_sound_sight){.up = true, .speaks = true}; /* and back: it begins anew */
    run(&w, 8, 0);
    assert_false(w.lost.dead);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_for_8_s_is_dead_and_said_again),
        cmocka_unit_test(much_loss_for_8_s_is_dead),
        cmocka_unit_test(who_is_silent_on_purpose_is_not_dead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
