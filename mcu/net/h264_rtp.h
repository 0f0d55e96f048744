/* h264_rtp.h - H.264 payload format, packetization-modes 0 and 1.  Thread: any (pure).
 * Source: RFC 6184 5.6 (single NAL), 5.7.1 (STAP-A), 5.8 (FU-A). STAP-B, MTAP and FU-B need DON and are refused. */
#ifndef MCU_NET_H264_RTP_H
#define MCU_NET_H264_RTP_H

#include "mcu/net/payload.h"
#include "mcu/net/rtp.h"

/* Annex B access unit (3- or 4-byte start codes) -> payloads of at most `max` bytes (64..MCU_RTP_MAX). Parameter sets and SEI
 * before the first slice share a STAP-A where they fit. Access unit delimiters and end-of-sequence NALs are left out. MCU_EINVAL:
 * no NAL unit; fn was not called. */
mcu_status mcu_h264_pack(const uint8_t *au, size_t size, size_t max, mcu_payload_fn fn, void *user);
/* The same for who takes mode 0: each NAL unit is a payload. MCU_EINVAL also when one is larger than `max`. */
mcu_status mcu_h264_pack_units(const uint8_t *au, size_t size, size_t max, mcu_payload_fn fn, void *user);

/* Payloads of one picture in sequence order -> Annex B with 4-byte start codes. With out = NULL it only counts. Zero-initialise.
 */
typedef struct {
    uint8_t *out;
    size_t room;
    size_t size; /* written or counted so far */
    bool in_fu;  /* a fragmented NAL unit is open */
    uint8_t fu_type;
} mcu_h264_depack;
/* MCU_EINVAL malformed, MCU_ENOSUP a DON mode, MCU_EFULL room is too small. After an error the picture is worthless. */
mcu_status mcu_h264_depack_push(mcu_h264_depack *d, const uint8_t *payload, size_t size);
/* True when no fragment is left open and something came out. */
bool mcu_h264_depack_done(const mcu_h264_depack *d);

/* What kinds of NAL unit a payload carries (all of a STAP-A, the fragmented one of an FU-A). Never reads out of bounds. */
enum { MCU_H264_HAS_SLICE = 1, MCU_H264_HAS_IDR = 2, MCU_H264_HAS_SPS = 4, MCU_H264_HAS_PPS = 8, MCU_H264_HAS_AUD = 16 };
unsigned mcu_h264_payload_flags(const uint8_t *payload, size_t size);

#endif
