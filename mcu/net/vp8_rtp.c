#include "mcu/net/vp8_rtp.h"

#include <string.h>

mcu_status mcu_vp8_pack(const uint8_t *frame, size_t size, size_t max, mcu_payload_fn fn, void *user)
{
    if (size == 0 || max < 64 || max > MCU_RTP_MAX) {
        return MCU_EINVAL;
    }
    size_t each = max - 1, left_packets = (size + each - 1) / each, at = 0;
    while (at < size) {
        size_t take = (size - at + left_packets - 1) / left_packets;
        const uint8_t head = at == 0 ? 0x10 : 0x00; /* S, PID 0 */
        const mcu_payload p = {&head, frame + at, 1, (uint16_t)take};
        at += take;
        left_packets--;
        fn(user, &p, at == size);
    }
    return MCU_OK;
}

/* The X octet and what it announces: RFC 7741 4.2. */
static bool parse_extended(const uint8_t *p, size_t size, size_t *at, mcu_vp8_payload *out)
{
    if (*at >= size) {
        return false;
    }
    uint8_t x = p[(*at)++];
    if (x & 0x80) { /* I */
        if (*at >= size) {
            return false;
        }
        out->picture_id = p[*at] & 0x7f;
        if (p[(*at)++] & 0x80) {
            if (*at >= size) {
                return false;
            }
            out->picture_id = out->picture_id << 8 | p[(*at)++];
            out->picture_id_long = true;
        }
    }
    if (x & 0x40) { /* L */
        if (*at >= size) {
            return false;
        }
        out->tl0picidx = p[(*at)++];
    }
    if (x & 0x30) { /* T, K share an octet */
        if (*at >= size) {
            return false;
        }
        uint8_t b = p[(*at)++];
        if (x & 0x20) {
            out->tid = (int8_t)(b >> 6);
            out->layer_sync = b & 0x20;
        }
        if (x & 0x10) {
            out->keyidx = (int8_t)(b & 0x1f);
        }
    }
    return true;
}

mcu_status mcu_vp8_parse(const uint8_t *payload, size_t size, mcu_vp8_payload *out)
{
    memset(out, 0, sizeof *out);
    out->picture_id = out->tl0picidx = out->tid = out->keyidx = -1;
    if (size < 1) {
        return MCU_EINVAL;
    }
    uint8_t b = payload[0];
    size_t at = 1;
    out->non_reference = b & 0x20;
    out->start = b & 0x10;
    out->pid = b & 0x07;
    if ((b & 0x80) && !parse_extended(payload, size, &at, out)) {
        return MCU_EINVAL;
    }
    if (at >= size) {
        return MCU_EINVAL;
    }
    out->data = payload + at;
    out->size = size - at;
    return MCU_OK;
}

bool mcu_vp8_keyframe(const uint8_t *frame, size_t size, uint16_t *width_px, uint16_t *height_px)
{
    /* RFC 6386 9.1: 3-byte tag (bit 0 clear = key), start code, 14-bit sizes, little endian. */
    if (size < 10 || (frame[0] & 1) || frame[3] != 0x9d || frame[4] != 0x01 || frame[5] != 0x2a) {
        return false;
    }
    *width_px = (uint16_t)((frame[6] | frame[7] << 8) & 0x3fff);
    *height_px = (uint16_t)((frame[8] | frame[9] << 8) & 0x3fff);
    return *width_px > 0 && *height_px > 0;
}
