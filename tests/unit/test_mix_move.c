/* test_mix_move.c - tiles that slide to new places, stepped by hand: smooth, without holes, without traces, only where it pays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "mixer/compositor.h"
#include "mixer/move.h"
#include "video_kit.h"

#define TICK_NS (40 * MCU_NS_PER_MS)
#define START_NS (100 * MCU_NS_PER_SEC)
#define TICKS (MIX_MOVE_NS / TICK_NS)
#define PEOPLE 3
#define WIDTH 320

enum { FAST, SLOW, N_TIERS };

static int64_t cpu_ns, look_ns; /* of this thread; what each look at it costs */

/* In place of libc's: a tick takes as long as the test says. */
int clock_gettime(clockid_t id, struct timespec *t)
{
    if (id != CLOCK_THREAD_CPUTIME_ID) {
        return (int)syscall(SYS_clock_gettime, id, t);
    }
    cpu_ns += look_ns;
    *t = (struct timespec){.tv_sec = cpu_ns / MCU_NS_PER_SEC, .tv_nsec = cpu_ns % MCU_NS_PER_SEC};
    return 0;
}

static const mix_tile whole = {.x_px = 0, .y_px = 0, .width_px = WIDTH, .height_px = 180};
static const mix_tile left = {.x_px = 0, .y_px = 0, .width_px = 160, .height_px = 180};
static const mix_tile right = {.x_px = 160, .y_px = 0, .width_px = 160, .height_px = 180};
static const mix_tile nowhere = {0};

static mix_cpu cpu; /* these outlive every stage, which is handed round by value */
static kit_notices notices;

typedef struct {
    mix_compositor *c;
    mix_source *source[PEOPLE];
    uint64_t tick;
    bool calm; /* nothing may move */
} stage;

static uint8_t luma_of(unsigned i)
{
    return (uint8_t)(60 + 50 * i);
}

static int64_t now_of(const stage *s)
{
    return START_NS + (int64_t)s->tick * TICK_NS;
}

static stage stage_new(void)
{
    stage s = {.calm = false};
    s.c = mix_compositor_new(25, &cpu);
    for (unsigned i = 0; i < PEOPLE; i++) {
        s.source[i] = kit_source(i + 1, &notices);
        mcu_frame *f = kit_flat(WIDTH, 180, luma_of(i), 0);
        f->time_ns = START_NS;
        mix_source_show(s.source[i], f);
    }
    return s;
}

static void stage_close(stage *s)
{
    mix_compositor_free(s->c);
    for (unsigned i = 0; i < PEOPLE; i++) {
        mix_source_close(s->source[i]);
        mix_source_unref(s->source[i]);
    }
}

/* Everybody at his place, in this order; whoever is nowhere is not in the picture. */
static mix_scene *scene_of(const stage *s, const mix_tile places[PEOPLE])
{
    mix_scene *scene = mix_scene_new();
    scene->n_people = PEOPLE;
    scene->n_tiers = N_TIERS;
    for (unsigned i = 0; i < PEOPLE; i++) {
        scene->people[i] = (mix_scene_person){.person = i + 1, .lasting = true, .source = mix_source_ref(s->source[i])};
    }
    for (unsigned t = 0; t < N_TIERS; t++) {
        mix_scene_tier *tier = &scene->tiers[t];
        *tier = (mix_scene_tier){.live = true, .width_px = WIDTH, .height_px = 180, .fps = t == FAST ? 25 : 10};
        tier->moves = t == FAST && !s->calm;
        mix_place list[PEOPLE];
        unsigned n = 0;
        for (unsigned i = 0; i < PEOPLE; i++) {
            if (places[i].width_px > 0) {
                list[n++] = (mix_place){.tile = places[i], .guest = i, .fit = MCU_FIT_FILL};
            }
        }
        mix_scene_lay(scene, t, list, n, 25);
    }
    return scene;
}

static void step(stage *s, mix_scene *take)
{
    mix_compositor_tick(s->c, take, s->tick, now_of(s));
    s->tick++;
}

static void arrange(stage *s, mix_tile a, mix_tile b, mix_tile c)
{
    const mix_tile places[PEOPLE] = {a, b, c};
    step(s, scene_of(s, places));
}

/* Whose luma is where in a row; -1 = nobody's. The small square that a flat picture has is in none of the rows that are read. */
static int whose(const mcu_frame *f, int x)
{
    int luma = kit_mean_luma(f, x, 150, 2, 2);
    for (int i = 0; i < PEOPLE; i++) {
        if (abs(luma - luma_of((unsigned)i)) <= 2) {
            return i;
        }
    }
    return -1;
}

static int width_of(const stage *s, unsigned tier, int who)
{
    int n = 0;
    for (int x = 0; x < WIDTH; x += 2) {
        n += whose(mix_compositor_canvas(s->c, tier), x) == who ? 2 : 0;
    }
    return n;
}

static bool has_holes(const stage *s, unsigned tier)
{
    int holes = 0;
    for (int x = 0; x < WIDTH; x += 2) {
        holes += whose(mix_compositor_canvas(s->c, tier), x) < 0;
    }
    return holes > 2; /* a seam of two lumas is nobody's */
}

