/* demux.h - which protocol a datagram of the BUNDLE transport belongs to.  Thread: any; pure.
 * Source: RFC 7983 section 7 (first byte), RFC 5761 section 4 (RTP or RTCP). */
#ifndef MCU_NET_DEMUX_H
#define MCU_NET_DEMUX_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    MCU_DEMUX_NONE = 0, /* nothing that belongs here, or too short to say */
    MCU_DEMUX_STUN,
    MCU_DEMUX_DTLS,
    MCU_DEMUX_RTP,
    MCU_DEMUX_RTCP,
} mcu_demux_kind;

mcu_demux_kind mcu_demux(const uint8_t *data, size_t size);

#endif
