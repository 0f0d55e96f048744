/* A payload descriptor from a stranger; the bytes as a frame to pack, which must come back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/vp8_rtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *frame;
    size_t at, size;
} sink;

static void on_payload(void *user, const mcu_payload *packed, bool last)
{
    sink *s = user;
    mcu_vp8_payload p;
    uint8_t payload[64];
    size_t size = mcu_payload_write(packed, payload);
    if (mcu_vp8_parse(payload, size, &p) != MCU_OK || p.size > s->size - s->at || memcmp(p.data, s->frame + s->at, p.size) != 0 ||
        p.start != (s->at == 0)) {
        abort();
    }
    s->at += p.size;
    if (last != (s->at == s->size)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mcu_vp8_payload p;
    uint16_t w, h;
    if (mcu_vp8_parse(data, size, &p) == MCU_OK && (p.size == 0 || p.data + p.size != data + size)) {
        abort();
    }
    mcu_vp8_keyframe(data, size, &w, &h);
    sink s = {.frame = data, .size = size};
    if (size > 0 && (mcu_vp8_pack(data, size, 64, on_payload, &s) != MCU_OK || s.at != size)) {
        abort();
    }
    return 0;
}
