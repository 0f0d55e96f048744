/* test_room_stage.c - speaker decisions on scripted loudness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <math.h>

#include "mcu/base/media.h"
#include "mcu/room/stage.h"

#define STEP_MS 20
#define QUIET (-62.0) /* a room's noise */
#define VOICE (-28.0)

typedef struct {
    mcu_stage stage;
    mcu_stage_input in[MCU_STAGE_MAX];
    unsigned n, changes;
    int64_t now_ms, changed_ms;
} scene;

static void scene_open(scene *s, unsigned n)
{
    *s = (scene){.n = n, .now_ms = 5000};
    mcu_stage_init(&s->stage);
    for (unsigned i = 0; i < n; i++) {
        s->in[i] = (mcu_stage_input){.id = i + 1, .level_dbov = QUIET};
    }
}

static void step(scene *s)
{
    uint32_t before = s->stage.speaker;
    s->now_ms += STEP_MS;
    mcu_stage_step(&s->stage, s->in, s->n, s->now_ms * MCU_NS_PER_MS);
    if (s->stage.speaker != before) {
        s->changes++;
        s->changed_ms = s->now_ms;
    }
}

/* Speech has gaps between syllables: loud for 200 ms, quiet for 60. */
static double speech(const scene *s, double level_dbov)
{
    return s->now_ms % 260 < 200 ? level_dbov : QUIET;
}

/* Everybody as loud as `voice` says for `ms`; 0 is nobody's voice. */
static void say(scene *s, unsigned who, double level_dbov, int ms)
{
    for (int t = 0; t < ms; t += STEP_MS) {
        for (unsigned i = 0; i < s->n; i++) {
            s->in[i].level_dbov = i + 1 == who ? speech(s, level_dbov) : QUIET;
        }
        step(s);
    }
}

static void both(scene *s, double first, double second, int ms)
{
    for (int t = 0; t < ms; t += STEP_MS) {
        s->in[0].level_dbov = speech(s, first);
        s->in[1].level_dbov = speech(s, second);
        step(s);
    }
}

static void burst(scene *s, unsigned who, int loud_ms, int quiet_ms)
{
    for (int t = 0; t < loud_ms + quiet_ms; t += STEP_MS) {
        for (unsigned i = 0; i < s->n; i++) {
            s->in[i].level_dbov = i + 1 == who && t < loud_ms ? -12 : QUIET;
        }
        step(s);
    }
}

static void test_switch_within_600_ms(void **state)
{
    (void)state;
    for (int pause = 0; pause <= 1000; pause += 100) {
        for (int phase = 0; phase < 260; phase += STEP_MS) {
            scene s;
            scene_open(&s, 3);
            say(&s, 0, QUIET, 1000 + phase);
            say(&s, 1, VOICE, 3000);
            assert_int_equal(s.stage.speaker, 1);
            say(&s, 0, QUIET, pause);
            int64_t began_ms = s.now_ms;
            say(&s, 2, VOICE, 700);
            assert_int_equal(s.stage.speaker, 2);
            assert_in_range(s.changed_ms - began_ms, 300, 600);
            assert_int_equal(s.changes, 2);
        }
    }
}

/* People answer each other in a second: every turn is shown. */
static void test_turns(void **state)
{
    (void)state;
    scene s;
    scene_open(&s, 2);
    say(&s, 0, QUIET, 1000);
    for (unsigned turn = 0; turn < 10; turn++) {
        say(&s, turn % 2 + 1, VOICE, 1000);
        assert_int_equal(s.stage.speaker, turn % 2 + 1);
        assert_int_equal(s.changes, turn + 1);
    }
}

static void test_short_sounds_never(void **state)
{
    (void)state;
    for (int ms = STEP_MS; ms <= 300; ms += STEP_MS) {
        scene s;
        scene_open(&s, 2);
        say(&s, 1, VOICE, 2000);
        for (int k = 0; k < 20; k++) { /* coughs, also while nobody speaks */
            burst(&s, 2, ms, 500);
        }
        assert_int_equal(s.stage.speaker, 1);
        assert_int_equal(s.changes, 1);
    }
    scene s;
    scene_open(&s, 2);
    for (int k = 0; k < 200; k++) { /* a keyboard */
        burst(&s, 2, 40, 120);
    }
    assert_int_equal(s.changes, 0);
}

