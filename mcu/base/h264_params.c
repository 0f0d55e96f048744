#include "mcu/base/h264_params.h"

#include <string.h>

/* ---- NAL units ---- */

void mcu_nal_begin(mcu_nal_iter *it, const uint8_t *data, size_t size)
{
    *it = (mcu_nal_iter){.at = data, .end = data + size};
}

/* Position of the next 00 00 01, or `end`. */
static const uint8_t *find_start(const uint8_t *p, const uint8_t *end)
{
    while (end - p >= 3) {
        const uint8_t *one = memchr(p + 2, 1, (size_t)(end - p - 2));
        if (!one) {
            return end;
        }
        if (one[-1] == 0 && one[-2] == 0) {
            return one - 2;
        }
        p = one - 1;
    }
    return end;
}

bool mcu_nal_next(mcu_nal_iter *it, const uint8_t **nal, size_t *size)
{
    for (;;) {
        const uint8_t *start = find_start(it->at, it->end);
        if (start == it->end) {
            it->at = it->end;
            return false;
        }
        start += 3;
        const uint8_t *end = find_start(start, it->end);
        it->at = end;
        while (end > start && end[-1] == 0) {
            end--; /* trailing_zero_8bits, and the first zero of a 4-byte start code */
        }
        if (end > start) {
            *nal = start;
            *size = (size_t)(end - start);
            return true;
        }
    }
}

/* ---- bits, skipping emulation prevention: 7.4.1.1 ---- */

typedef struct {
    const uint8_t *at, *end;
    unsigned zeros; /* zero bytes just passed */
    unsigned left;  /* unread bits of `byte` */
    uint8_t byte;
    bool failed; /* read past the end or a code out of range; sticky, reads give 0 */
} bits;

static bits bits_begin(const uint8_t *nal, size_t size)
{
    return (bits){.at = nal + 1, .end = nal + size};
}

static unsigned read_bit(bits *b)
{
    if (b->left == 0) {
        if (b->at < b->end && b->zeros >= 2 && *b->at == 3) {
            b->at++;
            b->zeros = 0;
        }
        if (b->at >= b->end) {
            b->failed = true;
            return 0;
        }
        b->byte = *b->at++;
        b->zeros = b->byte == 0 ? b->zeros + 1 : 0;
        b->left = 8;
    }
    b->left--;
    return b->byte >> b->left & 1u;
}

static uint32_t read_bits(bits *b, unsigned n)
{
    uint32_t v = 0;
    while (n-- > 0) {
        v = v << 1 | read_bit(b);
    }
    return v;
}

/* ue(v), at most `max`. */
static uint32_t read_ue(bits *b, uint32_t max)
{
    unsigned zeros = 0;
    while (!b->failed && read_bit(b) == 0) {
        if (++zeros > 31) {
            b->failed = true;
        }
    }
    if (b->failed) {
        return 0;
    }
    uint32_t v = (uint32_t)((UINT64_C(1) << zeros) - 1 + read_bits(b, zeros));
    if (b->failed || v > max) {
        b->failed = true;
        return 0;
    }
    return v;
}

static int32_t read_se(bits *b)
{
    uint32_t k = read_ue(b, UINT32_MAX - 1);
    return k & 1 ? (int32_t)(k / 2 + 1) : -(int32_t)(k / 2);
}

/* ---- sequence parameter set: 7.3.2.1.1 ---- */

#define MAX_SIDE_MBS 1055 /* sqrt(8 x MaxFS) of level 6.2: A.3.1 */

