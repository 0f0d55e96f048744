/* test_mix_hold.c - nobody sees a picture without its names: scenes wait for what is being drawn, but not for long,
 * and meanwhile the one before goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <semaphore.h>

#include "mixer/compositor.h"
#include "video_kit.h"

#define TICK_NS (40 * MCU_NS_PER_MS)
#define START_NS (100 * MCU_NS_PER_SEC)
#define TICKS_HELD 3 /* at 0, 40 and 80 ms */

/* One worker, which draws only after go(). */
typedef struct {
    sem_t gate;
    mcu_workers *workers;
    mcu_strand *blocker;
    mix_art *art;
    mix_cpu cpu;
    mix_compositor *c;
    kit_notices notices;
    mix_source *source;
    uint64_t tick;
} stage;

static void wait_at_gate(void *arg)
{
    sem_wait(arg);
}

static stage *stage_new(void)
{
    stage *s = g_new0(stage, 1);
    sem_init(&s->gate, 0, 0);
    s->workers = mcu_workers_new(1, "draws");
    s->blocker = mcu_strand_new(s->workers, 1);
    assert_true(mcu_strand_post(s->blocker, wait_at_gate, &s->gate));
    s->art = mix_art_new(s->workers, &s->cpu, NULL);
    s->c = mix_compositor_new(25, &s->cpu);
    s->source = kit_source(1, &s->notices);
    mcu_frame *f = kit_flat(640, 360, 120, 0);
    f->time_ns = START_NS;
    mix_source_show(s->source, f);
    return s;
}

static void go(stage *s)
{
    sem_post(&s->gate);
}

static void stage_free(stage *s)
{
    mix_compositor_free(s->c);
    mix_source_close(s->source);
    mix_source_unref(s->source);
    mcu_strand_close(s->blocker, NULL, NULL);
    mix_art_free(s->art);
    mcu_workers_free(s->workers);
    sem_destroy(&s->gate);
    g_free(s);
}

static mix_scene *scene_of(stage *s, const char *name)
{
    mix_scene *scene = mix_scene_new();
    scene->n_people = scene->n_tiers = 1;
    scene->people[0] = (mix_scene_person){.person = 1, .source = mix_source_ref(s->source)};
    mix_scene_tier *t = &scene->tiers[0];
    *t = (mix_scene_tier){.live = true, .width_px = 640, .height_px = 360, .fps = 25};
    kit_lay(scene, 0, NULL);
    t->label[0] = mix_art_get(s->art, MIX_ART_LABEL, name, 0, 640, 360);
    return scene;
}

static void tick(stage *s, mix_scene *take)
{
    mix_compositor_tick(s->c, take, s->tick, START_NS + (int64_t)s->tick * TICK_NS);
    s->tick++;
}

static void wait_drawn(mix_scene *s)
{
    while (!mix_art_drawn(s->tiers[0].label[0])) {
        g_usleep(100);
    }
}

static int64_t published_ns(stage *s)
{
    const mcu_frame *f = mix_compositor_canvas(s->c, 0);
    return f ? f->time_ns : 0;
}

static uint32_t picture(stage *s)
{
    return kit_crc(mix_compositor_canvas(s->c, 0), 0);
}

static void test_first_canvas_has_its_name(void **state)
{
    (void)state;
    stage *s = stage_new();
    mix_scene *scene = scene_of(s, "Zoë");
    tick(s, mix_scene_ref(scene));
    assert_null(mix_compositor_canvas(s->c, 0));
    go(s);
    wait_drawn(scene);
    tick(s, NULL);
    assert_int_equal(published_ns(s), START_NS + TICK_NS);
    uint32_t first = picture(s);
    s->tick += 25; /* a refresh: nothing came later */
    tick(s, NULL);
    assert_int_equal(picture(s), first);
    mix_scene_unref(scene);
    stage_free(s);
}

static void test_a_name_that_takes_long_is_not_waited_for(void **state)
{
    (void)state;
    stage *s = stage_new();
    mix_scene *scene = scene_of(s, "Zoë");
    tick(s, mix_scene_ref(scene));
    for (int k = 1; k < TICKS_HELD; k++) {
        tick(s, NULL);
        assert_null(mix_compositor_canvas(s->c, 0));
    }
    tick(s, NULL);
    assert_int_equal(published_ns(s), START_NS + TICKS_HELD * TICK_NS);
    uint32_t bare = picture(s);
    go(s);
    wait_drawn(scene);
    tick(s, NULL);
    assert_int_not_equal(picture(s), bare);
    mix_scene_unref(scene);
    stage_free(s);
}

/* A scene whose name is drawn, borrowed; what comes after waits for go(). */
static const mix_scene *show_first(stage *s)
{
    go(s);
    mix_scene *scene = scene_of(s, "Zoë");
    wait_drawn(scene);
    tick(s, scene);
    assert_true(mcu_strand_post(s->blocker, wait_at_gate, &s->gate));
    return scene;
}

/* The picture before stays until the new name is there. */
static void test_a_new_name_does_not_blink(void **state)
{
    (void)state;
    stage *s = stage_new();
    show_first(s);
    assert_int_equal(published_ns(s), START_NS);
    mix_scene *scene = scene_of(s, "Zoë Björklund");
    tick(s, mix_scene_ref(scene));
    assert_int_equal(published_ns(s), START_NS);
    go(s);
    wait_drawn(scene);
    tick(s, NULL);
    assert_int_equal(published_ns(s), START_NS + 2 * TICK_NS);
    mix_scene_unref(scene);
    stage_free(s);
}

static void show(stage *s, uint8_t luma, int64_t time_ns)
{
    mcu_frame *f = kit_flat(640, 360, luma, (uint32_t)(time_ns * 9 / 100000));
    f->time_ns = time_ns;
    mix_source_show(s->source, f);
}

/* People go on moving while somebody's name is drawn. */
static void test_the_scene_before_goes_on(void **state)
{
    (void)state;
    stage *s = stage_new();
    const mix_scene *scene = show_first(s);
    tick(s, scene_of(s, "Zoë Björklund"));
    for (uint8_t k = 2; k <= TICKS_HELD; k++) {
        show(s, (uint8_t)(120 + k), START_NS + k * TICK_NS);
        tick(s, k == 2 ? scene_of(s, "Zoë von Björklund") : NULL); /* waits no longer than the one before would have */
        assert_int_equal(published_ns(s), START_NS + k * TICK_NS);
        assert_int_equal(mix_compositor_canvas(s->c, 0)->plane[0][0], 120 + k);
    }
    assert_ptr_equal(mix_compositor_scene(s->c), scene);
    tick(s, NULL);
    assert_ptr_not_equal(mix_compositor_scene(s->c), scene);
    go(s);
    stage_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_canvas_has_its_name),
        cmocka_unit_test(test_a_name_that_takes_long_is_not_waited_for),
        cmocka_unit_test(test_a_new_name_does_not_blink),
        cmocka_unit_test(test_the_scene_before_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
