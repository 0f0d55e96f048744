/* text.c - see text.h. */
#include "mixer/text.h"

#include <cairo.h>
#include <math.h>
#include <pango/pangocairo.h>

#include "mcu/base/status.h"
#include "mixer/shapes.h"

#define PILL_RGBA 0.05, 0.06, 0.08, 0.8 /* over white, too, what is on it has a contrast of 4.5 */
#define LEAST_PX 13                     /* has small letters of 7 pixels */

struct mix_text {
    PangoFontMap *fonts;
    PangoContext *context;
};

static PangoLayout *new_layout(mix_text *t, const char *s, double size_px, bool bold)
{
    PangoLayout *l = pango_layout_new(t->context);
    PangoFontDescription *d = pango_font_description_from_string("Noto Sans, Sans");
    pango_font_description_set_absolute_size(d, size_px * PANGO_SCALE);
    pango_font_description_set_weight(d, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_MEDIUM);
    pango_layout_set_font_description(l, d);
    pango_font_description_free(d);
    pango_layout_set_single_paragraph_mode(l, TRUE);
    pango_layout_set_text(l, s, -1);
    return l;
}

/* Other scripts are loaded with the first name in them: 1 to 10 ms, and 0.1 to 3 MiB that few rooms need. */
static const char warm_word[] = "Aa";

const char *const mix_text_files[] = {
    "/usr/share/fonts",      "/usr/local/share/fonts", "/etc/fonts",      "/usr/share/fontconfig",
    "/var/cache/fontconfig", "/usr/share/libthai",     "/usr/share/mime", NULL,
};

mix_text *mix_text_new(GError **error)
{
    mix_text *t = g_new0(mix_text, 1);
    t->fonts = pango_cairo_font_map_new();
    t->context = pango_font_map_create_context(t->fonts);
    PangoLayout *l = new_layout(t, warm_word, 16, false);
    bool no_font = pango_layout_get_unknown_glyphs_count(l) > 0;
    g_object_unref(l);
    if (no_font) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "no usable font: install fonts-noto-core");
        mix_text_free(t);
        return NULL;
    }
    for (unsigned icons = 0; icons < 2; icons++) {
        mix_overlay_free(mix_text_label(t, warm_word, icons, 640, 360));
        mcu_frame_unref(mix_text_placeholder(t, warm_word, icons, 160, 90));
    }
    return t;
}

void mix_text_free(mix_text *t)
{
    if (t) {
        g_clear_object(&t->context);
        g_clear_object(&t->fonts);
        g_free(t);
    }
}

int mix_text_margin(int tile_height_px)
{
    int m = tile_height_px / 40 & ~1;
    return m < 2 ? 4 : m + 2;
}

static double font_px(int tile_height_px)
{
    return CLAMP(tile_height_px * 0.07, LEAST_PX, 26);
}

static mix_overlay *finish_overlay(cairo_t *c, cairo_surface_t *s, int w, int h)
{
    cairo_destroy(c);
    cairo_surface_flush(s);
    mix_overlay *o = cairo_surface_status(s) == CAIRO_STATUS_SUCCESS
                         ? mix_overlay_new(cairo_image_surface_get_data(s), cairo_image_surface_get_stride(s), w, h)
                         : NULL;
    cairo_surface_destroy(s);
    return o;
}

mix_overlay *mix_text_label(mix_text *t, const char *name, unsigned icons, int tile_w, int tile_h)
{
    double px = font_px(tile_h), pad = round(px * 0.45), side = round(px * 1.05);
    int room = tile_w - 2 * mix_text_margin(tile_h);
    double spare = room - 2 * pad - px * 2;
    if (tile_h < 32 || spare < 0) {
        return NULL;
    }
    icons = mix_icons_that_fit(icons, (unsigned)(spare / (side * MIX_ICON_STEP)));
    double before = side * MIX_ICON_STEP * mix_icons_count(icons);
    char *clean = mix_text_clean(name);
    PangoLayout *l = new_layout(t, clean, px, false);
    g_free(clean);
    pango_layout_set_ellipsize(l, PANGO_ELLIPSIZE_END);
    int text_w = 0, text_h = 0;
    pango_layout_get_pixel_size(l, &text_w, &text_h);
    int most = (int)(room - 2 * pad - before);
    if (text_w > most) {
        pango_layout_set_width(l, most * PANGO_SCALE);
        pango_layout_get_pixel_size(l, &text_w, &text_h);
        text_w = text_w > most ? most : text_w;
    }
    if (text_w == 0 && before > 0) {
        before -= side * (MIX_ICON_STEP - 1);
    }
    /* Lines of tall scripts are cut to what the tile can spare. */
    int h = ((int)(px * 1.75) + 1) & ~1, w = ((int)ceil(text_w + before + 2 * pad) + 1) & ~1;
    w = w > room ? room & ~1 : w;
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, w, h);
    cairo_t *c = cairo_create(s);
    if (text_w > 0 || before > 0) {
        cairo_set_source_rgba(c, PILL_RGBA);
        mix_shape_rounded(c, 0, 0, w, h, h * 0.28);
        cairo_fill(c);
    }
    double x = mix_icons_draw(c, icons, pad, (h - side) / 2, side);
    cairo_set_source_rgb(c, 1, 1, 1);
    cairo_move_to(c, x, (h - text_h) / 2.0);
    pango_cairo_update_layout(c, l);
    pango_cairo_show_layout(c, l);
    g_object_unref(l);
    return finish_overlay(c, s, w, h);
}

