/* vp8_header.h - the uncompressed head of a VP8 picture.  Thread: any; pure.  Source: RFC 6386 9.1. */
#ifndef MIXER_VP8_HEADER_H
#define MIXER_VP8_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    bool keyframe;
    int width_px, height_px; /* of a keyframe, else 0 */
} mix_vp8_header;

static inline bool mix_vp8_read_header(const uint8_t *data, size_t size, mix_vp8_header *out)
{
    *out = (mix_vp8_header){0};
    if (size < 3) {
        return false;
    }
    uint32_t tag = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16;
    size_t head = tag & 1 ? 3 : 10;
    if (size < head || (tag >> 5) > size - head || (tag >> 1 & 7) > 3) { /* first partition, version */
        return false;
    }
    if (tag & 1) {
        return true;
    }
    if (data[3] != 0x9d || data[4] != 0x01 || data[5] != 0x2a) {
        return false;
    }
    out->keyframe = true;
    out->width_px = (data[6] | data[7] << 8) & 0x3fff; /* the two bits above are a hint for the display */
    out->height_px = (data[8] | data[9] << 8) & 0x3fff;
    return true;
}

#endif
