/* nack.h - which packets of one SSRC to ask for again.  Thread: the peer's loop.  Source: RFC 4585 6.2.1.
 * Storm-safe: at most MCU_NACK_MAX numbers outstanding, each asked at most MCU_NACK_TRIES times, at least one RTT apart (half of
 * one where much is lost), and not where the answer would come later than it is of use. */
#ifndef MCU_NET_NACK_H
#define MCU_NET_NACK_H

#include "mcu/net/rtp.h"

#define MCU_NACK_MAX 256
#define MCU_NACK_TRIES 10 /* twice as many where much is lost */
#define MCU_NACK_TICK_NS (INT64_C(20) * 1000 * 1000)
#define MCU_NACK_PICTURE_NS (INT64_C(2000) * 1000 * 1000) /* after that a keyframe is better */

typedef struct mcu_nack mcu_nack;
/* `give_up_ns`: so long after it was found missing nobody waits for a packet any more. `vain_ns`: nor is one asked for whose
 * answer would take longer than that; INT64_MAX: it may be late. */
mcu_nack *mcu_nack_new(int64_t give_up_ns, int64_t vain_ns);
void mcu_nack_free(mcu_nack *n);

/* Note an arrival; `restored` = it came by RTX (it fills a hole but never opens one). */
void mcu_nack_push(mcu_nack *n, uint16_t seq, bool restored, int64_t now_ns);
/* Numbers to ask for now, oldest first; returns how many. `rtt_ns` <= 0 = unknown. Gives at most `max` (a NACK packet of 64
 * numbers is a good size). */
unsigned mcu_nack_due(mcu_nack *n, int64_t rtt_ns, int64_t now_ns, uint16_t *out, unsigned max);
/* True once after numbers were given up or there were too many holes: repair will not help, ask for a keyframe. */
bool mcu_nack_take_gave_up(mcu_nack *n);
/* A keyframe that starts at `seq` came: nothing before it is wanted any more. */
void mcu_nack_forget_before(mcu_nack *n, uint16_t seq);
void mcu_nack_reset(mcu_nack *n);
/* So much is lost that requests and answers are lost too: packets are asked for twice in a round trip. */
bool mcu_nack_is_lossy(const mcu_nack *n);
/* It is missing and was asked for long enough ago: should it come now, it is an answer and not a late packet. */
bool mcu_nack_is_answer(const mcu_nack *n, uint16_t seq, int64_t now_ns);
bool mcu_nack_is_losing(const mcu_nack *n); /* a packet in a hundred or more, lately */
unsigned mcu_nack_outstanding(const mcu_nack *n);

#endif
