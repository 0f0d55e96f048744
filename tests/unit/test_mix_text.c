/* test_mix_text.c - names in every script, hostile names, labels that fit, art that is drawn once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cairo.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "mixer/art.h"
#include "mixer/logo.h"
#include "mixer/text.h"
#include "tests/unit/coarse.h"
#include "tests/unit/png_kit.h"
#include "video_golden.h"

static mix_text *text;

static unsigned ink(const mix_overlay *o)
{
    unsigned n = 0;
    for (int i = 0; i < o->width_px * o->height_px; i++) {
        n += o->a[i] > 200 && o->y[i] > 180;
    }
    return n;
}

static void test_scripts(void **state)
{
    (void)state;
    static const char *const names[] = {"Dr. Amira Haddad", "Zoë Björklund", "عبد الرحمن", "अनन्या श्रीवास्तव",
                                        "สมชาย ใจดี",        "王小芳",        "שרה לוי",    "한지민",
                                        "Шевченко",         "Nguyễn",        "Τάσος",      "தமிழ்"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        mix_overlay *o = mix_text_label(text, names[i], 0, 420, 232);
        assert_non_null(o);
        assert_true(ink(o) > 60);
        assert_true(o->width_px <= 420 - 2 * mix_text_margin(232));
        mix_overlay_free(o);
        char *initials = mix_text_initials(names[i]);
        assert_true(strlen(initials) > 0);
        g_free(initials);
    }
}

static void test_hostile_names(void **state)
{
    (void)state;
    char *zalgo = g_malloc0(60001);
    for (int i = 0; i < 30000; i++) {
        memcpy(zalgo + i * 2, i ? "\xcc\x81" : "Z.", 2);
    }
    char *wide = g_strnfill(20000, 'W');
    const char *const names[] = {"",
                                 "\xff\xfe\xc0",
                                 "a\nb\tc\r\x01",
                                 "\xe2\x80\xae"
                                 "evil\xe2\x81\xa6",
                                 zalgo,
                                 wide,
                                 "   ",
                                 "\xf0\x9f\x98\x80"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        char *clean = mix_text_clean(names[i]);
        assert_true(g_utf8_validate(clean, -1, NULL));
        assert_true(strlen(clean) <= 1100);
        assert_null(strchr(clean, '\n'));
        assert_null(strstr(clean, "\xe2\x80\xae"));
        g_free(clean);
        mix_overlay *o = mix_text_label(text, names[i], MIX_ICON_MUTED, 314, 174);
        assert_non_null(o);
        assert_true(o->width_px <= 314 && o->height_px <= 40);
        mix_overlay_free(o);
        mcu_frame *f = mix_text_placeholder(text, names[i], 0, 314, 174);
        assert_non_null(f);
        mcu_frame_unref(f);
    }
    g_free(zalgo);
    g_free(wide);
}

static void test_every_size(void **state)
{
    (void)state;
    for (int w = 20; w <= 1280; w += 42) {
        int h = (w * 9 / 16) & ~1;
        for (unsigned icons = 0; icons < 4; icons++) {
            mix_overlay *o = mix_text_label(text, "Interpreter", icons, w, h);
            if (o) {
                assert_int_equal((o->width_px | o->height_px) & 1, 0);
                assert_true(o->width_px <= w - 2 * mix_text_margin(h));
                assert_true(o->height_px <= h - 2 * mix_text_margin(h));
            } else {
                assert_true(h < 60);
            }
            mix_overlay_free(o);
        }
    }
}

static void test_names_and_initials(void **state)
{
    (void)state;
    static const struct {
        const char *name, *clean, *initials;
    } rows[] = {{"  Ann   Lee ", "Ann Lee", "AL"},
                {"zoë", "zoë", "Z"},
                {"A\xcc\x8a"
                 "sa B\xc3\xb6rk",
                 "A\xcc\x8a"
                 "sa B\xc3\xb6rk",
                 "A\xcc\x8a"
                 "B"},
                {"王小芳", "王小芳", "王"},
                {"", "", ""},
                {"\t\n", "", ""}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *clean = mix_text_clean(rows[i].name), *initials = mix_text_initials(clean);
        assert_string_equal(clean, rows[i].clean);
        assert_string_equal(initials, rows[i].initials);
        g_free(clean);
        g_free(initials);
    }
}

static void test_label_golden(void **state)
{
    (void)state;
    mix_overlay *o = mix_text_label(text, "Dr. Haddad", MIX_ICON_MUTED | MIX_ICON_PHONE, 634, 354);
    GString *s = g_string_new(NULL);
    g_string_append_printf(s, "%dx%d\n", o->width_px, o->height_px);
    append_coarse(s, o);
    golden_check("layout/label.txt", s->str);
    g_string_free(s, TRUE);
    mix_overlay_free(o);
}

/* All of them in their order, and how many have room beside the name on a narrow tile: the first ones. */
static void test_icons_golden(void **state)
{
    (void)state;
    const unsigned rest = MIX_ICON_PHONE | MIX_ICON_HOLD | MIX_ICON_HAND | MIX_ICON_WEAK | MIX_ICON_CAMERA_OFF;
    GString *s = g_string_new(NULL);
    mix_overlay *o = mix_text_label(text, "Ann", MIX_ICON_MUTED | rest, 634, 354);
    append_coarse(s, o);
    golden_check("layout/icons.txt", s->str);
    mix_overlay_free(o);
    mix_overlay *all = mix_text_label(text, "Ann", rest, 70, 90),
                *two = mix_text_label(text, "Ann", MIX_ICON_PHONE | MIX_ICON_HOLD, 70, 90);
    assert_true(all->width_px <= 70 - 2 * mix_text_margin(90));
    assert_int_equal(all->width_px, two->width_px);
    assert_memory_equal(all->y, two->y, (size_t)two->width_px * (size_t)two->height_px);
    mix_overlay_free(all);
    mix_overlay_free(two);
    g_string_free(s, TRUE);
}

