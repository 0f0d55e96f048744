/* test_mix_canvas.c - the compositor stepped by hand: pixels by CRC, what is drawn again and what is not, stale pictures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mixer/arrange.h"
#include "mixer/compositor.h"
#include "video_golden.h"
#include "video_kit.h"

#define PEOPLE 4
#define TICK_NS (40 * MCU_NS_PER_MS)
#define START_NS (100 * MCU_NS_PER_SEC)

static const mix_tier_spec specs[] = {
    {"A", 1280, 720, 25, 1200000}, {"B", 640, 360, 25, 400000}, {"C", 480, 270, 15, 150000}, {"D", 320, 180, 10, 64000}};

static mix_cpu cpu; /* outlives every stage, which is handed round by value */

typedef struct {
    kit_notices notices;
    mix_compositor *c;
    mix_source *source[MIX_MAX_PEOPLE];
    unsigned n;
    uint64_t tick;
    const mcu_layout *layout; /* NULL = the grid */
    mix_art *art;             /* NULL = no captions */
    const char *caption;      /* NULL = none */
    mcu_frame *held[4];       /* by tick(), as an encoder does that is still at it: two canvases take turns */
} stage;

/* No labels: these pixels depend on no font. */
static mix_scene *make_scene(stage *s)
{
    mix_scene *scene = mix_scene_new();
    scene->n_people = s->n;
    scene->n_tiers = 4;
    for (unsigned i = 0; i < s->n; i++) {
        scene->people[i] = (mix_scene_person){.person = i + 1, .talking = i == 1, .source = mix_source_ref(s->source[i])};
    }
    for (unsigned t = 0; t < 4; t++) {
        mix_scene_tier *tier = &scene->tiers[t];
        *tier =
            (mix_scene_tier){.live = true, .width_px = specs[t].width_px, .height_px = specs[t].height_px, .fps = specs[t].fps};
        kit_lay(scene, t, s->layout);
        if (s->caption) {
            tier->bars[MIX_BAR_CAPTION] = mix_art_get(s->art, MIX_ART_CAPTION, s->caption, 1, tier->width_px, tier->height_px);
            tier->bars[MIX_BAR_LINE] = mix_art_get(s->art, MIX_ART_LINE, s->caption, 0, tier->width_px, tier->height_px);
        }
    }
    for (unsigned i = 0; i < s->n; i++) {
        mix_source_want(s->source[i], scene->people[i].want);
    }
    return scene;
}

static uint8_t luma_of(unsigned i)
{
    return (uint8_t)(30 + i * 11);
}

static void show(stage *s, unsigned i, unsigned n, int64_t now_ns)
{
    mcu_frame *f = kit_flat(640, 360, luma_of(i), n);
    f->time_ns = now_ns;
    mix_source_show(s->source[i], f);
}

static stage stage_new(unsigned n)
{
    stage s = {.n = n};
    s.c = mix_compositor_new(25, &cpu);
    return s;
}

static void stage_open(stage *s)
{
    for (unsigned i = 0; i < s->n; i++) {
        s->source[i] = kit_source(i + 1, &s->notices);
    }
    mix_scene *scene = make_scene(s);
    for (unsigned i = 0; i < s->n; i++) {
        show(s, i, 0, START_NS);
    }
    mix_compositor_tick(s->c, scene, s->tick++, START_NS);
}

static void stage_close(stage *s)
{
    for (unsigned t = 0; t < 4; t++) {
        mcu_frame_unref(s->held[t]);
    }
    mix_compositor_free(s->c);
    for (unsigned i = 0; i < s->n; i++) {
        mix_source_close(s->source[i]);
        mix_source_unref(s->source[i]);
    }
}

static int64_t now_of(const stage *s)
{
    return START_NS + (int64_t)s->tick * TICK_NS;
}

/* False = a canvas that was due was not handed over. */
static bool tick(stage *s)
{
    bool all = mix_compositor_tick(s->c, NULL, s->tick, now_of(s));
    s->tick++;
    for (unsigned t = 0; t < 4; t++) {
        mcu_frame_unref(s->held[t]);
        s->held[t] = mcu_frame_ref((mcu_frame *)mix_compositor_canvas(s->c, t));
    }
    return all;
}

