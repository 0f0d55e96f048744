#include "mcu/base/png_head.h"

#include <string.h>

#define HEAD 24 /* signature, length and name of the first chunk, two sides */

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

bool mcu_png_size(const uint8_t *bytes, size_t size, uint32_t *width_px, uint32_t *height_px)
{
    static const uint8_t begin[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
    if (size < HEAD || memcmp(bytes, begin, sizeof begin) != 0) {
        return false;
    }
    *width_px = u32(bytes + 16);
    *height_px = u32(bytes + 20);
    return *width_px > 0 && *height_px > 0;
}

bool mcu_png_is_logo(const uint8_t *bytes, size_t size)
{
    uint32_t w = 0, h = 0;
    return size <= MCU_LOGO_BYTES && mcu_png_size(bytes, size, &w, &h) && w <= MCU_LOGO_SIDE_PX && h <= MCU_LOGO_SIDE_PX;
}