static const char wordings[] = "2026-11-26 14:03:27 +01:00 \u00b7 followup-ab12\n14:03:27 +01:00 \u00b7 followup-ab12\n14:03:27";

/* At each tier's own pixel size, never wider than the picture; the mark is there even where no word fits. */
static void test_captions(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1280, 720}, {640, 360}, {480, 270}, {320, 180}, {180, 320}};
    GString *s = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        mix_overlay *o = mix_text_caption(text, wordings, true, sizes[i][0], sizes[i][1]);
        mix_overlay *plain = mix_text_caption(text, wordings, false, sizes[i][0], sizes[i][1]);
        mix_overlay *tiny = mix_text_caption(text, "", true, sizes[i][0], sizes[i][1]);
        assert_true(o->width_px <= sizes[i][0] - 2 * mix_text_margin(sizes[i][1]) && o->height_px >= 22);
        assert_true(tiny && tiny->width_px < o->width_px);
        g_string_append_printf(s, "%dx%d: %dx%d\n", sizes[i][0], sizes[i][1], o->width_px, o->height_px);
        append_coarse(s, o);
        mix_overlay_free(o);
        mix_overlay_free(plain);
        mix_overlay_free(tiny);
    }
    golden_check("layout/caption.txt", s->str);
    g_string_free(s, TRUE);
}

/* ---- what can be read: small letters of 7 pixels, a contrast of 4.5 to 1 over whatever picture ---- */

static double linear(double v)
{
    v = CLAMP(v, 0, 1);
    return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
}

/* Relative luminance (WCAG 2.1) of BT.601. */
static double luminance(double y, double u, double v)
{
    y = (y - 16) * 255 / 219;
    double r = y + 1.596 * (v - 128), g = y - 0.392 * (u - 128) - 0.813 * (v - 128), b = y + 2.017 * (u - 128);
    return 0.2126 * linear(r / 255) + 0.7152 * linear(g / 255) + 0.0722 * linear(b / 255);
}

static double over(int value, int alpha, int below)
{
    return (alpha * value + (255 - alpha) * below) / 255.0;
}

