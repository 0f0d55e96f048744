/* pkt.h - one outgoing RTP packet in plain text: made by a packetiser, queued by the pacer, kept for RTX.  Thread: the peer's
 * loop. One owner at a time. Sequence number, TWCC and abs-send-time are written at pacer exit; protect a copy, the plain text
 * goes into the history. */
#ifndef MCU_NET_PKT_H
#define MCU_NET_PKT_H

#include "mcu/net/rtp.h"

typedef enum {
    MCU_PKT_NONE = 0,
    MCU_PKT_AUDIO,
    MCU_PKT_RTX,
    MCU_PKT_VIDEO,
    MCU_PKT_KINDS,
} mcu_pkt_kind;

typedef struct mcu_pkt {
    mcu_pkt_kind kind;
    bool first, last; /* video: first, last packet of a picture */
    bool keyframe;    /* video: of a keyframe */
    uint32_t picture; /* video: counts pictures, so that they are dropped whole */
    uint16_t size;
    uint16_t osn;         /* RTX: the number of the packet inside */
    int64_t media_ns;     /* video: time_ns of the picture */
    int64_t queued_ns;    /* set by mcu_pacer_push() */
    int64_t sent_ns;      /* set by mcu_rtx_history_put() */
    struct mcu_pkt *next; /* belongs to the queue it is in */
    uint8_t data[MCU_RTP_MAX];
} mcu_pkt;

mcu_pkt *mcu_pkt_new(mcu_pkt_kind kind);
void mcu_pkt_free(mcu_pkt *p); /* NULL is fine */

#endif
