/* rtp.h - RTP fixed header, CSRC, extension and padding; sequence and timestamp arithmetic.  Thread: any (pure).
 * Source: RFC 3550 5.1, 5.3.1. Nothing here allocates; every pointer in mcu_rtp points into the packet it was parsed from. */
#ifndef MCU_NET_RTP_H
#define MCU_NET_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/status.h"

#define MCU_RTP_HEADER 12    /* bytes without CSRC and extension */
#define MCU_RTP_MAX 1500     /* largest packet we take or make */
#define MCU_RTP_PAYLOAD 1160 /* what packetisers may put into one packet: IPv6, TURN, SRTP and extensions still fit 1280 */

typedef struct {
    bool marker;
    uint8_t pt;
    uint16_t seq;
    uint32_t ts;
    uint32_t ssrc;
    uint8_t n_csrc;       /* 0..15; parsed, never written */
    uint8_t padding;      /* bytes at the end, already cut off `payload`; parsed, never written */
    uint16_t ext_profile; /* 0xbede, 0x100x or foreign; meaningless when ext is NULL */
    const uint8_t *ext;   /* extension words after the 4-byte extension header; NULL = no extension */
    size_t ext_size;      /* bytes, a multiple of 4 */
    const uint8_t *payload;
    size_t payload_size; /* 0 = padding only */
} mcu_rtp;

/* MCU_EINVAL: shorter than its header says, version not 2, padding longer than the payload, or size > MCU_RTP_MAX. */
mcu_status mcu_rtp_parse(const uint8_t *data, size_t size, mcu_rtp *out);
/* Writes header, extension and payload (no CSRC, no padding). Returns the packet's size, 0 = `room` is too small or the extension
 * is not a multiple of 4. `out` may not overlap the parts. */
size_t mcu_rtp_write(uint8_t *out, size_t room, const mcu_rtp *r);
/* Change one field of a packet that is at least MCU_RTP_HEADER long. */
void mcu_rtp_set_seq(uint8_t *packet, uint16_t seq);
uint16_t mcu_rtp_get_seq(const uint8_t *packet);

/* Signed distance a - b on the circle: > 0 when a is newer. -32768 is "older". */
static inline int mcu_seq_diff(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b);
}
static inline int32_t mcu_ts_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

/* Extends a wrapping counter. Zero-initialise. The first value is kept as it is plus one whole turn, so that a reordered packet
 * from before it never becomes negative. Later values land within half a turn of the newest value seen so far. */
typedef struct {
    bool started;
    int64_t newest;
} mcu_unwrap;
int64_t mcu_unwrap16(mcu_unwrap *u, uint16_t value);
int64_t mcu_unwrap32(mcu_unwrap *u, uint32_t value);

#endif
