/* h264_params.h - reads H.264 parameter sets and slice headers far enough to decide whether a picture may reach a decoder.
 * Thread: any (pure; the caller owns mcu_h264_info).  Source: ITU-T H.264 7.3.1, 7.3.2.1.1, 7.3.2.2, 7.3.3; Annex A, B. */
#ifndef MCU_BASE_H264_PARAMS_H
#define MCU_BASE_H264_PARAMS_H

#include "mcu/base/media.h"
#include "mcu/base/status.h"

/* ---- Annex B and NAL units ---- */
typedef struct {
    const uint8_t *at, *end;
} mcu_nal_iter;
void mcu_nal_begin(mcu_nal_iter *it, const uint8_t *data, size_t size);
/* Next NAL unit without start code and without trailing zeros, never empty; false = end. */
bool mcu_nal_next(mcu_nal_iter *it, const uint8_t **nal, size_t *size);
static inline int mcu_nal_type(const uint8_t *nal)
{
    return nal[0] & 0x1f;
}
enum { MCU_NAL_SLICE = 1, MCU_NAL_IDR = 5, MCU_NAL_SEI = 6, MCU_NAL_SPS = 7, MCU_NAL_PPS = 8, MCU_NAL_AUD = 9 };

typedef struct {
    bool valid;
    uint8_t id; /* 0..31 */
    uint8_t profile_idc, constraints, level_idc;
    uint8_t chroma_format_idc, bit_depth_luma, bit_depth_chroma;
    uint8_t num_ref_frames;
    uint8_t log2_max_frame_num;
    bool frame_mbs_only;
    uint32_t coded_width_px, coded_height_px;
    uint32_t width_px, height_px; /* after cropping */
} mcu_h264_sps;
/* NAL unit with its header byte. MCU_EINVAL malformed or values outside Annex A; says nothing about what we admit. */
mcu_status mcu_h264_parse_sps(const uint8_t *nal, size_t size, mcu_h264_sps *out);

typedef struct {
    uint8_t id, sps_id;
    uint8_t slice_groups; /* 1 = no FMO */
} mcu_h264_pps;
mcu_status mcu_h264_parse_pps(const uint8_t *nal, size_t size, mcu_h264_pps *out);

typedef struct {
    uint32_t first_mb;
    uint8_t type; /* 0..4: P B I SP SI */
    uint8_t pps_id;
} mcu_h264_slice;
mcu_status mcu_h264_parse_slice(const uint8_t *nal, size_t size, mcu_h264_slice *out);

/* ---- the guard ---- */
typedef enum {
    MCU_H264_FINE = 0,
    MCU_H264_MALFORMED,
    MCU_H264_NO_PARAMS, /* a slice whose SPS/PPS never came */
    MCU_H264_NO_SLICE,
    MCU_H264_PROFILE, /* not baseline, constrained baseline, main, high */
    MCU_H264_CHROMA,  /* not 8-bit 4:2:0 */
    MCU_H264_INTERLACED,
    MCU_H264_SIZE,     /* a side below 16 or above max_px (rounded up to macroblocks) */
    MCU_H264_SLICES,   /* > 64 */
    MCU_H264_NAL_TYPE, /* data partitioning, auxiliary, SVC, MVC or reserved */
    MCU_H264_LAYOUT,   /* slice beyond the picture, slice groups (FMO), more than one picture's kinds, late parameter sets */
} mcu_h264_reason;
const char *mcu_h264_reason_name(mcu_h264_reason r);

#define MCU_H264_MAX_SLICES 64

/* In and out: zero before the first picture of a stream, then keep: it remembers the admitted parameter sets. */
typedef struct {
    mcu_h264_reason reason; /* why the last picture was refused */
    bool keyframe;          /* IDR whose SPS and PPS are known */
    bool has_params;        /* this picture carries the SPS and PPS it uses */
    bool params_changed;    /* its size or profile differs from the picture before */
    unsigned slices;
    mcu_h264_sps sps; /* active for this picture */
    mcu_h264_sps sps_by_id[32];
    uint8_t pps_sps[256]; /* sps id + 1; 0 = that pps never came */
} mcu_h264_info;

/* Looks at one Annex B access unit. MCU_OK: may be decoded. MCU_EINVAL malformed, MCU_ENOSUP well-formed but not admitted,
 * MCU_EAGAIN parameter sets are missing (ask for a keyframe); `info->reason` says which. After a refusal parameter sets that came
 * with the picture are forgotten. `max_px`: longest side admitted, e.g. 1280 (portrait included: 720x1280). */
mcu_status mcu_h264_check(const mcu_au *au, unsigned max_px, mcu_h264_info *info);

#endif
