/* vpicture.h - the packets of one picture: what vjitter keeps of each, and the picture they make.  Thread: the peer's loop.
 * Inner header of vjitter. */
#ifndef MCU_NET_VPICTURE_H
#define MCU_NET_VPICTURE_H

#include "mcu/base/media.h"
#include "mcu/net/rtp.h"
#include "mcu/net/vjitter.h"

enum { MCU_VSLOT_KEY = 1, MCU_VSLOT_PARAMS = 2 }; /* of a keyframe (VP8: its first packet), carries an SPS */

typedef struct {
    int64_t index; /* extended sequence number */
    int64_t arrival_ns;
    uint32_t ts;
    uint16_t size; /* 0 = padding */
    bool used, marker;
    bool start;    /* surely the first packet of a picture; false says nothing */
    uint8_t flags; /* MCU_VSLOT_* */
    uint8_t *data; /* H264: the payload, VP8: behind the descriptor; owned */
} mcu_vslot;

/* Newest H.264 parameter sets, Annex B. */
typedef struct {
    size_t size;
    uint8_t bytes[1024];
} mcu_vparams;

/* Fills a slot from a packet, copying its bytes. MCU_EINVAL: the payload format does not parse; the slot is unchanged. */
mcu_status mcu_vslot_fill(mcu_vslot *s, mcu_codec codec, const mcu_rtp *r, int64_t index, int64_t now_ns);
void mcu_vslot_clear(mcu_vslot *s);

/* Puts the picture in ring[first..last] (indices modulo MCU_VJITTER_PACKETS, all used) together. MCU_EINVAL: the packets
 * contradict each other; MCU_EAGAIN: parameter sets only, remembered in `params`. */
mcu_status mcu_vpicture_build(mcu_codec codec, const mcu_vslot *ring, int64_t first, int64_t last, mcu_vparams *params,
                              mcu_au **out);

#endif