/* Of a pixel of the bitmap over a grey picture. */
static double seen(const mix_overlay *o, int x, int y, int below)
{
    int at = y * o->width_px + x, half = y / 2 * (o->width_px / 2) + x / 2, a = o->a[at];
    return luminance(over(o->y[at], a, below), over(o->u[half], a, 128), over(o->v[half], a, 128));
}

/* Of the brightest mark from column `from` to `to` to the ground beside it. */
static double contrast(const mix_overlay *o, int from, int to, int below)
{
    double mark = 0, ground = seen(o, 2, o->height_px / 2, below);
    for (int y = 2; y < o->height_px - 2; y++) {
        for (int x = from; x < to; x++) {
            mark = MAX(mark, seen(o, x, y, below));
        }
    }
    return (mark + 0.05) / (ground + 0.05);
}

static int rows_of_ink(const mix_overlay *o)
{
    int first = -1, last = -1;
    for (int y = 0; y < o->height_px; y++) {
        for (int x = 0; x < o->width_px; x++) {
            if (o->y[y * o->width_px + x] > 100) {
                first = first < 0 ? y : first;
                last = y;
            }
        }
    }
    return last - first + 1;
}

/* Every size that a tile of any tier, canvas or layout may have; where there is no room for that there is no label. */
static void test_labels_can_be_read(void **state)
{
    (void)state;
    unsigned labels = 0;
    for (int h = 20; h <= 1280; h += h < 240 ? 2 : 40) {
        mix_overlay *o = mix_text_label(text, "xxvzx", 0, 400, h);
        if (o) {
            labels++;
            assert_true(rows_of_ink(o) >= 7);
            for (int below = 16; below <= 235; below += 73) {
                assert_true(contrast(o, 0, o->width_px, below) >= 4.5);
            }
            assert_true(o->height_px <= h - 2 * mix_text_margin(h));
        } else {
            assert_true(h < 40);
        }
        mix_overlay_free(o);
    }
    assert_true(labels > 100);
}

static void test_icons_can_be_seen(void **state)
{
    (void)state;
    for (unsigned icon = MIX_ICON_MUTED; icon <= MIX_ICON_CAMERA_OFF; icon <<= 1) {
        mix_overlay *o = mix_text_label(text, "", icon, 400, 180);
        assert_true(contrast(o, 0, o->width_px, 235) >= 4.5);
        mix_overlay_free(o);
    }
}

static void test_captions_can_be_read(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1280, 720}, {640, 360}, {480, 270}, {320, 180}, {180, 320}, {360, 640}};
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        mix_overlay *o = mix_text_caption(text, "xzvx", false, sizes[i][0], sizes[i][1]);
        assert_true(rows_of_ink(o) >= 7);
        assert_true(contrast(o, 0, o->width_px, 235) >= 4.5);
        mix_overlay_free(o);
    }
}

/* Any script, at most two lines, within every tier's picture; hostile words do no harm. */
static void test_lines_can_be_read(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1280, 720}, {640, 360}, {480, 270}, {320, 180}, {180, 320}, {360, 640}};
    static const char *const words[] = {
        "xzvx",
        "Please lift your arm, slowly, and tell me when it begins to hurt. Is it the same on the other "
        "side, or only here, below the shoulder, when you turn?",
        "ارفع ذراعك ببطء من فضلك",
        "कृपया अपना हाथ धीरे-धीरे उठाइए",
        "กรุณายกแขนขึ้นช้า ๆ แล้วบอกว่าเจ็บเมื่อไร",
        "请慢慢抬起手臂",
        "\xe2\x80\xae<b>&amp;</b>\n\nx"};
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        for (unsigned k = 0; k < G_N_ELEMENTS(words); k++) {
            mix_overlay *o = mix_text_line(text, words[k], sizes[i][0], sizes[i][1]);
            assert_non_null(o);
            assert_true(o->width_px <= sizes[i][0] - 2 * mix_text_margin(sizes[i][1]));
            assert_true(o->height_px <= sizes[i][1] / 2);
            assert_true(rows_of_ink(o) >= 7);
            assert_true(contrast(o, 0, o->width_px, 235) >= 4.5);
            mix_overlay_free(o);
        }
    }
    assert_null(mix_text_line(text, " ", 640, 360));
}

