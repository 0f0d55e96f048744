/* scale.c - see scale.h. */
#include "mixer/scale.h"

#include <libyuv/scale.h>
#include <string.h>

#include "mixer/scale23.h"

#define CACHE_LINE 64
#define ROWS_AHEAD 4

typedef struct {
    const uint8_t *plane[3];
    const int *stride;
    int width_px, height_px;
} area;

typedef struct {
    uint8_t *plane[3];
    const int *stride;
    int width_px, height_px;
} target;

void mix_scaler_clear(mix_scaler *s)
{
    mcu_frame_unref(s->scratch);
    mcu_frame_unref(s->larger);
    *s = (mix_scaler){0};
}

static size_t offset(const mcu_frame *f, int i, int x_px, int y_px)
{
    return i ? (size_t)(y_px / 2) * (size_t)f->stride[i] + (size_t)(x_px / 2)
             : (size_t)y_px * (size_t)f->stride[i] + (size_t)x_px;
}

/* Of the part of `f` that begins in its corner. */
static area middle_of_part(const mcu_frame *f, int part_width_px, int part_height_px, int width_px, int height_px)
{
    area a = {.stride = f->stride, .width_px = width_px, .height_px = height_px};
    int x = ((part_width_px - width_px) / 2) & ~1, y = ((part_height_px - height_px) / 2) & ~1;
    for (int i = 0; i < 3; i++) {
        a.plane[i] = f->plane[i] + offset(f, i, x, y);
    }
    return a;
}

static area raised(area a, int raise_px)
{
    for (int i = 0; i < 3; i++) {
        a.plane[i] -= (ptrdiff_t)(i ? raise_px / 2 : raise_px) * a.stride[i];
    }
    return a;
}

static area middle_of(const mcu_frame *f, int width_px, int height_px, int raise_px)
{
    return raised(middle_of_part(f, f->width_px, f->height_px, width_px, height_px), raise_px);
}

static target part_of(mcu_frame *f, int x_px, int y_px, int width_px, int height_px)
{
    target t = {.stride = f->stride, .width_px = width_px, .height_px = height_px};
    for (int i = 0; i < 3; i++) {
        t.plane[i] = f->plane[i] + offset(f, i, x_px, y_px);
    }
    return t;
}

/* Neither the picture nor the canvas is in the near cache, and rows that lie apart are not foreseen by the processor. */
static void fetch_row(const uint8_t *src, const uint8_t *dst, size_t width)
{
    for (size_t x = 0; x < width; x += CACHE_LINE) {
        __builtin_prefetch(src + x);
        __builtin_prefetch(dst + x, 1);
    }
}

static void copy_plane(const uint8_t *src, int src_stride, uint8_t *dst, int dst_stride, size_t width, int height)
{
    for (int y = 0; y < height; y++) {
        if (y + ROWS_AHEAD < height) {
            fetch_row(src + ROWS_AHEAD * (ptrdiff_t)src_stride, dst + ROWS_AHEAD * (ptrdiff_t)dst_stride, width);
        }
        memcpy(dst, src, width);
        src += src_stride;
        dst += dst_stride;
    }
}

static void copy(const area *a, const target *t)
{
    for (int i = 0; i < 3; i++) {
        copy_plane(a->plane[i], a->stride[i], t->plane[i], t->stride[i], (size_t)(i ? t->width_px / 2 : t->width_px),
                   i ? t->height_px / 2 : t->height_px);
    }
}

static void two_thirds(const area *a, const target *t)
{
    for (int i = 0; i < 3; i++) {
        mix_scale23(a->plane[i], a->stride[i], t->plane[i], t->stride[i], i ? t->width_px / 2 : t->width_px,
                    i ? t->height_px / 2 : t->height_px);
    }
}

static void by_libyuv(const area *a, const target *t)
{
    FilterModeEnum filter = t->width_px > a->width_px ? kFilterBilinear : kFilterBox;
    I420Scale(a->plane[0], a->stride[0], a->plane[1], a->stride[1], a->plane[2], a->stride[2], a->width_px, a->height_px,
              t->plane[0], t->stride[0], t->plane[1], t->stride[1], t->plane[2], t->stride[2], t->width_px, t->height_px, filter);
}

static bool is(mix_ratio r, int num, int den)
{
    return r.num == num && r.den == den;
}

