/* fit.c - see fit.h. */
#include "mixer/fit.h"

/* Sides must be multiples of this so that the chroma planes are exact too. Tiles need not be where more can be scaled than shown;
 * a quarter has a width of which 4/3 and 8/3 are exact, so that it comes from a third or two thirds. */
static const struct {
    mix_ratio ratio;
    int multiple_px;
    int tile_width_px, tile_height_px;
} ratios[] = {{{1, 8}, 2, 2, 2}, {{1, 6}, 2, 2, 2}, {{3, 16}, 6, 2, 2}, {{1, 4}, 2, 6, 2}, {{1, 3}, 4, 4, 4},
              {{3, 8}, 6, 6, 6}, {{1, 2}, 2, 2, 2}, {{2, 3}, 4, 4, 4},  {{3, 4}, 6, 6, 6}, {{1, 1}, 2, 2, 2}};

#define N_RATIOS (sizeof ratios / sizeof ratios[0])
#define MAX_CROP 1.04  /* of what is scaled too large for the sake of an exact ratio */
#define MAX_COVER 1.12 /* of aspect that is cropped rather than barred */
#define SMART_COVER (1 / 0.6)
#define ABOVE 0.3   /* of what is cropped from a tall picture goes this much from above */
#define MAX_SPARE 8 /* one part in so many is scaled at most without being shown */

static double max_of(double a, double b)
{
    return a > b ? a : b;
}

static const mix_ratio no_ratio = {0, 1};

static int find_ratio(double scale)
{
    for (unsigned i = 0; i < N_RATIOS; i++) {
        double r = (double)ratios[i].ratio.num / ratios[i].ratio.den;
        if (r >= scale - 1e-9 && r <= scale * MAX_CROP) {
            return (int)i;
        }
    }
    return -1;
}

mix_ratio mix_ratio_near(int tile_width_px, int tile_height_px, int *width_multiple_px, int *height_multiple_px)
{
    int i = find_ratio(max_of(tile_width_px / 640.0, tile_height_px / 360.0));
    *width_multiple_px = i < 0 ? 2 : ratios[i].tile_width_px;
    *height_multiple_px = i < 0 ? 2 : ratios[i].tile_height_px;
    return i < 0 ? no_ratio : ratios[i].ratio;
}

static int even_floor(double v)
{
    int n = (int)(v + 1e-6) & ~1;
    return n < 2 ? 2 : n;
}

/* By how much the shapes may differ and the tile still be filled; and what is cropped of a shape that differs by more. */
static double cover_of(mcu_fit how, double *of_others)
{
    *of_others = how == MCU_FIT_SMART ? SMART_COVER : 1;
    return how == MCU_FIT_FILL ? 1e9 : how == MCU_FIT_SMART ? SMART_COVER : how == MCU_FIT_SHARP ? MAX_CROP : MAX_COVER;
}

/* Bars instead of a crop when the shapes differ too much. */
static void shape(mix_fit *f, int sw, int sh, int tw, int th, mcu_fit how)
{
    double wide = ((double)sw * th) / ((double)sh * tw); /* > 1: the source is wider than the tile */
    double of_others, cover = cover_of(how, &of_others);
    f->width_px = tw;
    f->height_px = th;
    if (wide > cover) {
        f->height_px = even_floor((double)tw * sh / sw * of_others);
    } else if (wide < 1 / cover) {
        f->width_px = even_floor((double)th * sw / sh * of_others);
    }
    if (how == MCU_FIT_SHARP && (f->width_px > sw || f->height_px > sh)) {
        f->width_px = even_floor(sw < tw ? sw : tw);
        f->height_px = even_floor(sh < th ? sh : th);
    }
}

/* Of a tall picture more is cropped from below than from above: heads are there. */
static int raise_of(int source_height_px, const mix_fit *f, mcu_fit how)
{
    int cropped = source_height_px - f->crop_height_px;
    bool much = (how == MCU_FIT_SMART || how == MCU_FIT_FILL) && cropped * 5 > source_height_px;
    return much ? (int)(cropped * (0.5 - ABOVE)) & ~1 : 0;
}