#define REC_RGB 1.00, 0.27, 0.25
#define REC_WORD "REC"

static double caption_px(int height_px)
{
    return CLAMP(height_px * 0.032, LEAST_PX, 22);
}

/* Of the first wording that fits, else of the last one, cut with an ellipsis. */
static PangoLayout *layout_that_fits(mix_text *t, const char *words, double px, int most, int *width, int *height)
{
    char **lines = g_strsplit(words, "\n", 4);
    PangoLayout *l = NULL;
    for (char **one = lines; *one && (!l || *width > most); one++) {
        g_clear_object(&l);
        char *clean = mix_text_clean(*one);
        l = new_layout(t, clean, px, false);
        g_free(clean);
        pango_layout_get_pixel_size(l, width, height);
    }
    g_strfreev(lines);
    if (l && *width > most) {
        pango_layout_set_ellipsize(l, PANGO_ELLIPSIZE_END);
        pango_layout_set_width(l, most * PANGO_SCALE);
        pango_layout_get_pixel_size(l, width, height);
        *width = MIN(*width, most);
    }
    return l;
}

static void show_at(cairo_t *c, PangoLayout *l, double x, int h)
{
    int w = 0, text_h = 0;
    pango_layout_get_pixel_size(l, &w, &text_h);
    cairo_set_source_rgb(c, 1, 1, 1);
    cairo_move_to(c, x, (h - text_h) / 2.0);
    pango_cairo_update_layout(c, l);
    pango_cairo_show_layout(c, l);
}

/* The mark is a disc and a word: colour alone tells not everybody. Returns where the words begin. */
static double draw_rec(cairo_t *c, PangoLayout *rec, double x, int h, double px)
{
    int w = 0, text_h = 0;
    cairo_set_source_rgb(c, REC_RGB);
    cairo_arc(c, x + px * 0.36, h / 2.0, px * 0.36, 0, 2 * G_PI);
    cairo_fill(c);
    show_at(c, rec, x + px, h);
    pango_layout_get_pixel_size(rec, &w, &text_h);
    return x + px + w + px * 0.6;
}

mix_overlay *mix_text_caption(mix_text *t, const char *words, bool records, int width_px, int height_px)
{
    double px = caption_px(height_px), pad = round(px * 0.45), before = 0;
    int w = 0, text_h = 0, rec_w = 0, room = width_px - 2 * mix_text_margin(height_px);
    PangoLayout *rec = records ? new_layout(t, REC_WORD, px, true) : NULL;
    if (rec) {
        pango_layout_get_pixel_size(rec, &rec_w, &text_h);
        before = px + rec_w + px * 0.6;
    }
    int most = (int)(room - 2 * pad - before);
    PangoLayout *l = most > px ? layout_that_fits(t, words, px, most, &w, &text_h) : NULL;
    int h = ((int)(px * 1.75) + 1) & ~1, full = ((int)ceil(w + before + 2 * pad) + 1) & ~1;
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, full, h);
    cairo_t *c = cairo_create(s);
    cairo_set_source_rgba(c, PILL_RGBA);
    mix_shape_rounded(c, 0, 0, full, h, h * 0.28);
    cairo_fill(c);
    double x = rec ? draw_rec(c, rec, pad, h, px) : pad;
    if (l) {
        show_at(c, l, x, h);
    }
    g_clear_object(&l);
    g_clear_object(&rec);
    return finish_overlay(c, s, full, h);
}

