/* media.c - reference-counted coded pictures and raw frames.  Thread: any. */
#include "mcu/base/media.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FRAME_ALIGN 64u
#define FRAME_MAX_PX 4096

const char *mcu_codec_name(mcu_codec c)
{
    switch (c) {
    case MCU_CODEC_H264:
        return "H264";
    case MCU_CODEC_VP8:
        return "VP8";
    case MCU_CODEC_OPUS:
        return "opus";
    case MCU_CODEC_PCMU:
        return "PCMU";
    case MCU_CODEC_PCMA:
        return "PCMA";
    case MCU_CODEC_G722:
        return "G722";
    case MCU_CODEC_JPEG:
        return "JPEG";
    case MCU_CODEC_H264_UNITS:
        return "H264u";
    case MCU_CODEC_NONE:
        break;
    }
    return "none";
}

mcu_codec mcu_codec_by_name(const char *name)
{
    for (mcu_codec c = MCU_CODEC_H264; name && c <= MCU_CODEC_JPEG; c++) {
        if (strcasecmp(mcu_codec_name(c), name) == 0) {
            return c;
        }
    }
    return MCU_CODEC_NONE;
}

bool mcu_codec_is_video(mcu_codec c)
{
    return c == MCU_CODEC_H264 || c == MCU_CODEC_VP8;
}

mcu_au *mcu_au_new(size_t size)
{
    if (size > MCU_AU_MAX) {
        return NULL;
    }
    mcu_au *au = malloc(sizeof *au + size + MCU_AU_PADDING);
    if (!au) {
        return NULL;
    }
    memset(au, 0, sizeof *au);
    atomic_init(&au->refs, 1);
    atomic_init(&au->notes, NULL);
    au->size = size;
    memset(au->data + size, 0, MCU_AU_PADDING);
    return au;
}

mcu_au *mcu_au_new_copy(const void *data, size_t size)
{
    mcu_au *au = mcu_au_new(size);
    if (au && size > 0) {
        memcpy(au->data, data, size);
    }
    return au;
}

mcu_au *mcu_au_ref(mcu_au *au)
{
    atomic_fetch_add_explicit(&au->refs, 1, memory_order_relaxed);
    return au;
}

void mcu_au_unref(mcu_au *au)
{
    if (!au || atomic_fetch_sub_explicit(&au->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (mcu_au_note *n = atomic_load_explicit(&au->notes, memory_order_acquire), *next; n; n = next) {
        next = n->next;
        free(n);
    }
    free(au);
}

static size_t round_up(size_t v)
{
    return (v + FRAME_ALIGN - 1) & ~(size_t)(FRAME_ALIGN - 1);
}

/* Vector code may read a whole stride: what lies right of the picture must be
 * defined, and never somebody else's memory. */
static void clear_padding(uint8_t *plane, size_t stride, size_t width, size_t height)
{
    if (stride == width) {
        return;
    }
    for (size_t y = 0; y < height; y++) {
        memset(plane + y * stride + width, 0, stride - width);
    }
}

mcu_frame *mcu_frame_new(int width_px, int height_px)
{
    if (width_px < 2 || height_px < 2 || width_px > FRAME_MAX_PX || height_px > FRAME_MAX_PX || (width_px | height_px) & 1) {
        return NULL;
    }
    const size_t head = round_up(sizeof(mcu_frame));
    const size_t width[3] = {(size_t)width_px, (size_t)width_px / 2, (size_t)width_px / 2};
    const size_t height[3] = {(size_t)height_px, (size_t)height_px / 2, (size_t)height_px / 2};
    const size_t luma = round_up(width[0]) * height[0];
    const size_t chroma = round_up(width[1]) * height[1];
    uint8_t *block = aligned_alloc(FRAME_ALIGN, head + luma + 2 * chroma + FRAME_ALIGN);
    if (!block) {
        return NULL;
    }
    mcu_frame *f = (mcu_frame *)(void *)block;
    memset(f, 0, sizeof *f);
    atomic_init(&f->refs, 1);
    f->width_px = width_px;
    f->height_px = height_px;
    uint8_t *at = block + head;
    for (int i = 0; i < 3; i++) {
        f->plane[i] = at;
        f->stride[i] = (int)round_up(width[i]);
        clear_padding(at, (size_t)f->stride[i], width[i], height[i]);
        at += (size_t)f->stride[i] * height[i];
    }
    memset(at, 0, FRAME_ALIGN);
    return f;
}

mcu_frame *mcu_frame_ref(mcu_frame *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void mcu_frame_unref(mcu_frame *f)
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    if (f->release) {
        f->release(f, f->owner);
    } else {
        free(f);
    }
}
