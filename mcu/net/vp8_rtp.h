/* vp8_rtp.h - VP8 payload format.  Thread: any (pure).  Source: RFC 7741 4.2 (descriptor), RFC 6386 9.1 (frame header). */
#ifndef MCU_NET_VP8_RTP_H
#define MCU_NET_VP8_RTP_H

#include "mcu/net/payload.h"
#include "mcu/net/rtp.h"

/* One-byte descriptor, no PictureID: a receiver then needs no continuity of ids when a sender switches encoders.
 * `max` 64..MCU_RTP_MAX, descriptor included. Fragments are about equally long. MCU_EINVAL: size is 0. */
mcu_status mcu_vp8_pack(const uint8_t *frame, size_t size, size_t max, mcu_payload_fn fn, void *user);

typedef struct {
    bool non_reference;
    bool start; /* S = 1: a partition starts here; a picture starts where also pid == 0 */
    uint8_t pid;
    int32_t picture_id; /* 7 or 15 bit; -1 = none */
    bool picture_id_long;
    int16_t tl0picidx;   /* -1 = none */
    int8_t tid, keyidx;  /* -1 = none */
    bool layer_sync;     /* Y */
    const uint8_t *data; /* VP8 bytes behind the descriptor, at least 1 */
    size_t size;
} mcu_vp8_payload;
mcu_status mcu_vp8_parse(const uint8_t *payload, size_t size, mcu_vp8_payload *out);

/* Reads the frame header of a picture. False = inter frame or too short or a wrong start code. Sizes without scaling bits. */
bool mcu_vp8_keyframe(const uint8_t *frame, size_t size, uint16_t *width_px, uint16_t *height_px);

#endif
