/* test_mix_layout.c - where tiles are: golden rectangles for 1 to 16 people, invariants up to 64; cheap scales. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mixer/fit.h"
#include "mixer/layout.h"
#include "video_golden.h"

static const struct {
    const char *name;
    int width_px, height_px;
} tiers[] = {{"A", 1280, 720}, {"B", 640, 360}, {"C", 480, 270}, {"D", 320, 180}};

static void test_golden(void **state)
{
    (void)state;
    for (unsigned t = 0; t < 4; t++) {
        GString *s = g_string_new(NULL);
        for (unsigned n = 1; n <= 16; n++) {
            mix_tile tiles[MIX_MAX_PEOPLE];
            mix_layout(tiers[t].width_px, tiers[t].height_px, n, tiles);
            g_string_append_printf(s, "%u people: %dx%d at", n, tiles[0].width_px, tiles[0].height_px);
            for (unsigned i = 0; i < n; i++) {
                g_string_append_printf(s, " %d,%d", tiles[i].x_px, tiles[i].y_px);
            }
            g_string_append_c(s, '\n');
        }
        char *name = g_strdup_printf("layout/%s.txt", tiers[t].name);
        golden_check(name, s->str);
        g_free(name);
        g_string_free(s, TRUE);
    }
}

static bool overlap(const mix_tile *a, const mix_tile *b)
{
    return a->x_px < b->x_px + b->width_px && b->x_px < a->x_px + a->width_px && a->y_px < b->y_px + b->height_px &&
           b->y_px < a->y_px + a->height_px;
}

static void check_one(int w, int h, unsigned n)
{
    mix_tile t[MIX_MAX_PEOPLE];
    mix_layout(w, h, n, t);
    for (unsigned i = 0; i < n; i++) {
        assert_int_equal((t[i].x_px | t[i].y_px | t[i].width_px | t[i].height_px) & 1, 0);
        assert_true(t[i].x_px >= 0 && t[i].y_px >= 0 && t[i].width_px > 0 && t[i].height_px > 0);
        assert_true(t[i].x_px + t[i].width_px <= w && t[i].y_px + t[i].height_px <= h);
        for (unsigned k = 0; k < i; k++) {
            assert_false(overlap(&t[i], &t[k]));
        }
    }
    /* 16:9 within what the crop takes; tiny tiles are coarser */
    double aspect = (double)t[0].width_px / t[0].height_px;
    assert_true(aspect > 1.65 && aspect < 2.0);
}

static void test_invariants(void **state)
{
    (void)state;
    for (unsigned t = 0; t < 4; t++) {
        for (unsigned n = 2; n <= MIX_MAX_PEOPLE; n++) {
            check_one(tiers[t].width_px, tiers[t].height_px, n);
        }
    }
}

/* Full squares of people leave no more than gutters and crops unused. */
static void test_space(void **state)
{
    (void)state;
    static const unsigned squares[] = {4, 9, 16, 25, 36};
    for (unsigned k = 0; k < 5; k++) {
        mix_tile t[MIX_MAX_PEOPLE];
        mix_layout(1280, 720, squares[k], t);
        double used = (double)squares[k] * t[0].width_px * t[0].height_px / (1280.0 * 720.0);
        assert_true(used > (squares[k] < 25 ? 0.90 : 0.85));
    }
}

static void test_cheap_scales(void **state)
{
    (void)state;
    static const unsigned people[] = {1, 4, 9, 16};
    for (unsigned t = 0; t < 4; t++) {
        for (unsigned k = 0; k < 4; k++) {
            if (t == 0 && people[k] == 1) {
                continue; /* enlarged */
            }
            mix_tile tiles[MIX_MAX_PEOPLE];
            mix_layout(tiers[t].width_px, tiers[t].height_px, people[k], tiles);
            mix_fit f = mix_fit_tile(640, 360, tiles[0].width_px, tiles[0].height_px, MCU_FIT_WHOLE);
            assert_int_not_equal(f.ratio.num, 0);
            assert_true(f.crop_width_px > 580 && f.crop_height_px > 330);
            assert_int_equal(f.width_px, tiles[0].width_px);
        }
    }
}