static void one_step(const area *a, const target *t, mix_ratio r)
{
    if (is(r, 1, 1)) {
        copy(a, t);
    } else if (is(r, 2, 3)) {
        two_thirds(a, t);
    } else {
        by_libyuv(a, t);
    }
}

static bool need(mcu_frame **f, int width_px, int height_px)
{
    if (*f && (*f)->width_px >= width_px && (*f)->height_px >= height_px) {
        return true;
    }
    int w = *f && (*f)->width_px > width_px ? (*f)->width_px : width_px;
    int h = *f && (*f)->height_px > height_px ? (*f)->height_px : height_px;
    mcu_frame_unref(*f);
    *f = mcu_frame_new(w, h);
    return *f != NULL;
}

typedef struct {
    mix_ratio first, then; /* first.num 0 = one step */
} steps;

/* Products of two ratios, the larger reduction first; any other scale below a half starts with an exact halving or quartering. */
static steps steps_for(mix_ratio r, int crop_width_px, int crop_height_px, int width_px, int height_px)
{
    if (is(r, 1, 3)) {
        return (steps){{1, 2}, {2, 3}};
    }
    if (is(r, 1, 6)) {
        return (steps){{2, 3}, {1, 4}}; /* this way round its sides need not be multiples of four */
    }
    if (is(r, 1, 8)) {
        return (steps){{1, 4}, {1, 2}};
    }
    if (is(r, 3, 16)) {
        return (steps){{1, 2}, {3, 8}};
    }
    if (r.num == 0 && crop_width_px >= 4 * width_px && crop_height_px >= 4 * height_px) {
        return (steps){{1, 4}, {0, 1}};
    }
    if (r.num == 0 && crop_width_px >= 2 * width_px && crop_height_px >= 2 * height_px) {
        return (steps){{1, 2}, {0, 1}};
    }
    return (steps){{0, 1}, r};
}

void mix_scale_copy(const mcu_frame *src, mcu_frame *dst, int x_px, int y_px, int width_px, int height_px)
{
    area a = middle_of(src, width_px, height_px, 0);
    target t = part_of(dst, x_px, y_px, width_px, height_px);
    copy(&a, &t);
}

bool mix_scale(mix_scaler *s, const mcu_frame *src, const mix_cut *cut, mcu_frame *dst, int x_px, int y_px, int width_px,
               int height_px)
{
    area a = middle_of(src, cut->crop_width_px, cut->crop_height_px, cut->raise_px);
    target t = part_of(dst, x_px, y_px, width_px, height_px);
    steps p = steps_for(cut->ratio, cut->crop_width_px, cut->crop_height_px, width_px, height_px);
    if (!p.first.num) {
        one_step(&a, &t, p.then);
        return true;
    }
    int w = width_px * p.then.den, h = height_px * p.then.den;
    if (p.then.num) {
        w /= p.then.num;
        h /= p.then.num;
    } else { /* as much of the crop as divides evenly */
        w = (cut->crop_width_px / p.first.den) & ~1;
        h = (cut->crop_height_px / p.first.den) & ~1;
        a = middle_of(src, w * p.first.den, h * p.first.den, cut->raise_px);
    }
    if (!need(&s->scratch, w, h)) {
        return false;
    }
    target between = part_of(s->scratch, 0, 0, w, h);
    one_step(&a, &between, p.first);
    area again = {
        .plane = {between.plane[0], between.plane[1], between.plane[2]}, .stride = between.stride, .width_px = w, .height_px = h};
    one_step(&again, &t, p.then);
    return true;
}

bool mix_scale_middle(mix_scaler *s, const mcu_frame *src, const mix_cut *cut, int scaled_width_px, int scaled_height_px,
                      mcu_frame *dst, int x_px, int y_px, int width_px, int height_px)
{
    if (scaled_width_px == width_px && scaled_height_px == height_px) {
        return mix_scale(s, src, cut, dst, x_px, y_px, width_px, height_px);
    }
    if (!need(&s->larger, scaled_width_px, scaled_height_px) ||
        !mix_scale(s, src, cut, s->larger, 0, 0, scaled_width_px, scaled_height_px)) {
        return false;
    }
    area a = middle_of_part(s->larger, scaled_width_px, scaled_height_px, width_px, height_px);
    target t = part_of(dst, x_px, y_px, width_px, height_px);
    copy(&a, &t);
    return true;
}
