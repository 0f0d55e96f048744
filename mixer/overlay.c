/* overlay.c - see overlay.h. */
#include "mixer/overlay.h"

#include <libyuv/planar_functions.h>
#include <stdlib.h>
#include <string.h>

static uint8_t clamp8(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* ITU-R BT.601, 8 bit, limited range. */
static mix_colour from_rgb(int r, int g, int b)
{
    return (mix_colour){clamp8(((66 * r + 129 * g + 25 * b + 128) >> 8) + 16),
                        clamp8(((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128),
                        clamp8(((112 * r - 94 * g - 18 * b + 128) >> 8) + 128)};
}

mix_colour mix_colour_rgb(unsigned rgb)
{
    return from_rgb((int)(rgb >> 16 & 255), (int)(rgb >> 8 & 255), (int)(rgb & 255));
}

static mix_colour unpremultiply(const uint8_t *p)
{
    int a = p[3];
    if (a == 0) {
        return (mix_colour){16, 128, 128};
    }
    return from_rgb(clamp8(p[2] * 255 / a), clamp8(p[1] * 255 / a), clamp8(p[0] * 255 / a));
}

mix_overlay *mix_overlay_new(const uint8_t *argb, int stride, int width_px, int height_px)
{
    size_t w = (size_t)width_px, h = (size_t)height_px;
    mix_overlay *o = malloc(sizeof *o + w * h * 5 / 2);
    if (!o) {
        return NULL;
    }
    *o = (mix_overlay){.width_px = width_px, .height_px = height_px};
    o->y = o->memory;
    o->a = o->y + w * h;
    o->u = o->a + w * h;
    o->v = o->u + w * h / 4;
    for (int y = 0; y < height_px; y++) {
        const uint8_t *row = argb + (ptrdiff_t)y * stride;
        for (int x = 0; x < width_px; x++) {
            size_t at = (size_t)y * w + (size_t)x;
            mix_colour c = unpremultiply(row + (ptrdiff_t)x * 4);
            o->y[at] = c.y;
            o->a[at] = row[x * 4 + 3];
            if (!(y & 1) && !(x & 1)) {
                size_t half = (size_t)(y / 2) * (w / 2) + (size_t)(x / 2);
                o->u[half] = c.u;
                o->v[half] = c.v;
            }
        }
    }
    return o;
}

void mix_overlay_free(mix_overlay *o)
{
    free(o);
}

static uint8_t *at(const mcu_frame *f, int i, int x_px, int y_px)
{
    return i ? f->plane[i] + (ptrdiff_t)(y_px / 2) * f->stride[i] + x_px / 2
             : f->plane[0] + (ptrdiff_t)y_px * f->stride[0] + x_px;
}

void mix_overlay_blend(const mix_overlay *o, mcu_frame *f, int x, int y)
{
    if (x < 0 || y < 0 || (x | y) & 1 || x + o->width_px > f->width_px || y + o->height_px > f->height_px) {
        return;
    }
    uint8_t *py = at(f, 0, x, y), *pu = at(f, 1, x, y), *pv = at(f, 2, x, y);
    int w = o->width_px;
    I420Blend(o->y, w, o->u, w / 2, o->v, w / 2, py, f->stride[0], pu, f->stride[1], pv, f->stride[2], o->a, w, py, f->stride[0],
              pu, f->stride[1], pv, f->stride[2], w, o->height_px);
}

/* Upright borders are thousands of rows of one, two or four bytes: stores, not calls. */
static void fill_plane(uint8_t *p, int stride, int w, int h, uint8_t v)
{
    const uint32_t four = v * 0x01010101U;
    for (int y = 0; y < h; y++, p += stride) {
        switch (w) {
        case 1:
            *p = v;
            break;
        case 2:
            memcpy(p, &four, 2);
            break;
        case 4:
            memcpy(p, &four, 4);
            break;
        default:
            memset(p, v, (size_t)w);
        }
    }
}

void mix_draw_fill(mcu_frame *f, int x, int y, int w, int h, mix_colour c)
{
    if (w <= 0 || h <= 0) {
        return;
    }
    fill_plane(at(f, 0, x, y), f->stride[0], w, h, c.y);
    fill_plane(at(f, 1, x, y), f->stride[1], w / 2, h / 2, c.u);
    fill_plane(at(f, 2, x, y), f->stride[2], w / 2, h / 2, c.v);
}

void mix_draw_border(mcu_frame *f, int x, int y, int w, int h, int t, mix_colour c)
{
    if (w <= 2 * t || h <= 2 * t) {
        return;
    }
    mix_draw_fill(f, x, y, w, t, c);
    mix_draw_fill(f, x, y + h - t, w, t, c);
    mix_draw_fill(f, x, y + t, t, h - 2 * t, c);
    mix_draw_fill(f, x + w - t, y + t, t, h - 2 * t, c);
}

static void dim_plane(uint8_t *p, int stride, int w, int h, int base)
{
    for (int y = 0; y < h; y++, p += stride) {
        for (int x = 0; x < w; x++) {
            p[x] = (uint8_t)(base + (p[x] - base) * 3 / 8);
        }
    }
}

void mix_draw_dim(mcu_frame *f, int x, int y, int w, int h)
{
    dim_plane(at(f, 0, x, y), f->stride[0], w, h, 16);
    dim_plane(at(f, 1, x, y), f->stride[1], w / 2, h / 2, 128);
    dim_plane(at(f, 2, x, y), f->stride[2], w / 2, h / 2, 128);
}
