/* overlay.h - small drawn things on a picture: bitmaps with alpha, bars, borders.  Thread: any; a bitmap is immutable after make.
 */
#ifndef MIXER_OVERLAY_H
#define MIXER_OVERLAY_H

#include "mcu/base/media.h"

typedef struct {
    uint8_t y, u, v;
} mix_colour;

mix_colour mix_colour_rgb(unsigned rgb); /* 0xRRGGBB to BT.601 limited */

typedef struct {
    int width_px, height_px; /* even */
    uint8_t *y, *u, *v, *a;  /* strides: width, width/2, width/2, width */
    uint8_t memory[];
} mix_overlay;

/* From premultiplied BGRA bytes (cairo's ARGB32 on little endian); sides even. NULL = no memory. */
mix_overlay *mix_overlay_new(const uint8_t *argb, int stride, int width_px, int height_px);
void mix_overlay_free(mix_overlay *o); /* NULL is fine */

/* Position even and the bitmap inside the frame, else nothing is drawn. */
void mix_overlay_blend(const mix_overlay *o, mcu_frame *f, int x_px, int y_px);

/* Rectangles with even sides inside the frame. */
void mix_draw_fill(mcu_frame *f, int x_px, int y_px, int width_px, int height_px, mix_colour c);
void mix_draw_border(mcu_frame *f, int x_px, int y_px, int width_px, int height_px, int thickness_px, mix_colour c);
void mix_draw_dim(mcu_frame *f, int x_px, int y_px, int width_px, int height_px); /* darker and greyer */

#endif