static void test_crc(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 3, 4, 9, 16};
    GString *text = g_string_new(NULL);
    for (unsigned k = 0; k < G_N_ELEMENTS(sizes); k++) {
        stage s = stage_new(sizes[k]);
        stage_open(&s);
        for (unsigned t = 0; t < 4; t++) {
            const mcu_frame *f = mix_compositor_canvas(s.c, t);
            g_string_append_printf(text, "%u people, tier %s: %08x %08x %08x\n", sizes[k], specs[t].name, kit_crc(f, 0),
                                   kit_crc(f, 1), kit_crc(f, 2));
        }
        stage_close(&s);
    }
    golden_check("layout/canvas-crc.txt", text->str);
    g_string_free(text, TRUE);
}

static void test_everybody_is_in_his_tile(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 16; n++) {
        stage s = stage_new(n);
        stage_open(&s);
        const mix_scene *scene = mix_compositor_scene(s.c);
        for (unsigned t = 0; t < 4; t++) {
            const mcu_frame *f = mix_compositor_canvas(s.c, t);
            for (unsigned i = 0; i < n; i++) {
                const mix_tile *tile = &scene->tiers[t].tiles[i];
                int y = tile->y_px + tile->height_px / 2;
                assert_in_range(kit_mean_luma(f, tile->x_px + 6, y, tile->width_px - 12, 8), luma_of(i) - 1, luma_of(i) + 1);
            }
        }
        stage_close(&s);
    }
}

/* Tiles made on arrival and tiles made on the tick are the same picture. */
static void test_ready_or_not(void **state)
{
    (void)state;
    stage s = stage_new(9), late = stage_new(9);
    stage_open(&s);
    for (unsigned i = 0; i < 9; i++) {
        late.source[i] = kit_source(i + 1, &late.notices);
        show(&late, i, 0, START_NS); /* before anybody said which tiles */
    }
    mix_compositor_tick(late.c, make_scene(&late), 0, START_NS);
    assert_int_equal(kit_crc(mix_compositor_canvas(s.c, 0), 0), kit_crc(mix_compositor_canvas(late.c, 0), 0));
    stage_close(&s);
    stage_close(&late);
}

static void test_unchanged_is_published_once_a_second(void **state)
{
    (void)state;
    stage s = stage_new(PEOPLE);
    stage_open(&s);
    unsigned published = 0;
    int64_t last_ns = mix_compositor_canvas(s.c, 0)->time_ns;
    for (unsigned k = 0; k < 100; k++) {
        tick(&s);
        published += mix_compositor_canvas(s.c, 0)->time_ns != last_ns;
        last_ns = mix_compositor_canvas(s.c, 0)->time_ns;
    }
    /* four seconds: refreshes, and the one at which the pictures turn stale */
    assert_in_range(published, 3, 6);
    assert_int_equal(mix_compositor_skipped(s.c, 0), 100 - published);
    stage_close(&s);
}

static void test_only_what_changed_is_drawn(void **state)
{
    (void)state;
    stage s = stage_new(PEOPLE);
    stage_open(&s);
    const mix_tile *tiles = mix_compositor_scene(s.c)->tiers[1].tiles;
    /* Scribble on tile 3 of every canvas of the pool: what is not drawn again keeps the scribble. */
    for (unsigned k = 1; k <= MIX_CANVASES * 2; k++) {
        show(&s, 0, k, now_of(&s));
        tick(&s);
        mcu_frame *f = (mcu_frame *)mix_compositor_canvas(s.c, 1);
        f->plane[0][(tiles[3].y_px + 40) * f->stride[0] + tiles[3].x_px + 40] = 255;
    }
    for (unsigned k = 20; k < 26; k++) {
        show(&s, 0, k, now_of(&s));
        tick(&s);
        const mcu_frame *f = mix_compositor_canvas(s.c, 1);
        assert_int_equal(f->plane[0][(tiles[3].y_px + 40) * f->stride[0] + tiles[3].x_px + 40], 255);
        mcu_frame *flat = kit_flat(640, 360, luma_of(0), k); /* and what changed is the newest */
        assert_int_equal(f->plane[0][(tiles[0].y_px + 4) * f->stride[0] + tiles[0].x_px + 60],
                         flat->plane[0][10 * flat->stride[0] + 122]);
        mcu_frame_unref(flat);
    }
    show(&s, 3, 1, now_of(&s));
    tick(&s);
    const mcu_frame *f = mix_compositor_canvas(s.c, 1);
    assert_int_equal(f->plane[0][(tiles[3].y_px + 40) * f->stride[0] + tiles[3].x_px + 40], luma_of(3));
    stage_close(&s);
}

