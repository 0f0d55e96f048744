#include <string.h>

#include "mcu/base/h264_params.h"

const char *mcu_h264_reason_name(mcu_h264_reason r)
{
    static const char *const names[] = {
        [MCU_H264_FINE] = "fine",
        [MCU_H264_MALFORMED] = "malformed",
        [MCU_H264_NO_PARAMS] = "no_params",
        [MCU_H264_NO_SLICE] = "no_slice",
        [MCU_H264_PROFILE] = "profile",
        [MCU_H264_CHROMA] = "chroma",
        [MCU_H264_INTERLACED] = "interlaced",
        [MCU_H264_SIZE] = "size",
        [MCU_H264_SLICES] = "slices",
        [MCU_H264_NAL_TYPE] = "nal_type",
        [MCU_H264_LAYOUT] = "layout",
    };
    return r <= MCU_H264_LAYOUT ? names[r] : "invalid";
}

static mcu_status status_of(mcu_h264_reason r)
{
    switch (r) {
    case MCU_H264_FINE:
        return MCU_OK;
    case MCU_H264_MALFORMED:
    case MCU_H264_NO_SLICE:
        return MCU_EINVAL;
    case MCU_H264_NO_PARAMS:
        return MCU_EAGAIN;
    case MCU_H264_PROFILE:
    case MCU_H264_CHROMA:
    case MCU_H264_INTERLACED:
    case MCU_H264_SIZE:
    case MCU_H264_SLICES:
    case MCU_H264_NAL_TYPE:
    case MCU_H264_LAYOUT:
        break;
    }
    return MCU_ENOSUP;
}

/* What one access unit has shown so far. */
typedef struct {
    mcu_h264_info *info; /* a working copy */
    unsigned max_px;
    bool sps_here[32], pps_here[256];
    bool all_here; /* every slice's parameter sets came with this picture */
    int active;    /* sps id, -1 = no slice yet */
} look;

static mcu_h264_reason admit_sps(const mcu_h264_sps *s, unsigned max_px)
{
    if (s->profile_idc != 66 && s->profile_idc != 77 && s->profile_idc != 100) {
        return MCU_H264_PROFILE;
    }
    if (s->chroma_format_idc != 1 || s->bit_depth_luma != 8 || s->bit_depth_chroma != 8) {
        return MCU_H264_CHROMA;
    }
    if (!s->frame_mbs_only) {
        return MCU_H264_INTERLACED;
    }
    uint32_t limit = (max_px + 15) & ~15u; /* coded sizes are whole macroblocks */
    bool small = s->width_px < 16 || s->height_px < 16;
    return small || s->coded_width_px > limit || s->coded_height_px > limit ? MCU_H264_SIZE : MCU_H264_FINE;
}

static mcu_h264_reason see_sps(look *l, const uint8_t *nal, size_t size)
{
    mcu_h264_sps s;
    if (mcu_h264_parse_sps(nal, size, &s) != MCU_OK) {
        return MCU_H264_MALFORMED;
    }
    l->info->sps_by_id[s.id] = s;
    l->sps_here[s.id] = true;
    return admit_sps(&s, l->max_px);
}

static mcu_h264_reason see_pps(look *l, const uint8_t *nal, size_t size)
{
    mcu_h264_pps p;
    if (mcu_h264_parse_pps(nal, size, &p) != MCU_OK) {
        return MCU_H264_MALFORMED;
    }
    if (p.slice_groups != 1) {
        return MCU_H264_LAYOUT;
    }
    l->info->pps_sps[p.id] = (uint8_t)(p.sps_id + 1);
    l->pps_here[p.id] = true;
    return MCU_H264_FINE;
}

