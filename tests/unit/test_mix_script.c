/* test_mix_script.c - golden bitmaps of what is written and drawn on pictures, script by script: labels, lines of words, the
 * logo. With the fonts that every installation has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cairo.h>
#include <cmocka.h>
#include <fontconfig/fontconfig.h>

#include "mixer/logo.h"
#include "mixer/text.h"
#include "tests/unit/coarse.h"
#include "tests/unit/png_kit.h"
#include "video_golden.h"

static const struct {
    const char *script, *name, *words;
} rows[] = {
    {"Latin", "Zoë Björklund", "Please lift your arm slowly"},
    {"Vietnamese", "Nguyễn Thị Hằng", "Xin hãy từ từ giơ tay lên"},
    {"Cyrillic", "Леся Шевченко", "Підніміть повільно руку"},
    {"Greek", "Τάσος Νικολάου", "Σηκώστε αργά το χέρι σας"},
    {"Arabic", "عبد الرحمن", "ارفع ذراعك ببطء من فضلك"},
    {"Hebrew", "שרה לוי", "אנא הרימי את היד לאט"},
    {"Devanagari", "अनन्या श्रीवास्तव", "कृपया अपना हाथ धीरे-धीरे उठाइए"},
    {"Tamil", "தமிழ்ச்செல்வி", "உங்கள் கையை மெதுவாக உயர்த்துங்கள்"},
    {"Thai", "สมชาย ใจดี", "กรุณายกแขนขึ้นช้า ๆ"},
    {"Chinese", "王小芳", "请慢慢抬起手臂"},
    {"Japanese", "鈴木さくら", "ゆっくり腕を上げてください"},
    {"Korean", "한지민", "팔을 천천히 들어 주세요"},
    {"emoji", "Ann 😀", "👍 😀"},
    {"mixed", "Dr. أحمد Müller 王", "Dr. أحمد: 3 × 250 mg"},
};

static mix_text *text;

static int setup(void **state)
{
    (void)state;
    g_setenv("FONTCONFIG_FILE", TESSERA_SOURCE_DIR "/tests/golden/script/fonts.conf", TRUE);
    text = mix_text_new(NULL);
    return text ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    mix_text_free(text);
    return 0;
}

/* A missing letter is drawn as a box, which no bitmap tells from a letter that was meant. */
static void test_every_letter_has_a_font(void **state)
{
    (void)state;
    FcPattern *any = FcPatternCreate();
    FcObjectSet *what = FcObjectSetBuild(FC_CHARSET, NULL);
    FcFontSet *fonts = FcFontList(NULL, any, what);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *all = g_strconcat(rows[i].name, rows[i].words, NULL);
        for (const char *p = all; *p; p = g_utf8_next_char(p)) {
            bool known = false;
            for (int k = 0; k < fonts->nfont && !known; k++) {
                FcCharSet *set = NULL;
                known = FcPatternGetCharSet(fonts->fonts[k], FC_CHARSET, 0, &set) == FcResultMatch &&
                        FcCharSetHasChar(set, g_utf8_get_char(p));
            }
            if (!known) {
                print_error("%s: no font has U+%04X\n", rows[i].script, g_utf8_get_char(p));
            }
            assert_true(known);
        }
    }
    FcFontSetDestroy(fonts);
    FcObjectSetDestroy(what);
    FcPatternDestroy(any);
}

static void append(GString *s, const char *title, mix_overlay *take)
{
    assert_non_null(take);
    g_string_append_printf(s, "%s: %dx%d\n", title, take->width_px, take->height_px);
    append_coarse(s, take);
    mix_overlay_free(take);
}

static void test_labels(void **state)
{
    (void)state;
    GString *s = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        append(s, rows[i].script, mix_text_label(text, rows[i].name, 0, 634, 354));
    }
    append(s, "too long, from left to right", mix_text_label(text, "Maximilian-Konstantin von und zu Hohenstein", 0, 236, 132));
    append(s, "too long, from right to left", mix_text_label(text, "عبد الرحمن بن محمد الشريف الإدريسي", 0, 236, 132));
    golden_check("script/labels.txt", s->str);
    g_string_free(s, TRUE);
}

static void test_lines(void **state)
{
    (void)state;
    GString *s = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        append(s, rows[i].script, mix_text_line(text, rows[i].words, 640, 360));
    }
    append(s, "two lines of three",
           mix_text_line(text, "one two three four five six seven eight nine ten eleven twelve", 320, 180));
    golden_check("script/lines.txt", s->str);
    g_string_free(s, TRUE);
}

/* A cross in a ring, nothing around it. */
static char *a_logo(void)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 400, 400);
    cairo_t *c = cairo_create(surface);
    cairo_set_source_rgb(c, 1, 1, 1);
    cairo_set_line_width(c, 40);
    cairo_arc(c, 200, 200, 170, 0, 2 * G_PI);
    cairo_stroke(c);
    cairo_rectangle(c, 170, 90, 60, 220);
    cairo_rectangle(c, 90, 170, 220, 60);
    cairo_fill(c);
    cairo_destroy(c);
    return png_kit_base64(surface);
}

static void test_logo(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1280, 720}, {640, 360}, {480, 270}, {320, 180}};
    g_autofree char *base64 = a_logo();
    GString *s = g_string_new(NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *title = g_strdup_printf("%dx%d", sizes[i][0], sizes[i][1]);
        append(s, title, mix_logo_draw(base64, sizes[i][0], sizes[i][1]));
    }
    golden_check("script/logo.txt", s->str);
    g_string_free(s, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_letter_has_a_font), cmocka_unit_test(test_labels),
                                       cmocka_unit_test(test_lines), cmocka_unit_test(test_logo)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
