/* cut.h - a coded picture cut into RTP payloads, once for all who are sent it.  Thread: any. It goes with the picture (mcu_au),
 * whose bytes its payloads point to: who keeps a payload holds a reference to the picture. */
#ifndef MCU_NET_CUT_H
#define MCU_NET_CUT_H

#include "mcu/base/media.h"
#include "mcu/net/payload.h"

typedef struct {
    mcu_au_note note;
    bool units;
    size_t max;
    unsigned n;
    size_t bytes; /* of all payloads */
    mcu_payload at[];
} mcu_cut;

/* For payloads of at most `max` bytes (64..MCU_RTP_MAX); `units`: H.264 in a NAL unit each (packetization-mode 0). The first who
 * asks makes it. NULL: there is nothing to send in the picture, or a unit is too large, or no memory is left. */
const mcu_cut *mcu_cut_of(mcu_au *au, bool units, size_t max);

#endif
