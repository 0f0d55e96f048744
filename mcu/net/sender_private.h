/* sender_private.h - what sender.c and sender_repair.c share.  Thread: the peer's loop. */
#ifndef MCU_NET_SENDER_PRIVATE_H
#define MCU_NET_SENDER_PRIVATE_H

#include "mcu/net/sender.h"

#define MCU_SENDER_THIN_BPS 120000   /* a path that carries little */
#define MCU_PLAYOUT_MOST_MS 10000    /* what receivers take by themselves */
#define MCU_SENDER_SOUND_ON_WIRE 1.3 /* of its RTP: packets of 60 ms */

void mcu_sender_leave(mcu_sender *s, mcu_pkt *take_pkt, int64_t now_ns);
void mcu_sender_transmit(const mcu_sender *s, const mcu_pkt *pkt); /* as it is */
bool mcu_sender_silenced(const mcu_sender *s);                     /* no pictures now */

void mcu_sender_fill(mcu_sender *s, int64_t now_ns);        /* what a probe wants */
void mcu_sender_send_copies(mcu_sender *s, int64_t now_ns); /* those that are due */
void mcu_sender_show_a_sign(mcu_sender *s, int64_t now_ns); /* during an outage without sound */
void mcu_sender_make_way(mcu_sender *s);                    /* for a keyframe: what is of no use before it goes, */
void mcu_sender_clear_way(mcu_sender *s);                   /* or all that waits */
void mcu_sender_plan_repair(mcu_sender *s);                 /* each tick */

#endif
