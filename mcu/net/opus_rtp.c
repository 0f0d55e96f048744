#include "mcu/net/opus_rtp.h"

#include <string.h>

/* Samples at 48 kHz of one frame: RFC 6716 table 2. */
static const uint16_t frame_samples[32] = {
    480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 1920, 2880, 480, 960, 480, 960,
    120, 240, 480,  960,  120, 240, 480,  960,  120, 240, 480,  960,  120, 240, 480, 960,
};

#define MAX_SAMPLES 5760 /* 120 ms */
#define MAX_FRAME 1275   /* bytes: RFC 6716 3.2.1 */

/* One- or two-byte frame length: RFC 6716 3.2.1. Returns its own size, 0 = cut off. */
static size_t read_length(const uint8_t *p, size_t size, size_t *length)
{
    if (size < 1) {
        return 0;
    }
    if (p[0] < 252) {
        *length = p[0];
        return 1;
    }
    if (size < 2) {
        return 0;
    }
    *length = 4u * p[1] + p[0];
    return 2;
}

/* Code 3 after the TOC: any number of frames, CBR or VBR, with padding: RFC 6716 3.2.5. */
static bool check_code3(const uint8_t *p, size_t size, uint8_t *frames)
{
    if (size < 1) {
        return false;
    }
    uint8_t flags = p[0];
    *frames = flags & 0x3f;
    p++;
    size--;
    if (*frames == 0) {
        return false;
    }
    size_t padding = 0;
    if (flags & 0x40) {
        uint8_t n;
        do {
            if (size < 1) {
                return false;
            }
            n = *p++;
            size--;
            padding += n == 255 ? 254 : n;
        } while (n == 255);
    }
    if (padding > size) {
        return false;
    }
    size -= padding;
    if (!(flags & 0x80)) {
        return size % *frames == 0 && size / *frames <= MAX_FRAME;
    }
    for (unsigned i = 1; i < *frames; i++) {
        size_t length = 0;
        size_t used = read_length(p, size, &length);
        if (used == 0 || length > size - used) {
            return false;
        }
        p += used;
        size -= used;
        /* The frames' bytes lie behind all the lengths: take them off now. */
        size -= length;
    }
    return size <= MAX_FRAME;
}

static bool check_frames(const uint8_t *p, size_t size, uint8_t code, uint8_t *frames)
{
    size_t length = 0, used;
    switch (code) {
    case 0:
        *frames = 1;
        return size <= MAX_FRAME;
    case 1:
        *frames = 2;
        return size % 2 == 0 && size / 2 <= MAX_FRAME;
    case 2:
        *frames = 2;
        used = read_length(p, size, &length);
        return used > 0 && length <= size - used && size - used - length <= MAX_FRAME;
    default:
        return check_code3(p, size, frames);
    }
}

mcu_status mcu_opus_parse(const uint8_t *payload, size_t size, mcu_opus_packet *out)
{
    memset(out, 0, sizeof *out);
    if (size < 1) {
        return MCU_EINVAL;
    }
    uint8_t config = payload[0] >> 3;
    out->mode = config < 12 ? MCU_OPUS_SILK : config < 16 ? MCU_OPUS_HYBRID : MCU_OPUS_CELT;
    out->stereo = payload[0] & 0x04;
    if (!check_frames(payload + 1, size - 1, payload[0] & 0x03, &out->frames)) {
        return MCU_EINVAL;
    }
    unsigned samples = (unsigned)out->frames * frame_samples[config];
    if (samples > MAX_SAMPLES) {
        return MCU_EINVAL;
    }
    out->samples = (uint16_t)samples;
    out->dtx = size <= 2;
    return MCU_OK;
}
