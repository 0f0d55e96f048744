/* pkt.h - one outgoing RTP packet in plain text, queued by the pacer, kept for RTX.  Thread: the peer's loop. One owner at a
 * time. It has its header for itself; bytes of a picture are shared with the packets of everybody who is sent that picture, and
 * are put behind the header when it leaves. Sequence number, TWCC and abs-send-time are written at pacer exit. */
#ifndef MCU_NET_PKT_H
#define MCU_NET_PKT_H

#include "mcu/base/media.h"
#include "mcu/net/payload.h"
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
    bool first, last;           /* video: first, last packet of a picture */
    bool keyframe;              /* video: of a keyframe */
    uint32_t picture;           /* video: counts pictures, so that they are dropped whole */
    uint16_t size;              /* of the whole packet */
    uint16_t own_size;          /* of it, in data[] */
    uint16_t header_size;       /* of that, before the payload */
    uint16_t osn;               /* RTX: the number of the packet inside */
    int64_t media_ns;           /* video: time_ns of the picture */
    int64_t queued_ns;          /* set by mcu_pacer_push() */
    int64_t sent_ns;            /* set by mcu_rtx_history_put() */
    struct mcu_pkt *next;       /* belongs to the queue it is in */
    mcu_au *au;                 /* NULL = all of it is in data[] */
    const mcu_payload *payload; /* in a cut of `au` */
    uint8_t data[];
} mcu_pkt;

/* A packet of its own: the payload is copied. */
mcu_pkt *mcu_pkt_new(mcu_pkt_kind kind, const mcu_rtp *r);
/* The header is of `r`; the payload is one of a cut of `au`, which is held. Either: NULL = it would pass
 * MCU_RTP_MAX, or its extension is not made of whole words. */
mcu_pkt *mcu_pkt_new_shared(mcu_pkt_kind kind, const mcu_rtp *r, mcu_au *au, const mcu_payload *payload);
/* The same header and payload, with `size` bytes between them. NULL = it would pass MCU_RTP_MAX. */
mcu_pkt *mcu_pkt_new_around(mcu_pkt_kind kind, const mcu_pkt *original, const void *between, size_t size);
void mcu_pkt_free(mcu_pkt *p); /* NULL is fine */

size_t mcu_pkt_write(const mcu_pkt *p, uint8_t out[MCU_RTP_MAX]); /* all of it; returns p->size */
size_t mcu_pkt_payload_size(const mcu_pkt *p);                    /* 0 = padding alone */

#endif