static void test_shapes_are_kept(void **state)
{
    (void)state;
    mix_fit f = mix_fit_tile(360, 640, 634, 354, MCU_FIT_WHOLE); /* a phone held upright stands between bars */
    assert_true(f.crop_width_px >= 356);
    assert_true(f.crop_height_px >= 638);
    assert_true(f.width_px >= 194 && f.width_px <= 200);
    f = mix_fit_tile(640, 480, 634, 354, MCU_FIT_WHOLE);
    assert_true(f.width_px < 480 && f.height_px >= 350);
    f = mix_fit_tile(1280, 720, 634, 354, MCU_FIT_WHOLE);
    assert_int_equal(f.ratio.num, 1);
    assert_int_equal(f.ratio.den, 2);
    assert_int_equal(f.crop_width_px, 1268);
}

static void check_fit(int sw, int sh, int tw, int th, mcu_fit how)
{
    mix_fit f = mix_fit_tile(sw, sh, tw, th, how);
    assert_true(f.crop_width_px >= 2 && f.crop_width_px <= sw && f.crop_height_px >= 2 && f.crop_height_px <= sh);
    assert_true(f.width_px >= 2 && f.x_px >= 0 && f.x_px + f.width_px <= tw);
    assert_true(f.height_px >= 2 && f.y_px >= 0 && f.y_px + f.height_px <= th);
    assert_int_equal((f.x_px | f.y_px | f.width_px | f.height_px | f.crop_width_px | f.crop_height_px | f.raise_px) & 1, 0);
    assert_true(how != MCU_FIT_SHARP || (f.width_px <= sw && f.height_px <= sh));
    assert_true(how != MCU_FIT_FILL || (f.width_px == tw && f.height_px == th));
    assert_true(f.raise_px >= 0 && f.raise_px <= (sh - f.crop_height_px) / 2);
}

/* Any source in any tile: never beyond the source, never beyond the tile. */
static void test_fit_bounds(void **state)
{
    (void)state;
    for (int sw = 16; sw <= 1920; sw += 34) {
        for (int sh = 16; sh <= 1920; sh += 46) {
            for (int tw = 38; tw <= 1280; tw += 138) {
                for (mcu_fit how = MCU_FIT_WHOLE; how <= MCU_FIT_SHARP; how++) {
                    check_fit(sw, sh, tw, (tw * 9 / 16) & ~1, how);
                    check_fit(sw, sh, (tw * 9 / 16) & ~1, tw, how);
                }
            }
        }
    }
}

/* Heads are above the middle: of a phone held upright more is cropped from below, of any other picture as much from both sides.
 */
static void test_smart_crop(void **state)
{
    (void)state;
    mix_fit f = mix_fit_tile(360, 640, 320, 180, MCU_FIT_SMART);
    assert_true(f.width_px > 160 && f.width_px < 180); /* bars take what a crop of two fifths does not */
    assert_in_range(f.crop_height_px, 380, 390);
    int above = (640 - f.crop_height_px) / 2 - f.raise_px;
    assert_in_range(above * 100 / (640 - f.crop_height_px), 28, 32);
    f = mix_fit_tile(360, 640, 320, 180, MCU_FIT_FILL);
    assert_int_equal(f.width_px, 320);
    assert_true(f.raise_px > 0);
    f = mix_fit_tile(640, 360, 180, 320, MCU_FIT_FILL);
    assert_int_equal(f.raise_px, 0);
    f = mix_fit_tile(640, 360, 1280, 720, MCU_FIT_SHARP);
    assert_int_equal(f.width_px, 640);
    assert_int_equal(f.x_px, 320);
}

static void plan_of(unsigned people, mix_step plan[MIX_MAX_TIERS])
{
    mix_want want[MIX_MAX_TIERS] = {0};
    for (unsigned t = 0; t < 4; t++) {
        mix_tile tiles[MIX_MAX_PEOPLE];
        mix_layout(tiers[t].width_px, tiers[t].height_px, people, tiles);
        want[t] = (mix_want){tiles[0].width_px, tiles[0].height_px, t < 2, MCU_FIT_WHOLE};
    }
    mix_plan(640, 360, want, plan);
}