static char *a_logo(int width_px, int height_px)
{
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width_px, height_px);
    cairo_t *c = cairo_create(s);
    cairo_set_source_rgb(c, 0, 0.6, 0.4);
    cairo_paint(c);
    cairo_destroy(c);
    return png_kit_base64(s);
}

static void test_logo(void **state)
{
    (void)state;
    g_autofree char *wide = a_logo(800, 100), *small = a_logo(20, 20), *huge = a_logo(2049, 4),
                    *none = g_base64_encode((const guchar *)"no", 2);
    mix_overlay *o = mix_logo_draw(wide, 640, 360);
    assert_in_range(o->width_px, 90, 640 / 6);
    assert_int_equal(o->a[o->width_px * 4 + 8], 255);
    mix_overlay_free(o);
    o = mix_logo_draw(small, 1280, 720);
    assert_int_equal(o->width_px, 20); /* never enlarged */
    mix_overlay_free(o);
    o = mix_logo_draw(small, 320, 180);
    assert_int_equal(o->height_px, 18);
    mix_overlay_free(o);
    assert_null(mix_logo_draw(huge, 640, 360));
    assert_null(mix_logo_draw(none, 640, 360));
}

/* White on each of the colours that names may get. */
static void test_initials_can_be_read(void **state)
{
    (void)state;
    for (char name[] = "A"; name[0] <= 'Z'; name[0]++) {
        mcu_frame *f = mix_text_placeholder(text, name, 0, 320, 180);
        int x = 160 - 42, y = 82; /* within the disc, beside the letter */
        double disc = luminance(f->plane[0][y * f->stride[0] + x], f->plane[1][y / 2 * f->stride[1] + x / 2],
                                f->plane[2][y / 2 * f->stride[2] + x / 2]);
        assert_true(1.05 / (disc + 0.05) >= 4.5);
        mcu_frame_unref(f);
    }
}

static void test_art_is_drawn_once(void **state)
{
    (void)state;
    mix_art *a = mix_art_new(NULL, NULL, NULL);
    mix_art_item *one = mix_art_get(a, MIX_ART_LABEL, "Ann", 0, 314, 174),
                 *two = mix_art_get(a, MIX_ART_LABEL, "Ann", 0, 314, 174),
                 *other = mix_art_get(a, MIX_ART_LABEL, "Ann", MIX_ICON_MUTED, 314, 174);
    assert_ptr_equal(one, two);
    assert_true(mix_art_serial(one) != mix_art_serial(other));
    assert_ptr_equal(mix_art_overlay_of(one), mix_art_overlay_of(two));
    assert_null(mix_art_frame_of(one));
    uint64_t serial = mix_art_serial(one);
    mix_art_item_unref(one);
    mix_art_item_unref(two);
    mix_art_sweep(a);
    one = mix_art_get(a, MIX_ART_LABEL, "Ann", 0, 314, 174);
    assert_true(mix_art_serial(one) != serial);
    mix_art_free(a);
    assert_true(mix_art_serial(other) > 0); /* still ours */
    mix_art_item_unref(one);
    mix_art_item_unref(other);
}

static int setup(void **state)
{
    (void)state;
    text = mix_text_new(NULL);
    return text ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    mix_text_free(text);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scripts),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_every_size),
        cmocka_unit_test(test_names_and_initials),
        cmocka_unit_test(test_label_golden),
        cmocka_unit_test(test_icons_golden),
        cmocka_unit_test(test_art_is_drawn_once),
        cmocka_unit_test(test_captions),
        cmocka_unit_test(test_lines_can_be_read),
        cmocka_unit_test(test_logo),
        cmocka_unit_test(test_labels_can_be_read),
        cmocka_unit_test(test_icons_can_be_seen),
        cmocka_unit_test(test_captions_can_be_read),
        cmocka_unit_test(test_initials_can_be_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