static bool has_chroma_fields(uint8_t profile)
{
    static const uint8_t high[] = {100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
    return memchr(high, profile, sizeof high) != NULL;
}

static void skip_scaling_list(bits *b, unsigned size)
{
    int last = 8, next = 8;
    for (unsigned i = 0; i < size && !b->failed; i++) {
        if (next != 0) {
            int32_t delta = read_se(b);
            if (delta < -128 || delta > 127) {
                b->failed = true;
                return;
            }
            next = (last + delta + 256) % 256;
        }
        last = next == 0 ? last : next;
    }
}

static void read_chroma(bits *b, mcu_h264_sps *s)
{
    s->chroma_format_idc = (uint8_t)read_ue(b, 3);
    if (s->chroma_format_idc == 3) {
        read_bit(b); /* separate_colour_plane_flag */
    }
    s->bit_depth_luma = (uint8_t)(8 + read_ue(b, 6));
    s->bit_depth_chroma = (uint8_t)(8 + read_ue(b, 6));
    read_bit(b); /* qpprime_y_zero_transform_bypass_flag */
    if (read_bit(b)) {
        unsigned lists = s->chroma_format_idc == 3 ? 12 : 8;
        for (unsigned i = 0; i < lists; i++) {
            if (read_bit(b)) {
                skip_scaling_list(b, i < 6 ? 16 : 64);
            }
        }
    }
}

static void skip_order_count(bits *b)
{
    uint32_t type = read_ue(b, 2);
    if (type == 0) {
        read_ue(b, 12);
    } else if (type == 1) {
        read_bit(b);
        read_se(b);
        read_se(b);
        uint32_t n = read_ue(b, 255);
        for (uint32_t i = 0; i < n && !b->failed; i++) {
            read_se(b);
        }
    }
}

static bool read_size(bits *b, mcu_h264_sps *s)
{
    uint32_t width_mbs = read_ue(b, MAX_SIDE_MBS - 1) + 1;
    uint32_t map_units = read_ue(b, MAX_SIDE_MBS - 1) + 1;
    s->frame_mbs_only = read_bit(b);
    if (!s->frame_mbs_only) {
        read_bit(b); /* mb_adaptive_frame_field_flag */
    }
    read_bit(b); /* direct_8x8_inference_flag */
    uint32_t fields = s->frame_mbs_only ? 1 : 2;
    s->coded_width_px = width_mbs * 16;
    s->coded_height_px = map_units * 16 * fields;
    uint32_t left = 0, right = 0, top = 0, bottom = 0;
    if (read_bit(b)) {
        left = read_ue(b, UINT16_MAX);
        right = read_ue(b, UINT16_MAX);
        top = read_ue(b, UINT16_MAX);
        bottom = read_ue(b, UINT16_MAX);
    }
    uint32_t unit_x = s->chroma_format_idc == 1 || s->chroma_format_idc == 2 ? 2 : 1;
    uint32_t unit_y = (s->chroma_format_idc == 1 ? 2 : 1) * fields;
    uint32_t crop_x = (left + right) * unit_x, crop_y = (top + bottom) * unit_y;
    if (crop_x >= s->coded_width_px || crop_y >= s->coded_height_px) {
        return false;
    }
    s->width_px = s->coded_width_px - crop_x;
    s->height_px = s->coded_height_px - crop_y;
    return !b->failed;
}

mcu_status mcu_h264_parse_sps(const uint8_t *nal, size_t size, mcu_h264_sps *out)
{
    memset(out, 0, sizeof *out);
    if (size < 4 || mcu_nal_type(nal) != MCU_NAL_SPS) {
        return MCU_EINVAL;
    }
    bits b = bits_begin(nal, size);
    out->profile_idc = (uint8_t)read_bits(&b, 8);
    out->constraints = (uint8_t)read_bits(&b, 8);
    out->level_idc = (uint8_t)read_bits(&b, 8);
    out->id = (uint8_t)read_ue(&b, 31);
    out->chroma_format_idc = 1;
    out->bit_depth_luma = out->bit_depth_chroma = 8;
    if (has_chroma_fields(out->profile_idc)) {
        read_chroma(&b, out);
    }
    out->log2_max_frame_num = (uint8_t)(4 + read_ue(&b, 12));
    skip_order_count(&b);
    out->num_ref_frames = (uint8_t)read_ue(&b, 16);
    read_bit(&b); /* gaps_in_frame_num_value_allowed_flag */
    if (!read_size(&b, out) || b.failed) {
        return MCU_EINVAL;
    }
    out->valid = true; /* the VUI that may follow changes nothing we decide on */
    return MCU_OK;
}

/* ---- picture parameter set 7.3.2.2, slice header 7.3.3 ---- */

mcu_status mcu_h264_parse_pps(const uint8_t *nal, size_t size, mcu_h264_pps *out)
{
    memset(out, 0, sizeof *out);
    if (size < 2 || mcu_nal_type(nal) != MCU_NAL_PPS) {
        return MCU_EINVAL;
    }
    bits b = bits_begin(nal, size);
    out->id = (uint8_t)read_ue(&b, 255);
    out->sps_id = (uint8_t)read_ue(&b, 31);
    read_bits(&b, 2); /* entropy_coding_mode_flag, bottom_field_pic_order_in_frame_present_flag */
    out->slice_groups = (uint8_t)(read_ue(&b, 7) + 1);
    return b.failed ? MCU_EINVAL : MCU_OK;
}

mcu_status mcu_h264_parse_slice(const uint8_t *nal, size_t size, mcu_h264_slice *out)
{
    memset(out, 0, sizeof *out);
    if (size < 2 || (mcu_nal_type(nal) != MCU_NAL_SLICE && mcu_nal_type(nal) != MCU_NAL_IDR)) {
        return MCU_EINVAL;
    }
    bits b = bits_begin(nal, size);
    out->first_mb = read_ue(&b, MAX_SIDE_MBS * MAX_SIDE_MBS);
    out->type = (uint8_t)(read_ue(&b, 9) % 5);
    out->pps_id = (uint8_t)read_ue(&b, 255);
    return b.failed ? MCU_EINVAL : MCU_OK;
}