/* The source is read once, when it arrives; every smaller tile is one cheap step from a larger one. */
static void test_plan_uses_larger_tiles(void **state)
{
    (void)state;
    static const struct {
        unsigned people;
        int parent[4]; /* -1 the source, on arrival; -2 the source, on the tick */
        mix_ratio step[4];
    } rows[] = {
        {1, {-2, -2, -2, -2}, {{0, 1}, {1, 1}, {3, 4}, {1, 2}}},
        {4, {-2, -1, 1, 1}, {{1, 1}, {1, 2}, {3, 4}, {1, 2}}},
        {9, {-1, 0, 1, 1}, {{2, 3}, {1, 2}, {3, 4}, {1, 2}}},
        {16, {-1, 0, 1, 1}, {{1, 2}, {1, 2}, {3, 4}, {1, 2}}},
    };
    for (unsigned k = 0; k < sizeof rows / sizeof rows[0]; k++) {
        mix_step plan[MIX_MAX_TIERS];
        plan_of(rows[k].people, plan);
        for (unsigned t = 0; t < 4; t++) {
            const mix_cut *cut = plan[t].parent >= 0 ? &plan[t].step : &plan[t].whole;
            assert_int_equal(plan[t].parent, rows[k].parent[t] < 0 ? -1 : rows[k].parent[t]);
            assert_int_equal(plan[t].ready, t < 2 && rows[k].parent[t] != -2);
            assert_int_equal(cut->ratio.num, rows[k].step[t].num);
            assert_int_equal(cut->ratio.den, rows[k].step[t].den);
        }
    }
}

static void check_cut(const mix_cut *c, int of_width_px, int of_height_px, const mix_step *s)
{
    assert_true(c->crop_width_px >= 2 && c->crop_width_px <= of_width_px && c->crop_height_px >= 2 &&
                c->crop_height_px <= of_height_px);
    assert_int_equal((c->crop_width_px | c->crop_height_px | s->width_px | s->height_px | c->raise_px) & 1, 0);
    assert_true(c->raise_px >= 0 && c->raise_px <= (of_height_px - c->crop_height_px) / 2);
    if (c->ratio.num) {
        assert_int_equal(c->crop_width_px * c->ratio.num, s->width_px * c->ratio.den);
        assert_int_equal(c->crop_height_px * c->ratio.num, s->height_px * c->ratio.den);
    }
}

static void check_plan(int sw, int sh, unsigned people, mcu_fit how)
{
    mix_want want[MIX_MAX_TIERS] = {0};
    mix_step plan[MIX_MAX_TIERS];
    for (unsigned t = 0; t < 4; t++) {
        mix_tile tiles[MIX_MAX_PEOPLE];
        mix_layout(tiers[t].width_px, tiers[t].height_px, people, tiles);
        want[t] = (mix_want){tiles[0].width_px, tiles[0].height_px, t < 2, how};
    }
    mix_plan(sw, sh, want, plan);
    for (unsigned t = 0; t < 4; t++) {
        const mix_step *s = &plan[t];
        assert_true(s->width_px >= s->fit.width_px && s->height_px >= s->fit.height_px);
        check_cut(&s->whole, sw, sh, s);
        if (s->parent >= 0) {
            assert_true(plan[s->parent].ready);
            check_cut(&s->step, plan[s->parent].width_px, plan[s->parent].height_px, s);
        }
    }
}

/* Any source, any number of people, any fit: nothing is read beyond the source or the parent, and the tile is covered. */
static void test_plan_bounds(void **state)
{
    (void)state;
    for (int sw = 16; sw <= 1920; sw += 34) {
        for (int sh = 16; sh <= 1920; sh += 46) {
            for (unsigned people = 1; people <= 16; people++) {
                for (mcu_fit how = MCU_FIT_WHOLE; how <= MCU_FIT_SHARP; how++) {
                    check_plan(sw, sh, people, how);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),          cmocka_unit_test(test_invariants),  cmocka_unit_test(test_space),
        cmocka_unit_test(test_cheap_scales),    cmocka_unit_test(test_fit_bounds),  cmocka_unit_test(test_plan_uses_larger_tiles),
        cmocka_unit_test(test_shapes_are_kept), cmocka_unit_test(test_plan_bounds), cmocka_unit_test(test_smart_crop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