static int floor_to(int v, int multiple)
{
    return v - v % multiple;
}

static int ceil_to(int v, int multiple)
{
    return floor_to(v + multiple - 1, multiple);
}

static int unscaled(int px, mix_ratio r)
{
    return px * r.den / r.num;
}

mix_fit mix_fit_tile(int sw, int sh, int tw, int th, mcu_fit how)
{
    mix_fit f = {.ratio = no_ratio};
    shape(&f, sw, sh, tw, th, how);
    double scale = max_of((double)f.width_px / sw, (double)f.height_px / sh);
    int i = find_ratio(scale);
    if (i >= 0) {
        mix_ratio r = ratios[i].ratio;
        int m = ratios[i].multiple_px, w = f.width_px, h = f.height_px;
        if (w != tw || h != th) { /* between bars a few pixels more do not show */
            w = floor_to(w, m);
            h = floor_to(h, m);
        }
        if (w >= m && h >= m && unscaled(ceil_to(w, m), r) <= sw && unscaled(ceil_to(h, m), r) <= sh) {
            f = (mix_fit){.width_px = w, .height_px = h, .ratio = r};
            f.crop_width_px = unscaled(w, r) & ~1;
            f.crop_height_px = unscaled(h, r) & ~1;
        }
    }
    if (!f.crop_width_px) {
        f.crop_width_px = even_floor(max_of(2, f.width_px / scale));
        f.crop_height_px = even_floor(max_of(2, f.height_px / scale));
        f.crop_width_px = f.crop_width_px > sw ? sw : f.crop_width_px;
        f.crop_height_px = f.crop_height_px > sh ? sh : f.crop_height_px;
    }
    f.x_px = ((tw - f.width_px) / 2) & ~1;
    f.y_px = ((th - f.height_px) / 2) & ~1;
    f.raise_px = raise_of(sh, &f, how);
    return f;
}

static mix_ratio reduce(int num, int den)
{
    int a = num, b = den;
    while (b) {
        int t = a % b;
        a = b;
        b = t;
    }
    return (mix_ratio){num / a, den / a};
}

static int multiple_of(mix_ratio r)
{
    for (unsigned i = 0; i < N_RATIOS; i++) {
        if (ratios[i].ratio.num == r.num && ratios[i].ratio.den == r.den) {
            return ratios[i].multiple_px;
        }
    }
    return 0;
}

static bool is_one_step(mix_ratio r)
{
    return (r.num == 1 && (r.den == 1 || r.den == 2 || r.den == 4)) || (r.num == 3 && (r.den == 4 || r.den == 8)) ||
           (r.num == 2 && r.den == 3);
}

/* The largest side that the source gives and that vector code likes, not smaller than what is shown. */
static int whole_side(int source_px, int shown_px, mix_ratio r, int multiple_px)
{
    static const int liked[] = {64, 32, 16, 8};
    int most = source_px * r.num / r.den;
    for (unsigned i = 0; i < sizeof liked / sizeof liked[0]; i++) {
        int px = floor_to(most, liked[i]);
        if (px >= shown_px && px % multiple_px == 0) {
            return px;
        }
    }
    return floor_to(most, multiple_px);
}

/* Scaled on arrival: nearly all of the source, so that smaller tiles can be made of it. */
static void plan_whole(int sw, int sh, mix_step *s)
{
    mix_ratio r = s->fit.ratio;
    int m = multiple_of(r);
    s->width_px = whole_side(sw, s->fit.width_px, r, m);
    s->height_px = floor_to(sh * r.num / r.den, m);
    if (s->fit.raise_px || s->width_px > s->fit.width_px + s->fit.width_px / MAX_SPARE) {
        s->width_px = ceil_to(s->fit.width_px, m);
    }
    if (s->fit.raise_px || s->height_px > s->fit.height_px + s->fit.height_px / MAX_SPARE) {
        s->height_px = ceil_to(s->fit.height_px, m);
    }
}