mix_overlay *mix_text_line(mix_text *t, const char *words, int width_px, int height_px)
{
    double px = CLAMP(height_px * 0.045, LEAST_PX, 30), pad = round(px * 0.45);
    int w = 0, h = 0, most = (int)(width_px - 2 * mix_text_margin(height_px) - 2 * pad);
    char *clean = mix_text_clean_line(words);
    PangoLayout *l = *clean && most > 4 * px ? new_layout(t, clean, px, false) : NULL;
    g_free(clean);
    if (!l) {
        return NULL;
    }
    pango_layout_set_single_paragraph_mode(l, FALSE);
    pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_alignment(l, PANGO_ALIGN_CENTER);
    pango_layout_set_ellipsize(l, PANGO_ELLIPSIZE_END);
    pango_layout_set_height(l, -2);
    pango_layout_set_width(l, most * PANGO_SCALE);
    pango_layout_get_pixel_size(l, &w, &h);
    pango_layout_set_width(l, MIN(w + 1, most) * PANGO_SCALE); /* else it stands in the middle of all there could be */
    int full = ((int)ceil(w + 2 * pad) + 1) & ~1, high = ((int)ceil(h + px * 0.5) + 1) & ~1;
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, full, high);
    cairo_t *c = cairo_create(s);
    cairo_set_source_rgba(c, PILL_RGBA);
    mix_shape_rounded(c, 0, 0, full, high, px * 0.45);
    cairo_fill(c);
    show_at(c, l, pad, high);
    g_object_unref(l);
    return finish_overlay(c, s, full, high);
}

/* Calm colours that white reads well on. */
static void set_own_colour(cairo_t *c, const char *name)
{
    static const unsigned colours[] = {0x3b6ea8, 0x2c7d70, 0x7a5aa6, 0xa8603b, 0x4a7a3a, 0xa34a68, 0x5b6b8c, 0x8a7430};
    unsigned rgb = colours[g_str_hash(name) % G_N_ELEMENTS(colours)];
    cairo_set_source_rgb(c, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0);
}

static void draw_initials(mix_text *t, cairo_t *c, const char *clean, double cx, double cy, double radius)
{
    char *initials = mix_text_initials(clean);
    PangoLayout *l = new_layout(t, initials, radius * 0.85, true);
    g_free(initials);
    PangoRectangle ink;
    pango_layout_get_pixel_extents(l, &ink, NULL);
    double limit = radius * 1.55, scale = ink.width > limit || ink.height > limit ? limit / MAX(ink.width, ink.height) : 1;
    cairo_save(c);
    cairo_translate(c, cx, cy);
    cairo_scale(c, scale, scale);
    cairo_move_to(c, -ink.x - ink.width / 2.0, -ink.y - ink.height / 2.0);
    pango_cairo_update_layout(c, l);
    pango_cairo_show_layout(c, l);
    cairo_restore(c);
    g_object_unref(l);
}

static void draw_placeholder(mix_text *t, cairo_t *c, const char *clean, unsigned icons, int w, int h)
{
    cairo_pattern_t *ground = cairo_pattern_create_linear(0, 0, 0, h);
    cairo_pattern_add_color_stop_rgb(ground, 0, 0.165, 0.188, 0.227);
    cairo_pattern_add_color_stop_rgb(ground, 1, 0.118, 0.137, 0.169);
    cairo_set_source(c, ground);
    cairo_paint(c);
    cairo_pattern_destroy(ground);
    double radius = h * 0.27, cx = w / 2.0, cy = h * 0.46;
    cairo_arc(c, cx, cy, radius, 0, 2 * G_PI);
    set_own_colour(c, clean);
    cairo_fill(c);
    cairo_set_source_rgb(c, 1, 1, 1);
    if (icons & MIX_ICON_PHONE) {
        mix_shape_phone(c, cx - radius * 0.6, cy - radius * 0.6, radius * 1.2);
    } else {
        draw_initials(t, c, clean, cx, cy, radius);
    }
}

static void to_frame(const mix_overlay *o, mcu_frame *f)
{
    for (int y = 0; y < o->height_px; y++) {
        memcpy(f->plane[0] + (ptrdiff_t)y * f->stride[0], o->y + (ptrdiff_t)y * o->width_px, (size_t)o->width_px);
    }
    int w = o->width_px / 2;
    for (int y = 0; y < o->height_px / 2; y++) {
        memcpy(f->plane[1] + (ptrdiff_t)y * f->stride[1], o->u + (ptrdiff_t)y * w, (size_t)w);
        memcpy(f->plane[2] + (ptrdiff_t)y * f->stride[2], o->v + (ptrdiff_t)y * w, (size_t)w);
    }
}

mcu_frame *mix_text_placeholder(mix_text *t, const char *name, unsigned icons, int w, int h)
{
    mcu_frame *f = mcu_frame_new(w, h);
    if (!f) {
        return NULL;
    }
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, w, h);
    cairo_t *c = cairo_create(s);
    char *clean = mix_text_clean(name);
    draw_placeholder(t, c, clean, icons, w, h);
    g_free(clean);
    mix_overlay *o = finish_overlay(c, s, w, h);
    if (!o) {
        mcu_frame_unref(f);
        return NULL;
    }
    to_frame(o, f);
    mix_overlay_free(o);
    return f;
}