static bool same_picture(const mcu_frame *a, const mcu_frame *b)
{
    return kit_crc(a, 0) == kit_crc(b, 0) && kit_crc(a, 1) == kit_crc(b, 1) && kit_crc(a, 2) == kit_crc(b, 2);
}

/* Whatever was there before: another caption, none, pictures that moved below it. */
static void test_a_caption_leaves_no_trace(void **state)
{
    (void)state;
    static const char *const captions[] = {"14:03:27 +01:00", "a longer one than that, with much more to say", NULL, "1", NULL};
    stage s = stage_new(PEOPLE);
    s.art = mix_art_new(NULL, NULL, NULL);
    stage_open(&s);
    for (unsigned k = 0; k < 20; k++) {
        stage fresh = stage_new(PEOPLE);
        fresh.art = s.art;
        s.caption = fresh.caption = captions[k / 2 % G_N_ELEMENTS(captions)];
        for (unsigned i = 0; i < PEOPLE; i++) {
            fresh.source[i] = mix_source_ref(s.source[i]);
        }
        show(&s, k % PEOPLE, k, now_of(&s));
        mix_compositor_tick(s.c, make_scene(&s), s.tick * 25, now_of(&s));
        mix_compositor_tick(fresh.c, make_scene(&fresh), s.tick * 25, now_of(&s));
        s.tick++;
        for (unsigned t = 0; t < 4; t++) {
            assert_true(same_picture(mix_compositor_canvas(s.c, t), mix_compositor_canvas(fresh.c, t)));
        }
        mix_compositor_free(fresh.c);
        for (unsigned i = 0; i < PEOPLE; i++) {
            mix_source_unref(fresh.source[i]);
        }
    }
    stage_close(&s);
    mix_art_free(s.art);
}

/* One more picture for each second that is shown, and no other. */
static void test_a_caption_costs_when_it_changes(void **state)
{
    (void)state;
    stage s = stage_new(PEOPLE);
    s.art = mix_art_new(NULL, NULL, NULL);
    s.caption = "14:03:27";
    stage_open(&s);
    tick(&s);
    uint64_t skipped = mix_compositor_skipped(s.c, 0);
    for (unsigned k = 0; k < 10; k++) {
        mix_compositor_tick(s.c, make_scene(&s), s.tick, now_of(&s)); /* the same words */
        s.tick++;
    }
    assert_int_equal(mix_compositor_skipped(s.c, 0), skipped + 10);
    uint32_t before = kit_crc(mix_compositor_canvas(s.c, 0), 0);
    s.caption = "14:03:28";
    mix_compositor_tick(s.c, make_scene(&s), s.tick, now_of(&s));
    assert_int_equal(mix_compositor_skipped(s.c, 0), skipped + 10);
    assert_true(kit_crc(mix_compositor_canvas(s.c, 0), 0) != before);
    stage_close(&s);
    mix_art_free(s.art);
}

static void test_tiers_are_due_on_their_share(void **state)
{
    (void)state;
    unsigned due[4] = {0};
    for (uint64_t t = 0; t < 250; t++) {
        for (unsigned k = 0; k < 4; k++) {
            due[k] += mix_compositor_due(t, specs[k].fps, 25);
        }
    }
    assert_int_equal(due[0], 250);
    assert_int_equal(due[2], 150);
    assert_int_equal(due[3], 100);
}