static void test_double_talk(void **state)
{
    (void)state;
    scene s;
    scene_open(&s, 2);
    say(&s, 1, VOICE, 2000);
    both(&s, VOICE, VOICE + 3, 20000); /* as loud: who has the word keeps it */
    assert_int_equal(s.stage.speaker, 1);
    assert_int_equal(s.changes, 1);
    unsigned before = s.changes;
    int64_t last_ms = s.changed_ms;
    for (int k = 0; k < 100; k++) { /* shouting each other down, four times a second */
        for (int t = 0; t < 260; t += STEP_MS) {
            s.in[0].level_dbov = speech(&s, k % 2 ? -10 : -35);
            s.in[1].level_dbov = speech(&s, k % 2 ? -35 : -10);
            unsigned changes = s.changes;
            step(&s);
            if (s.changes != changes) {
                assert_true(s.changed_ms - last_ms >= 2000);
                last_ms = s.changed_ms;
            }
        }
    }
    both(&s, -45, -15, 4000); /* drowned out */
    assert_int_equal(s.stage.speaker, 2);
    assert_true(s.changes > before);
}

/* Two talk over each other in bursts with pauses longer than those of a voice: still at most one change in 2 s. */
static void test_double_talk_with_pauses(void **state)
{
    (void)state;
    scene s;
    scene_open(&s, 2);
    int64_t last_ms = -1000000;
    for (int t = 0; t < 60000; t += STEP_MS) {
        s.in[0].level_dbov = t % 1300 < 950 ? VOICE : QUIET;
        s.in[1].level_dbov = (t + 700) % 1300 < 950 ? VOICE : QUIET;
        unsigned changes = s.changes;
        step(&s);
        if (s.changes != changes) {
            assert_true(s.changed_ms - last_ms >= 2000);
            last_ms = s.changed_ms;
        }
    }
}

/* A fan is not a voice; a voice over it is. */
static void test_noise_floor(void **state)
{
    (void)state;
    scene s;
    scene_open(&s, 2);
    s.in[1].level_dbov = QUIET;
    for (int t = 0; t < 20000; t += STEP_MS) {
        s.in[0].level_dbov = -53;
        step(&s);
    }
    assert_int_equal(s.changes, 0);
    for (int t = 0; t < 600; t += STEP_MS) {
        s.in[0].level_dbov = speech(&s, -30);
        step(&s);
    }
    assert_int_equal(s.stage.speaker, 1);
}

static void test_order(void **state)
{
    (void)state;
    scene s;
    scene_open(&s, 4);
    say(&s, 3, VOICE, 1000);
    say(&s, 1, VOICE, 1000);
    say(&s, 2, VOICE, 1000);
    assert_int_equal(mcu_stage_rank(&s.stage, 2), 0);
    assert_int_equal(mcu_stage_rank(&s.stage, 1), 1);
    assert_int_equal(mcu_stage_rank(&s.stage, 3), 2);
    assert_int_equal(mcu_stage_rank(&s.stage, 4), UINT_MAX);
    assert_int_equal(mcu_stage_rank(&s.stage, 9), UINT_MAX);
    s.in[3].signing = true; /* before every voice, silent as he is */
    assert_true(mcu_stage_step(&s.stage, s.in, 4, s.now_ms * MCU_NS_PER_MS));
    assert_int_equal(mcu_stage_rank(&s.stage, 4), 0);
    assert_int_equal(mcu_stage_rank(&s.stage, 2), 1);
    say(&s, 1, VOICE, 1000);
    assert_int_equal(mcu_stage_rank(&s.stage, 4), 0);
    assert_int_equal(mcu_stage_rank(&s.stage, 1), 1);
}

static void test_who_leaves(void **state)
{
    (void)state;
    scene s;
    scene_open(&s, 3);
    say(&s, 1, VOICE, 1000);
    say(&s, 2, VOICE, 1000);
    mcu_stage_input left[] = {s.in[0], s.in[2]};
    assert_true(mcu_stage_step(&s.stage, left, 2, s.now_ms * MCU_NS_PER_MS));
    assert_int_equal(mcu_stage_rank(&s.stage, 1), 0); /* who spoke before */
    assert_int_equal(mcu_stage_rank(&s.stage, 2), UINT_MAX);
    assert_false(mcu_stage_step(&s.stage, left, 2, s.now_ms * MCU_NS_PER_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_switch_within_600_ms),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_short_sounds_never),
        cmocka_unit_test(test_double_talk),
        cmocka_unit_test(test_double_talk_with_pauses),
        cmocka_unit_test(test_noise_floor),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_who_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
