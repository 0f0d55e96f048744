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
            if (t == 2 && people[k] == 16) {
                continue; /* 3/16: its chroma would cost a tenth of the picture to be exact */
            }
            mix_tile tiles[MIX_MAX_PEOPLE];
            mix_layout(tiers[t].width_px, tiers[t].height_px, people[k], tiles);
            mix_fit f = mix_fit_tile(640, 360, tiles[0].width_px, tiles[0].height_px);
            assert_int_not_equal(f.ratio.num, 0);
            assert_true(f.crop_width_px > 580 && f.crop_height_px > 330);
            assert_int_equal(f.width_px, tiles[0].width_px);
        }
    }
}

static void test_shapes_are_kept(void **state)
{
    (void)state;
    mix_fit f = mix_fit_tile(360, 640, 634, 354); /* a phone held upright stands between bars */
    assert_true(f.crop_width_px >= 356);
    assert_true(f.crop_height_px >= 638);
    assert_true(f.width_px >= 194 && f.width_px <= 200);
    f = mix_fit_tile(640, 480, 634, 354);
    assert_true(f.width_px < 480 && f.height_px >= 350);
    f = mix_fit_tile(1280, 720, 634, 354);
    assert_int_equal(f.ratio.num, 1);
    assert_int_equal(f.ratio.den, 2);
    assert_int_equal(f.crop_width_px, 1268);
}

/* Any source in any tile: never beyond the source, never beyond the tile. */
static void test_fit_bounds(void **state)
{
    (void)state;
    for (int sw = 16; sw <= 1920; sw += 34) {
        for (int sh = 16; sh <= 1920; sh += 46) {
            for (int tw = 38; tw <= 1280; tw += 138) {
                int th = (tw * 9 / 16) & ~1;
                mix_fit f = mix_fit_tile(sw, sh, tw, th);
                assert_true(f.crop_width_px >= 2 && f.crop_width_px <= sw && f.crop_height_px >= 2 && f.crop_height_px <= sh);
                assert_true(f.width_px >= 2 && f.x_px >= 0 && f.x_px + f.width_px <= tw);
                assert_true(f.height_px >= 2 && f.y_px >= 0 && f.y_px + f.height_px <= th);
                assert_int_equal((f.x_px | f.y_px | f.width_px | f.height_px | f.crop_width_px | f.crop_height_px) & 1, 0);
            }
        }
    }
}

static void test_plan_uses_larger_tiles(void **state)
{
    (void)state;
    mix_want want[MIX_MAX_TIERS] = {0};
    mix_step plan[MIX_MAX_TIERS];
    for (unsigned t = 0; t < 4; t++) {
        mix_tile tiles[MIX_MAX_PEOPLE];
        mix_layout(tiers[t].width_px, tiers[t].height_px, 9, tiles);
        want[t] = (mix_want){tiles[0].width_px, tiles[0].height_px, t < 2};
    }
    mix_plan(640, 360, want, plan);
    assert_true(plan[0].ready); /* two thirds, on arrival */
    assert_int_equal(plan[1].parent, 0);
    assert_int_equal(plan[1].step.den, 2);
    assert_int_equal(plan[2].parent, -1); /* a quarter of the source */
    assert_int_equal(plan[2].step.den, 4);
    assert_int_equal(plan[3].parent, 0);
    assert_int_equal(plan[3].step.den, 4);
    assert_false(plan[1].ready || plan[2].ready || plan[3].ready);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),          cmocka_unit_test(test_invariants), cmocka_unit_test(test_space),
        cmocka_unit_test(test_cheap_scales),    cmocka_unit_test(test_fit_bounds), cmocka_unit_test(test_plan_uses_larger_tiles),
        cmocka_unit_test(test_shapes_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
