/* pacer.h - smooths what leaves one transport: audio first, then RTX, then video.  Thread: the peer's loop; pure, stepped with
 * now_ns. Bounded: MCU_PACER_PACKETS packets, and video and RTX may each queue at most MCU_PACER_QUEUE_NS at the present rate.
 * Audio is never held. */
#ifndef MCU_NET_PACER_H
#define MCU_NET_PACER_H

#include "mcu/net/pkt.h"

#define MCU_PACER_PACKETS 512
#define MCU_PACER_MIN_BPS 12000
#define MCU_PACER_QUEUE_NS (INT64_C(500) * 1000 * 1000)

typedef struct mcu_pacer mcu_pacer;
mcu_pacer *mcu_pacer_new(unsigned bps);
void mcu_pacer_free(mcu_pacer *p);                  /* frees what is queued */
void mcu_pacer_set_bps(mcu_pacer *p, unsigned bps); /* of pictures and copies, e.g. 2.5 x tier; at least MCU_PACER_MIN_BPS */

/* Is there room for a picture of so many packets and bytes? Ask once before packing, so that a picture is queued whole or not at
 * all. An empty video queue always has room for one picture up to MCU_PACER_PACKETS packets. */
bool mcu_pacer_admits(const mcu_pacer *p, unsigned packets, size_t bytes);
/* MCU_EFULL: a bound is reached, it was freed. */
mcu_status mcu_pacer_push(mcu_pacer *p, mcu_pkt *take_packet, int64_t now_ns);
/* While it is true only audio leaves. */
void mcu_pacer_hold_video(mcu_pacer *p, bool hold);
/* Next packet that may leave now, NULL = wait. The caller owns it. */
mcu_pkt *mcu_pacer_pop(mcu_pacer *p, int64_t now_ns);
int64_t mcu_pacer_next_ns(const mcu_pacer *p); /* INT64_MAX = empty, or held */
/* Frees queued pictures of which nothing has left yet; returns how many pictures. The next one must be a keyframe. */
unsigned mcu_pacer_drop_video(mcu_pacer *p);
void mcu_pacer_drop_copies(mcu_pacer *p); /* frees queued RTX */
unsigned mcu_pacer_depth(const mcu_pacer *p);
int64_t mcu_pacer_video_delay_ns(const mcu_pacer *p);                /* queued RTX and video at the present rate */
int64_t mcu_pacer_video_age_ns(const mcu_pacer *p, int64_t now_ns);  /* how long the oldest queued video has waited */
int64_t mcu_pacer_copies_age_ns(const mcu_pacer *p, int64_t now_ns); /* the same of RTX */

#endif
