/* colour.c - see colour.h. Rare enough that a way through ARGB is good enough. */
#include "mixer/colour.h"

#include <libyuv/convert.h>
#include <libyuv/convert_argb.h>
#include <stdlib.h>

static const struct YuvConstants *constants_of(mix_colour_space s)
{
    switch (s) {
    case MIX_COLOUR_601_FULL:
        return &kYuvJPEGConstants;
    case MIX_COLOUR_709_LIMITED:
        return &kYuvH709Constants;
    case MIX_COLOUR_709_FULL:
        return &kYuvF709Constants;
    case MIX_COLOUR_NONE:
    case MIX_COLOUR_601_LIMITED:
        break;
    }
    return &kYuvI601Constants;
}

mcu_frame *mix_colour_convert(const mcu_frame *src, mix_colour_space from)
{
    mcu_frame *f = mcu_frame_new(src->width_px, src->height_px);
    int row = src->width_px * 4;
    uint8_t *argb = malloc((size_t)row * (size_t)src->height_px);
    if (f && argb) {
        I420ToARGBMatrix(src->plane[0], src->stride[0], src->plane[1], src->stride[1], src->plane[2], src->stride[2], argb, row,
                         constants_of(from), src->width_px, src->height_px);
        ARGBToI420(argb, row, f->plane[0], f->stride[0], f->plane[1], f->stride[1], f->plane[2], f->stride[2], src->width_px,
                   src->height_px);
        f->time_ns = src->time_ns;
        f->ts90k = src->ts90k;
    } else {
        mcu_frame_unref(f);
        f = NULL;
    }
    free(argb);
    return f;
}
