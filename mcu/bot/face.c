#include "mcu/bot/face.h"

#include <math.h>

typedef struct {
    double wall[3], shirt[3], skin[3], hair[3];
} palette;

static const palette people[] = {
    {{.32, .48, .42}, {.17, .32, .54}, {.87, .68, .55}, {.22, .14, .10}},
    {{.30, .38, .58}, {.93, .94, .96}, {.55, .38, .28}, {.08, .07, .07}},
    {{.58, .36, .33}, {.20, .42, .33}, {.95, .79, .68}, {.62, .42, .20}},
    {{.48, .46, .35}, {.55, .20, .28}, {.73, .52, .38}, {.15, .11, .09}},
    {{.38, .34, .50}, {.85, .62, .20}, {.91, .73, .61}, {.55, .53, .52}},
    {{.26, .44, .52}, {.30, .24, .42}, {.42, .28, .21}, {.05, .05, .06}},
};

static void colour(cairo_t *cr, const double rgb[3], double light)
{
    cairo_set_source_rgb(cr, fmin(1, rgb[0] * light), fmin(1, rgb[1] * light), fmin(1, rgb[2] * light));
}

static void ellipse(cairo_t *cr, double x, double y, double rx, double ry)
{
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, rx, ry);
    cairo_new_path(cr);
    cairo_arc(cr, 0, 0, 1, 0, 2 * M_PI);
    cairo_restore(cr);
    cairo_fill(cr);
}

static void draw_wall(cairo_t *cr, const palette *p, double w, double h, double t)
{
    cairo_pattern_t *wall = cairo_pattern_create_linear(0, 0, w, h);
    cairo_pattern_add_color_stop_rgb(wall, 0, p->wall[0] * 1.25, p->wall[1] * 1.25, p->wall[2] * 1.25);
    cairo_pattern_add_color_stop_rgb(wall, 1, p->wall[0] * .7, p->wall[1] * .7, p->wall[2] * .7);
    cairo_set_source(cr, wall);
    cairo_paint(cr);
    cairo_pattern_destroy(wall);
    /* a shelf, and daylight that moves a little */
    colour(cr, p->wall, .6);
    cairo_rectangle(cr, 0, h * .24, w * .26, h * .02);
    cairo_rectangle(cr, w * .80, h * .18, w * .20, h * .02);
    cairo_fill(cr);
    for (int i = 0; i < 6; i++) {
        colour(cr, people[i].shirt, .8);
        cairo_rectangle(cr, w * (.03 + .033 * i), h * (.24 - .07 - .02 * (i % 3)), w * .026, h * (.07 + .02 * (i % 3)));
        cairo_fill(cr);
    }
    cairo_set_source_rgba(cr, 1, 1, .9, .05 + .03 * sin(t * .7));
    cairo_rectangle(cr, w * .62, 0, w * .12, h);
    cairo_fill(cr);
}

static void draw_eyes(cairo_t *cr, double s, double t, unsigned person)
{
    const double blink = fmod(t + .7 * person, 3.1) < .14 ? .12 : 1;
    const double look = .012 * s * sin(t * 1.3 + person);
    for (int side = -1; side <= 1; side += 2) {
        cairo_set_source_rgb(cr, .97, .97, .97);
        ellipse(cr, side * .085 * s, -.05 * s, .036 * s, .022 * s * blink);
        cairo_set_source_rgb(cr, .16, .12, .1);
        ellipse(cr, side * .085 * s + look, -.05 * s, .016 * s, .018 * s * blink);
    }
}

/* Syllables at about four a second, with pauses between sentences. */
static double mouth_open(double t, unsigned person)
{
    const double phrase = sin(t * .9 + person) > -.55 ? 1 : 0;
    return phrase * fabs(sin(t * 8.3 + person) * sin(t * 3.1 + 2.0 * person));
}

static void draw_head(cairo_t *cr, const palette *p, double s, double t, unsigned person)
{
    colour(cr, p->hair, 1);
    ellipse(cr, 0, -.07 * s, .235 * s, (person % 2 == 0 ? .28 : .36) * s);
    colour(cr, p->skin, .85);
    cairo_rectangle(cr, -.08 * s, .1 * s, .16 * s, .22 * s);
    cairo_fill(cr);
    colour(cr, p->skin, 1);
    ellipse(cr, 0, 0, .19 * s, .25 * s);
    colour(cr, p->hair, 1);
    ellipse(cr, 0, -.235 * s, .17 * s, .075 * s);
    draw_eyes(cr, s, t, person);
    colour(cr, p->skin, .8);
    ellipse(cr, 0, .03 * s, .022 * s, .035 * s);
    cairo_set_source_rgb(cr, .45, .12, .13);
    ellipse(cr, 0, .125 * s, .062 * s, (.012 + .04 * mouth_open(t, person)) * s);
}

void mcu_face_draw(cairo_t *cr, int width_px, int height_px, unsigned person, double seconds)
{
    const palette *p = &people[person % (sizeof(people) / sizeof(people[0]))];
    const double w = width_px;
    const double h = height_px;
    draw_wall(cr, p, w, h, seconds);
    cairo_save(cr);
    cairo_translate(cr, w * (.5 + .015 * sin(seconds * .8 + person)), h * (.46 + .01 * sin(seconds * 1.7)));
    colour(cr, p->shirt, 1);
    ellipse(cr, 0, h * .66, h * .46, h * .38);
    cairo_rotate(cr, .05 * sin(seconds * 1.1 + person));
    draw_head(cr, p, h * 1.0, seconds, person);
    cairo_restore(cr);
}
