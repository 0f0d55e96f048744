/* opus_rtp.h - Opus payload: one RTP payload is one Opus packet.  Thread: any (pure).  Source: RFC 7587 4.2, RFC 6716 3.1, 3.2.
 */
#ifndef MCU_NET_OPUS_RTP_H
#define MCU_NET_OPUS_RTP_H

#include "mcu/net/rtp.h"

typedef enum { MCU_OPUS_NONE = 0, MCU_OPUS_SILK, MCU_OPUS_HYBRID, MCU_OPUS_CELT } mcu_opus_mode;

typedef struct {
    mcu_opus_mode mode;
    bool stereo;
    uint8_t frames;   /* 1..48 */
    uint16_t samples; /* of the whole packet at 48 kHz: 120..5760 */
    bool dtx;         /* nothing but the TOC byte (and an empty frame): the sender is silent */
} mcu_opus_packet;
/* MCU_EINVAL: empty, longer than 120 ms, or lengths that contradict each other (RFC 6716 3.4 R1-R7). */
mcu_status mcu_opus_parse(const uint8_t *payload, size_t size, mcu_opus_packet *out);

#endif