static void test_one_media_clock(void **state)
{
    (void)state;
    stage s = stage_new(2);
    stage_open(&s);
    for (unsigned t = 0; t < 4; t++) {
        const mcu_frame *f = mix_compositor_canvas(s.c, t);
        assert_int_equal(f->time_ns, START_NS);
        assert_int_equal(f->ts90k, (uint32_t)(100 * 90000));
    }
    stage_close(&s);
}

static void test_stale_then_gone(void **state)
{
    (void)state;
    stage s = stage_new(2);
    stage_open(&s);
    const mix_tile *tile = &mix_compositor_scene(s.c)->tiers[0].tiles[0];
    int x = tile->x_px + 20, y = tile->y_px + 200;
    s.tick = 49; /* 1.96 s */
    tick(&s);
    assert_int_equal(kit_mean_luma(mix_compositor_canvas(s.c, 0), x, y, 40, 40), luma_of(0));
    s.tick = 60;
    tick(&s);
    assert_true(kit_mean_luma(mix_compositor_canvas(s.c, 0), x, y, 40, 40) < luma_of(0));
    s.tick = 260; /* past ten seconds; without art a plain tile */
    tick(&s);
    uint8_t ground = kit_mean_luma(mix_compositor_canvas(s.c, 0), x, y, 40, 40);
    assert_true(ground != luma_of(0));
    show(&s, 0, 1, now_of(&s));
    tick(&s);
    assert_int_equal(kit_mean_luma(mix_compositor_canvas(s.c, 0), x, y, 40, 40), luma_of(0));
    stage_close(&s);
}

/* Encoders that never give a canvas back: the clock goes on without drawing, and recovers. */
static void test_all_canvases_out(void **state)
{
    (void)state;
    stage s = stage_new(1);
    stage_open(&s);
    mcu_frame *kept[MIX_CANVASES + 2];
    unsigned n = 0, handed_over = 0;
    for (unsigned k = 1; k < MIX_CANVASES + 3; k++) {
        kept[n++] = mcu_frame_ref((mcu_frame *)mix_compositor_canvas(s.c, 0));
        show(&s, 0, k, now_of(&s));
        handed_over += tick(&s);
    }
    assert_in_range(handed_over, 1, n - 2);
    for (unsigned k = 0; k < n; k++) {
        mcu_frame_unref(kept[k]);
    }
    show(&s, 0, 90, now_of(&s));
    int64_t now_ns = now_of(&s);
    tick(&s);
    assert_int_equal(mix_compositor_canvas(s.c, 0)->time_ns, now_ns);
    stage_close(&s);
}

static const mcu_frame *next_picture(stage *s, unsigned k)
{
    show(s, 0, k, now_of(s));
    mix_compositor_tick(s->c, NULL, s->tick, now_of(s));
    s->tick++;
    return mix_compositor_canvas(s->c, 0);
}

static void test_only_what_nobody_holds_is_drawn_on(void **state)
{
    (void)state;
    stage s = stage_new(1);
    stage_open(&s);
    tick(&s);
    const mcu_frame *held = s.held[0];
    uint32_t crc = kit_crc(held, 0);
    int64_t time_ns = held->time_ns;
    const mcu_frame *other = next_picture(&s, 1);
    for (unsigned k = 2; k < 6; k++) {
        assert_ptr_equal(next_picture(&s, k), other); /* nobody has that one */
        assert_int_equal(other->time_ns, now_of(&s) - TICK_NS);
    }
    assert_ptr_not_equal(other, held);
    assert_int_equal(kit_crc(held, 0), crc);
    assert_int_equal(held->time_ns, time_ns);
    assert_int_not_equal(kit_crc(other, 0), crc);
    stage_close(&s);
}

static mcu_layout *picture_in_picture(double x)
{
    json_error_t why;
    char text[400];
    g_snprintf(
        text, sizeof text,
        "{\"name\":\"x\",\"title\":\"X\",\"arrangements\":[{\"slots\":["
        "{\"for\":[\"anyone\"],\"at\":[%g,0.6,0.3,0.3],\"z\":1},{\"for\":[\"anyone\"],\"at\":[0,0,1,1],\"fit\":\"fill\"}]}]}",
        x);
    json_t *j = json_loads(text, 0, &why);
    mcu_layout *l = mcu_layout_parse(j, NULL);
    json_decref(j);
    assert_non_null(l);
    return l;
}

