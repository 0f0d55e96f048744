/* vjitter.h - puts video packets of one SSRC in order and hands out whole pictures.  Thread: the peer's loop.
 * Bounded: MCU_VJITTER_PACKETS packets; a picture that stays incomplete for wait_ns is given up, then everything up to the next
 * keyframe is skipped, because it would refer to what is missing. H.264 (packetization-mode 0 and 1) and VP8. */
#ifndef MCU_NET_VJITTER_H
#define MCU_NET_VJITTER_H

#include "mcu/base/media.h"
#include "mcu/net/rtp.h"

#define MCU_VJITTER_PACKETS 1024
#define MCU_VJITTER_WAIT_MIN_NS (200 * MCU_NS_PER_MS)
#define MCU_VJITTER_WAIT_MAX_NS (2000 * MCU_NS_PER_MS) /* a keyframe costs a long line more than that */

typedef struct mcu_vjitter mcu_vjitter;
mcu_vjitter *mcu_vjitter_new(mcu_codec codec); /* H264 or VP8; NULL otherwise */
void mcu_vjitter_free(mcu_vjitter *v);

/* How long a hole may wait for its retransmission: clamped to the bounds above; a good value is 3 RTT + 100 ms. Default: the
 * minimum. */
void mcu_vjitter_set_wait_ns(mcu_vjitter *v, int64_t wait_ns);

/* Adds a packet (media, or restored from RTX; payload_size 0 = padding that only holds its place in the sequence). The payload is
 * copied. MCU_ELATE: duplicate or its picture has gone (normal, RTX makes these). MCU_EINVAL: payload does not parse. MCU_EFULL:
 * the window moved on, what was waiting is given up. */
mcu_status mcu_vjitter_push(mcu_vjitter *v, const mcu_rtp *r, int64_t now_ns);
/* Next complete picture in order, or NULL. The caller owns it. Call until NULL after each push and at next_ns(). `time_ns` is the
 * arrival of its last packet, `ts` the RTP timestamp, width/height only on VP8 keyframes and H.264 pictures with an SPS. An H.264
 * keyframe that came without parameter sets gets the newest ones seen in front. */
mcu_au *mcu_vjitter_pop(mcu_vjitter *v, int64_t now_ns);
int64_t mcu_vjitter_next_ns(const mcu_vjitter *v); /* when a waiting picture will be given up; INT64_MAX = none waits */

/* Packets before `*seq` are of no use any more: handed out, skipped or given up. False = nothing has been yet. */
bool mcu_vjitter_is_past(const mcu_vjitter *v, uint16_t *seq);
/* True from the start or a give-up until a keyframe has been handed out: ask for one. */
bool mcu_vjitter_needs_keyframe(const mcu_vjitter *v);
/* The consumer could not use what it got (decoder error): skip to the next keyframe. */
void mcu_vjitter_reset(mcu_vjitter *v);

typedef struct {
    uint64_t pictures, keyframes; /* handed out */
    uint64_t given_up;            /* pictures or holes that timed out */
    uint64_t skipped;             /* complete pictures dropped while a keyframe was needed */
    uint64_t malformed, duplicates, late;
} mcu_vjitter_stats;
void mcu_vjitter_get_stats(const mcu_vjitter *v, mcu_vjitter_stats *out);

#endif
