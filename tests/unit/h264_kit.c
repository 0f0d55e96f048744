#include "h264_kit.h"

#include <string.h>

void kit_put(kit_bits *b, unsigned n, uint32_t value)
{
    while (n-- > 0) {
        if (b->bit % 8 == 0) {
            b->data[b->size++] = 0;
        }
        b->data[b->size - 1] = (uint8_t)(b->data[b->size - 1] | (value >> n & 1) << (7 - b->bit % 8));
        b->bit++;
    }
}

void kit_ue(kit_bits *b, uint32_t value)
{
    unsigned length = 0;
    while ((value + 1) >> (length + 1)) {
        length++;
    }
    kit_put(b, length, 0);
    kit_put(b, length + 1, value + 1);
}

size_t kit_add_nal(uint8_t *out, unsigned header, const uint8_t *rbsp, size_t size)
{
    uint8_t *at = out;
    memcpy(at, "\0\0\0\1", 4);
    at += 4;
    *at++ = (uint8_t)header;
    unsigned zeros = 0;
    for (size_t i = 0; i < size; i++) {
        if (zeros == 2 && rbsp[i] <= 3) {
            *at++ = 3;
            zeros = 0;
        }
        *at++ = rbsp[i];
        zeros = rbsp[i] == 0 ? zeros + 1 : 0;
    }
    return (size_t)(at - out);
}

size_t kit_add_sps(uint8_t *out, const kit_sps *s)
{
    uint8_t raw[128];
    kit_bits b = {.data = raw};
    kit_put(&b, 8, s->profile);
    kit_put(&b, 8, 0);
    kit_put(&b, 8, 31);
    kit_ue(&b, s->id);
    if (s->profile >= 100 || s->profile == 83) {
        kit_ue(&b, s->chroma);
        if (s->chroma == 3) {
            kit_put(&b, 1, 0);
        }
        kit_ue(&b, s->depth - 8);
        kit_ue(&b, s->depth - 8);
        kit_put(&b, 1, 0);
        kit_put(&b, 1, 0);
    }
    kit_ue(&b, 0); /* log2_max_frame_num - 4 */
    kit_ue(&b, 2); /* pic_order_cnt_type */
    kit_ue(&b, 1); /* max_num_ref_frames */
    kit_put(&b, 1, 0);
    kit_ue(&b, s->width_mbs - 1);
    kit_ue(&b, s->height_mbs - 1);
    kit_put(&b, 1, !s->interlaced);
    if (s->interlaced) {
        kit_put(&b, 1, 0);
    }
    kit_put(&b, 1, 1);
    kit_put(&b, 1, s->crop_bottom > 0);
    if (s->crop_bottom > 0) {
        kit_ue(&b, 0);
        kit_ue(&b, 0);
        kit_ue(&b, 0);
        kit_ue(&b, s->crop_bottom);
    }
    kit_put(&b, 1, 0); /* no VUI */
    kit_put(&b, 1, 1); /* stop bit */
    return kit_add_nal(out, 0x67, raw, b.size);
}

size_t kit_add_pps(uint8_t *out, unsigned id, unsigned sps_id, unsigned slice_groups)
{
    uint8_t raw[64];
    kit_bits b = {.data = raw};
    kit_ue(&b, id);
    kit_ue(&b, sps_id);
    kit_put(&b, 2, 0);
    kit_ue(&b, slice_groups - 1);
    kit_put(&b, 8, 0xff);
    return kit_add_nal(out, 0x68, raw, b.size);
}

size_t kit_add_slice(uint8_t *out, bool idr, unsigned first_mb, unsigned type, unsigned pps_id, size_t size, unsigned seed)
{
    uint8_t raw[64];
    kit_bits b = {.data = raw};
    kit_ue(&b, first_mb);
    kit_ue(&b, type);
    kit_ue(&b, pps_id);
    kit_put(&b, 8, 0x55);
    size_t at = kit_add_nal(out, idr ? 0x65 : 0x41, raw, b.size);
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1103515245u + 12345u;
        out[at++] = (uint8_t)(1 + (seed >> 16) % 255); /* no zero, so no start code and no trailing zero */
    }
    return at;
}
