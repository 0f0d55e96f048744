/* png_head.h - the head of a PNG file: enough to refuse what is none, or too large to be decoded.  Thread: any; pure. */
#ifndef MCU_BASE_PNG_HEAD_H
#define MCU_BASE_PNG_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False = no PNG (PNG 5.2, 11.2.2), or without pixels. */
bool mcu_png_size(const uint8_t *bytes, size_t size, uint32_t *width_px, uint32_t *height_px);

#define MCU_LOGO_BYTES (32u * 1024) /* fits a message to a room, also as base64 */
#define MCU_LOGO_SIDE_PX 2048u
/* Whether it may be a picture's logo. */
bool mcu_png_is_logo(const uint8_t *bytes, size_t size);

#endif
