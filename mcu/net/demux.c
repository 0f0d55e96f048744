#include "mcu/net/demux.h"

mcu_demux_kind mcu_demux(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return MCU_DEMUX_NONE;
    }
    uint8_t first = data[0];
    if (first <= 3) {
        return MCU_DEMUX_STUN;
    }
    if (first >= 20 && first <= 63) {
        return MCU_DEMUX_DTLS;
    }
    if (first < 128 || first > 191) {
        return MCU_DEMUX_NONE;
    }
    /* RFC 5761 4: RTCP packet types 192..223 are where RTP has the marker and payload types 64..95. */
    return data[1] >= 192 && data[1] <= 223 ? MCU_DEMUX_RTCP : MCU_DEMUX_RTP;
}