/* A smaller tile from a larger ready one, when that is one cheap step and the larger one shows all of its region. */
static bool step_from(const mix_step *parent, mix_step *s)
{
    mix_ratio r = s->fit.ratio, p = parent->fit.ratio;
    if (!parent->ready || !p.num || !r.num || parent->fit.raise_px || s->fit.raise_px) {
        return false;
    }
    mix_ratio q = reduce(r.num * p.den, r.den * p.num);
    int m = multiple_of(q);
    if (!is_one_step(q)) {
        return false;
    }
    int w = s->ready ? floor_to(s->width_px, m) : ceil_to(s->fit.width_px, m);
    int h = s->ready ? floor_to(s->height_px, m) : ceil_to(s->fit.height_px, m);
    w = s->ready && unscaled(w, q) > parent->width_px ? floor_to(parent->width_px * q.num / q.den, m) : w;
    h = s->ready && unscaled(h, q) > parent->height_px ? floor_to(parent->height_px * q.num / q.den, m) : h;
    bool enough = w >= s->fit.width_px && h >= s->fit.height_px;
    if (!enough || unscaled(w, q) > parent->width_px || unscaled(h, q) > parent->height_px) {
        return false;
    }
    s->width_px = w;
    s->height_px = h;
    s->step = (mix_cut){unscaled(w, q), unscaled(h, q), q, 0};
    return true;
}

static void cut_source(int sw, int sh, mix_step *s)
{
    mix_ratio r = s->fit.ratio;
    int m = r.num ? multiple_of(r) : 2;
    bool exact = r.num && s->width_px % m == 0 && s->height_px % m == 0 && unscaled(s->width_px, r) <= sw &&
                 unscaled(s->height_px, r) <= sh;
    if (exact) {
        s->whole = (mix_cut){unscaled(s->width_px, r), unscaled(s->height_px, r), r, s->fit.raise_px};
    } else { /* sides that divide for the parent only, or any scale */
        double across = (double)s->fit.crop_width_px / s->fit.width_px, down = (double)s->fit.crop_height_px / s->fit.height_px;
        int w = even_floor(s->width_px * across), h = even_floor(s->height_px * down);
        s->whole = (mix_cut){w > sw ? sw : w, h > sh ? sh : h, no_ratio, s->fit.raise_px};
    }
    int most = ((sh - s->whole.crop_height_px) / 2) & ~1;
    s->whole.raise_px = s->whole.raise_px > most ? most : s->whole.raise_px;
}

static void plan_one(int sw, int sh, const mix_want *want, mix_step out[MIX_MAX_TIERS], int t)
{
    mix_step *s = &out[t];
    s->fit = mix_fit_tile(sw, sh, want->width_px, want->height_px, want->fit);
    mix_ratio r = s->fit.ratio;
    bool smaller = s->fit.width_px < sw && s->fit.height_px < sh && !(r.num == 1 && r.den == 1);
    s->ready = want->every_tick && smaller;
    s->width_px = r.num ? ceil_to(s->fit.width_px, multiple_of(r)) : s->fit.width_px;
    s->height_px = r.num ? ceil_to(s->fit.height_px, multiple_of(r)) : s->fit.height_px;
    if (s->ready && r.num) {
        plan_whole(sw, sh, s);
    }
    for (int p = t - 1; p >= 0 && s->parent < 0; p--) { /* the nearest larger one */
        s->parent = step_from(&out[p], s) ? p : -1;
    }
    cut_source(sw, sh, s);
}

void mix_plan(int sw, int sh, const mix_want want[MIX_MAX_TIERS], mix_step out[MIX_MAX_TIERS])
{
    for (int t = 0; t < MIX_MAX_TIERS; t++) {
        out[t] = (mix_step){.parent = -1};
        if (want[t].width_px) {
            plan_one(sw, sh, &want[t], out, t);
        }
    }
}