static mcu_h264_reason see_slice(look *l, const uint8_t *nal, size_t size)
{
    mcu_h264_slice s;
    if (mcu_h264_parse_slice(nal, size, &s) != MCU_OK) {
        return MCU_H264_MALFORMED;
    }
    if (++l->info->slices > MCU_H264_MAX_SLICES) {
        return MCU_H264_SLICES;
    }
    if (s.type > 2) {
        return MCU_H264_PROFILE; /* SP and SI belong to extended profile */
    }
    int sps_id = l->info->pps_sps[s.pps_id] - 1;
    if (sps_id < 0 || !l->info->sps_by_id[sps_id].valid) {
        return MCU_H264_NO_PARAMS;
    }
    const mcu_h264_sps *sps = &l->info->sps_by_id[sps_id];
    if (s.first_mb >= sps->coded_width_px / 16 * (sps->coded_height_px / 16)) {
        return MCU_H264_LAYOUT;
    }
    bool idr = mcu_nal_type(nal) == MCU_NAL_IDR;
    if (l->active < 0) {
        l->active = sps_id;
        l->info->keyframe = idr;
        l->all_here = true;
    } else if (l->active != sps_id || l->info->keyframe != idr) {
        return MCU_H264_LAYOUT; /* 7.4.1.2.4: that would be another picture */
    }
    l->all_here = l->all_here && l->sps_here[sps_id] && l->pps_here[s.pps_id];
    return MCU_H264_FINE;
}

static mcu_h264_reason see(look *l, const uint8_t *nal, size_t size)
{
    if (nal[0] & 0x80) {
        return MCU_H264_MALFORMED; /* forbidden_zero_bit */
    }
    switch (mcu_nal_type(nal)) {
    case MCU_NAL_SPS:
        /* A parameter set behind a slice could change what is being decoded: 7.4.1.2.3. */
        return l->active >= 0 ? MCU_H264_LAYOUT : see_sps(l, nal, size);
    case MCU_NAL_PPS:
        return l->active >= 0 ? MCU_H264_LAYOUT : see_pps(l, nal, size);
    case MCU_NAL_SLICE:
    case MCU_NAL_IDR:
        return see_slice(l, nal, size);
    case MCU_NAL_SEI:
    case MCU_NAL_AUD:
    case 10: /* end of sequence */
    case 11: /* end of stream */
    case 12: /* filler */
        return MCU_H264_FINE;
    default:
        return MCU_H264_NAL_TYPE;
    }
}

static bool same_format(const mcu_h264_sps *a, const mcu_h264_sps *b)
{
    return a->profile_idc == b->profile_idc && a->level_idc == b->level_idc && a->num_ref_frames == b->num_ref_frames &&
           a->coded_width_px == b->coded_width_px && a->coded_height_px == b->coded_height_px && a->width_px == b->width_px &&
           a->height_px == b->height_px;
}

static mcu_h264_reason look_at(look *l, const mcu_au *au)
{
    mcu_nal_iter it;
    const uint8_t *nal;
    size_t size;
    unsigned units = 0;
    mcu_nal_begin(&it, au->data, au->size);
    while (mcu_nal_next(&it, &nal, &size)) {
        mcu_h264_reason r = see(l, nal, size);
        if (r != MCU_H264_FINE) {
            return r;
        }
        units++;
    }
    if (units == 0) {
        return MCU_H264_MALFORMED;
    }
    return l->active < 0 ? MCU_H264_NO_SLICE : MCU_H264_FINE;
}

mcu_status mcu_h264_check(const mcu_au *au, unsigned max_px, mcu_h264_info *info)
{
    mcu_h264_info next = *info;
    next.keyframe = next.has_params = next.params_changed = false;
    next.slices = 0;
    look l = {.info = &next, .max_px = max_px, .active = -1};
    mcu_h264_reason reason = look_at(&l, au);
    if (reason != MCU_H264_FINE) {
        info->reason = reason;
        info->keyframe = info->has_params = info->params_changed = false;
        info->slices = next.slices;
        return status_of(reason);
    }
    const mcu_h264_sps *active = &next.sps_by_id[l.active];
    next.params_changed = !info->sps.valid || !same_format(active, &info->sps);
    next.has_params = l.all_here;
    next.sps = *active;
    next.reason = MCU_H264_FINE;
    *info = next;
    return MCU_OK;
}
