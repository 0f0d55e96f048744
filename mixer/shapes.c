#include "mixer/shapes.h"

#include <glib.h>

#include "mixer/text.h"

void mix_shape_rounded(cairo_t *c, double x, double y, double w, double h, double r)
{
    cairo_new_sub_path(c);
    cairo_arc(c, x + w - r, y + r, r, -G_PI / 2, 0);
    cairo_arc(c, x + w - r, y + h - r, r, 0, G_PI / 2);
    cairo_arc(c, x + r, y + h - r, r, G_PI / 2, G_PI);
    cairo_arc(c, x + r, y + r, r, G_PI, 3 * G_PI / 2);
    cairo_close_path(c);
}

/* Lying on its diagonal. */
void mix_shape_phone(cairo_t *c, double x, double y, double side)
{
    cairo_save(c);
    cairo_translate(c, x + side / 2, y + side / 2);
    cairo_scale(c, side, side);
    cairo_rotate(c, -G_PI / 4);
    cairo_set_line_width(c, 0.17);
    cairo_set_line_cap(c, CAIRO_LINE_CAP_ROUND);
    cairo_new_path(c);
    cairo_arc_negative(c, 0, -0.22, 0.46, G_PI * 0.86, G_PI * 0.14);
    cairo_stroke(c);
    mix_shape_rounded(c, -0.50, -0.14, 0.26, 0.26, 0.07);
    cairo_fill(c);
    mix_shape_rounded(c, 0.24, -0.14, 0.26, 0.26, 0.07);
    cairo_fill(c);
    cairo_restore(c);
}

/* ---- icons: each in the unit square ---- */

/* A microphone with a stroke through it. */
static void draw_muted(cairo_t *c)
{
    mix_shape_rounded(c, 0.36, 0.06, 0.28, 0.52, 0.14);
    cairo_fill(c);
    cairo_arc(c, 0.5, 0.44, 0.28, 0, G_PI);
    cairo_move_to(c, 0.5, 0.72);
    cairo_line_to(c, 0.5, 0.92);
    cairo_move_to(c, 0.14, 0.08);
    cairo_line_to(c, 0.86, 0.90);
    cairo_stroke(c);
}

static void draw_phone(cairo_t *c)
{
    mix_shape_phone(c, 0, 0, 1);
}

/* Two bars: paused. */
static void draw_hold(cairo_t *c)
{
    mix_shape_rounded(c, 0.20, 0.12, 0.22, 0.76, 0.08);
    mix_shape_rounded(c, 0.58, 0.12, 0.22, 0.76, 0.08);
    cairo_fill(c);
}

/* A palm with four fingers and a thumb. */
static void draw_hand(cairo_t *c)
{
    mix_shape_rounded(c, 0.24, 0.42, 0.50, 0.52, 0.20);
    cairo_fill(c);
    cairo_set_line_width(c, 0.11);
    static const double fingers[][2] = {{0.295, 0.24}, {0.43, 0.10}, {0.56, 0.12}, {0.685, 0.26}};
    for (size_t i = 0; i < G_N_ELEMENTS(fingers); i++) {
        cairo_move_to(c, fingers[i][0], 0.60);
        cairo_line_to(c, fingers[i][0], fingers[i][1]);
    }
    cairo_move_to(c, 0.66, 0.76);
    cairo_line_to(c, 0.90, 0.50);
    cairo_stroke(c);
}

/* Bars of a connection of which one alone is full. */
static void draw_weak(cairo_t *c)
{
    cairo_rectangle(c, 0.06, 0.64, 0.22, 0.28);
    cairo_fill(c);
    cairo_set_line_width(c, 0.06);
    cairo_rectangle(c, 0.41, 0.41, 0.18, 0.48);
    cairo_rectangle(c, 0.74, 0.13, 0.18, 0.76);
    cairo_stroke(c);
}

/* A camera with a stroke through it. */
static void draw_camera_off(cairo_t *c)
{
    mix_shape_rounded(c, 0.04, 0.26, 0.60, 0.48, 0.10);
    cairo_move_to(c, 0.70, 0.50);
    cairo_line_to(c, 0.96, 0.30);
    cairo_line_to(c, 0.96, 0.70);
    cairo_close_path(c);
    cairo_fill(c);
    cairo_move_to(c, 0.12, 0.10);
    cairo_line_to(c, 0.84, 0.90);
    cairo_stroke(c);
}

static const struct {
    unsigned icon;
    double rgb[3];
    void (*draw)(cairo_t *c);
} table[] = {
    {MIX_ICON_MUTED, {1.00, 0.55, 0.53}, draw_muted}, {MIX_ICON_PHONE, {0.62, 0.84, 1.00}, draw_phone},
    {MIX_ICON_HOLD, {0.62, 0.84, 1.00}, draw_hold},   {MIX_ICON_HAND, {1.00, 0.82, 0.40}, draw_hand},
    {MIX_ICON_WEAK, {1.00, 0.70, 0.54}, draw_weak},   {MIX_ICON_CAMERA_OFF, {1.00, 0.55, 0.53}, draw_camera_off},
};

unsigned mix_icons_count(unsigned icons)
{
    unsigned n = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        n += (icons & table[i].icon) != 0;
    }
    return n;
}

unsigned mix_icons_that_fit(unsigned icons, unsigned most)
{
    unsigned kept = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(table) && most > 0; i++) {
        if (icons & table[i].icon) {
            kept |= table[i].icon;
            most--;
        }
    }
    return kept;
}

double mix_icons_draw(cairo_t *c, unsigned icons, double x, double y, double side)
{
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (!(icons & table[i].icon)) {
            continue;
        }
        cairo_save(c);
        cairo_translate(c, x, y);
        cairo_scale(c, side, side);
        cairo_set_source_rgb(c, table[i].rgb[0], table[i].rgb[1], table[i].rgb[2]);
        cairo_set_line_cap(c, CAIRO_LINE_CAP_ROUND);
        cairo_set_line_width(c, 0.09);
        table[i].draw(c);
        cairo_restore(c);
        x += side * MIX_ICON_STEP;
    }
    return x;
}