/* Who was alone makes room for who comes; then the other goes. */
static void test_joins_and_leaves(void **state)
{
    (void)state;
    stage s = stage_new();
    arrange(&s, whole, nowhere, nowhere);
    int before = WIDTH;
    arrange(&s, left, right, nowhere);
    for (int k = 1; k < TICKS; k++) {
        int now = width_of(&s, FAST, 0);
        assert_true(now < before && now > 160);
        assert_int_equal(width_of(&s, SLOW, 0), k < 3 ? WIDTH : 160); /* its next picture */
        assert_false(has_holes(&s, FAST));
        before = now;
        step(&s, NULL);
    }
    assert_int_equal(width_of(&s, FAST, 0), 160);
    arrange(&s, nowhere, whole, nowhere);
    before = 160;
    for (int k = 1; k < TICKS; k++) {
        int now = width_of(&s, FAST, 1);
        assert_true(now > before && now < WIDTH);
        assert_false(has_holes(&s, FAST)); /* who left stays until he is covered */
        before = now;
        step(&s, NULL);
    }
    assert_int_equal(width_of(&s, FAST, 1), WIDTH);
    stage_close(&s);
}

/* On every canvas of the pool the settled picture is the one that a compositor makes that never moved anything. */
static void test_leaves_no_trace(void **state)
{
    (void)state;
    stage s = stage_new(), calm = stage_new();
    calm.calm = true;
    const mix_tile inset = {.x_px = 200, .y_px = 100, .width_px = 96, .height_px = 54};
    const mix_tile places[][PEOPLE] = {
        {whole, nowhere, nowhere}, {left, right, nowhere}, {right, nowhere, left}, {nowhere, whole, inset}};
    for (unsigned k = 0; k < 12; k++) {
        step(&s, scene_of(&s, places[k % 4]));
        for (int i = 0; i < TICKS + 2; i++) {
            step(&s, NULL);
        }
        step(&calm, scene_of(&calm, places[k % 4]));
        assert_int_equal(kit_crc(mix_compositor_canvas(s.c, FAST), 0), kit_crc(mix_compositor_canvas(calm.c, FAST), 0));
        assert_int_equal(kit_crc(mix_compositor_canvas(s.c, FAST), 1), kit_crc(mix_compositor_canvas(calm.c, FAST), 1));
    }
    stage_close(&s);
    stage_close(&calm);
}

/* Arranged anew on the way: it goes on from where everybody is seen. A scene with the same places changes nothing. */
static void test_changes_of_mind(void **state)
{
    (void)state;
    stage s = stage_new();
    arrange(&s, whole, nowhere, nowhere);
    arrange(&s, left, right, nowhere);
    step(&s, NULL);
    step(&s, NULL);
    int half_way = width_of(&s, FAST, 0);
    assert_in_range(half_way, 170, 300);
    arrange(&s, left, right, nowhere); /* says the same */
    int next = width_of(&s, FAST, 0);
    assert_true(next < half_way);
    arrange(&s, whole, nowhere, nowhere);
    assert_in_range(width_of(&s, FAST, 0), next, next + 40); /* no jump */
    for (int k = 0; k < TICKS; k++) {
        step(&s, NULL);
    }
    assert_int_equal(width_of(&s, FAST, 0), WIDTH);
    stage_close(&s);
}

static void test_costs_nothing_at_rest(void **state)
{
    (void)state;
    stage s = stage_new();
    arrange(&s, left, right, nowhere);
    step(&s, NULL);
    uint64_t skipped = mix_compositor_skipped(s.c, FAST);
    for (int k = 0; k < 5; k++) {
        arrange(&s, left, right, nowhere);
    }
    assert_int_equal(mix_compositor_skipped(s.c, FAST), skipped + 5);
    arrange(&s, left, nowhere, right); /* another in the same place: nothing slides */
    assert_int_equal(width_of(&s, FAST, 2), 160);
    step(&s, NULL);
    assert_int_equal(mix_compositor_skipped(s.c, FAST), skipped + 6);
    stage_close(&s);
}

static void test_at_once_where_nothing_may_move(void **state)
{
    (void)state;
    stage s = stage_new();
    s.calm = true;
    arrange(&s, whole, nowhere, nowhere);
    arrange(&s, left, right, nowhere);
    assert_int_equal(width_of(&s, FAST, 0), 160);
    assert_int_equal(width_of(&s, FAST, 1), 160);
    stage_close(&s);
}

/* Sliding is what goes first: a tick that takes more than half of its time shows everybody where he belongs at the next one,
 * while no picture is missed yet and no step of overload.h is near. */
static void test_stops_first_under_overload(void **state)
{
    (void)state;
    stage s = stage_new();
    arrange(&s, whole, nowhere, nowhere);
    look_ns = TICK_NS / 2 + MCU_NS_PER_MS;
    arrange(&s, left, right, nowhere);
    assert_in_range(width_of(&s, FAST, 0), 162, WIDTH - 2); /* the first step was drawn before its price was known */
    step(&s, NULL);
    assert_int_equal(width_of(&s, FAST, 0), 160);
    assert_int_equal(width_of(&s, FAST, 1), 160);
    look_ns = 0;
    arrange(&s, whole, nowhere, nowhere); /* and again as soon as there is time */
    step(&s, NULL);
    assert_in_range(width_of(&s, FAST, 0), 162, WIDTH - 2);
    stage_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_joins_and_leaves),
        cmocka_unit_test(test_leaves_no_trace),
        cmocka_unit_test(test_changes_of_mind),
        cmocka_unit_test(test_costs_nothing_at_rest),
        cmocka_unit_test(test_at_once_where_nothing_may_move),
        cmocka_unit_test(test_stops_first_under_overload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