static uint8_t luma_in(const stage *s, unsigned tier, double x, double y)
{
    const mcu_frame *f = mix_compositor_canvas(s->c, tier);
    return kit_mean_luma(f, (int)(x * f->width_px), (int)(y * f->height_px), 8, 8);
}

/* The inset stays over a picture that moves under it, on every canvas of the pool, and nothing of it is left where it was. */
static void test_inset_stays_on_top(void **state)
{
    (void)state;
    mcu_layout *right = picture_in_picture(0.6), *left = picture_in_picture(0.1);
    stage s = stage_new(2);
    s.layout = right;
    stage_open(&s);
    for (unsigned k = 1; k < 3 * MIX_CANVASES; k++) {
        show(&s, 1, k, now_of(&s)); /* the one below */
        tick(&s);
        for (unsigned t = 0; t < 4; t++) {
            assert_in_range(luma_in(&s, t, 0.7, 0.75), luma_of(0) - 1, luma_of(0) + 1);
            assert_in_range(luma_in(&s, t, 0.2, 0.75), luma_of(1) - 1, luma_of(1) + 1);
        }
    }
    s.layout = left;
    mix_compositor_tick(s.c, make_scene(&s), s.tick, now_of(&s));
    for (unsigned k = 0; k < 3 * MIX_CANVASES; k++) {
        assert_in_range(luma_in(&s, 0, 0.2, 0.75), luma_of(0) - 1, luma_of(0) + 1);
        assert_in_range(luma_in(&s, 0, 0.7, 0.75), luma_of(1) - 1, luma_of(1) + 1);
        s.tick++;
        show(&s, 1, k, now_of(&s));
        mix_compositor_tick(s.c, NULL, s.tick, now_of(&s));
    }
    stage_close(&s);
    mcu_layout_free(right);
    mcu_layout_free(left);
}

/* From one layout to another the pictures are there at once: every pixel is somebody's at the tick of the change. */
static void test_change_does_not_flash(void **state)
{
    (void)state;
    mcu_layout *pip = picture_in_picture(0.6);
    stage s = stage_new(2);
    stage_open(&s);
    for (unsigned k = 0; k < 20; k++) {
        s.layout = k % 2 ? NULL : pip;
        mix_scene *scene = make_scene(&s);
        show(&s, k % 2, k + 1, now_of(&s));
        int64_t now_ns = now_of(&s);
        mix_compositor_tick(s.c, scene, s.tick++, now_ns);
        const mcu_frame *f = mix_compositor_canvas(s.c, 0);
        assert_int_equal(f->time_ns, now_ns);
        for (unsigned i = 0; i < 2; i++) {
            const mix_tile *tile = &mix_compositor_scene(s.c)->tiers[0].tiles[i];
            unsigned who = mix_compositor_scene(s.c)->tiers[0].who[i];
            assert_in_range(kit_mean_luma(f, tile->x_px + 8, tile->y_px + tile->height_px / 2, 8, 8), luma_of(who) - 1,
                            luma_of(who) + 1);
        }
    }
    stage_close(&s);
    mcu_layout_free(pip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc),
        cmocka_unit_test(test_everybody_is_in_his_tile),
        cmocka_unit_test(test_ready_or_not),
        cmocka_unit_test(test_unchanged_is_published_once_a_second),
        cmocka_unit_test(test_only_what_changed_is_drawn),
        cmocka_unit_test(test_a_caption_leaves_no_trace),
        cmocka_unit_test(test_a_caption_costs_when_it_changes),
        cmocka_unit_test(test_tiers_are_due_on_their_share),
        cmocka_unit_test(test_one_media_clock),
        cmocka_unit_test(test_stale_then_gone),
        cmocka_unit_test(test_all_canvases_out),
        cmocka_unit_test(test_only_what_nobody_holds_is_drawn_on),
        cmocka_unit_test(test_inset_stays_on_top),
        cmocka_unit_test(test_change_does_not_flash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
