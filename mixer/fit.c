/* fit.c - see fit.h. */
#include "mixer/fit.h"

/* Sides must be multiples of this so that the chroma planes are exact too. */
static const struct {
    mix_ratio ratio;
    int multiple_px;
} ratios[] = {{{1, 8}, 2}, {{1, 6}, 2}, {{1, 4}, 2}, {{1, 3}, 4}, {{3, 8}, 6},
              {{1, 2}, 2}, {{2, 3}, 4}, {{3, 4}, 6}, {{1, 1}, 2}};

#define N_RATIOS (sizeof ratios / sizeof ratios[0])
#define MAX_CROP 1.04  /* of what is scaled too large for the sake of an exact ratio */
#define MAX_COVER 1.12 /* of aspect that is cropped rather than barred */

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

mix_ratio mix_ratio_near(int tile_width_px, int tile_height_px, int *multiple_px)
{
    int i = find_ratio(max_of(tile_width_px / 640.0, tile_height_px / 360.0));
    *multiple_px = i < 0 ? 2 : ratios[i].multiple_px;
    return i < 0 ? no_ratio : ratios[i].ratio;
}

static int even_floor(double v)
{
    int n = (int)(v + 1e-6) & ~1;
    return n < 2 ? 2 : n;
}

/* Bars instead of a crop when the shapes differ too much. */
static void shape(mix_fit *f, int sw, int sh, int tw, int th)
{
    double wide = ((double)sw * th) / ((double)sh * tw); /* > 1: the source is wider than the tile */
    f->width_px = tw;
    f->height_px = th;
    if (wide > MAX_COVER) {
        f->height_px = even_floor((double)tw * sh / sw);
    } else if (wide < 1 / MAX_COVER) {
        f->width_px = even_floor((double)th * sw / sh);
    }
}

mix_fit mix_fit_tile(int sw, int sh, int tw, int th)
{
    mix_fit f = {.ratio = no_ratio};
    shape(&f, sw, sh, tw, th);
    double scale = max_of((double)f.width_px / sw, (double)f.height_px / sh);
    int i = find_ratio(scale);
    if (i >= 0) {
        int m = ratios[i].multiple_px, w = f.width_px, h = f.height_px;
        if (w != tw || h != th) { /* between bars a few pixels more do not show */
            w -= w % m;
            h -= h % m;
        }
        int cw = w * ratios[i].ratio.den / ratios[i].ratio.num, ch = h * ratios[i].ratio.den / ratios[i].ratio.num;
        if (w >= m && h >= m && w % m == 0 && h % m == 0 && cw <= sw && ch <= sh) {
            f = (mix_fit){.width_px = w, .height_px = h, .crop_width_px = cw, .crop_height_px = ch, .ratio = ratios[i].ratio};
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

static bool is_copy_or_halving(mix_ratio r)
{
    return r.num == 1 && (r.den == 1 || r.den == 2 || r.den == 4);
}

/* A smaller tile from a larger ready one by a halving, when the larger one shows all of its region. */
static bool step_from(const mix_step *parent, mix_step *s)
{
    if (!parent->ready || !parent->fit.ratio.num || !s->fit.ratio.num) {
        return false;
    }
    mix_ratio q = reduce(s->fit.ratio.num * parent->fit.ratio.den, s->fit.ratio.den * parent->fit.ratio.num);
    int cw = s->fit.width_px * q.den / q.num, ch = s->fit.height_px * q.den / q.num;
    if (!is_copy_or_halving(q) || cw > parent->fit.width_px || ch > parent->fit.height_px) {
        return false;
    }
    s->step = q;
    s->crop_width_px = cw;
    s->crop_height_px = ch;
    return true;
}

void mix_plan(int sw, int sh, const mix_want want[MIX_MAX_TIERS], mix_step out[MIX_MAX_TIERS])
{
    for (int t = 0; t < MIX_MAX_TIERS; t++) {
        mix_step *s = &out[t];
        *s = (mix_step){.parent = -1};
        if (!want[t].width_px) {
            continue;
        }
        s->fit = mix_fit_tile(sw, sh, want[t].width_px, want[t].height_px);
        s->step = s->fit.ratio;
        s->crop_width_px = s->fit.crop_width_px;
        s->crop_height_px = s->fit.crop_height_px;
        if (is_copy_or_halving(s->fit.ratio)) {
            continue; /* as cheap on the tick as a blit */
        }
        for (int p = t - 1; p >= 0 && s->parent < 0; p--) { /* the nearest larger one */
            if (step_from(&out[p], s)) {
                s->parent = p;
            }
        }
        s->ready = s->parent < 0 && want[t].every_tick;
    }
}
