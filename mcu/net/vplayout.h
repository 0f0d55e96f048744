/* vplayout.h - hands pictures out at the pace they were taken at, where holes and their repair bring them in bursts: of several
 * that come at once only the newest would be seen; and no sooner than the voice that belongs to them is heard.  Thread: the
 * peer's loop; pure, stepped with now_ns. Embedded struct. On a line that brings them evenly nothing waits. Bounded:
 * MCU_VPLAYOUT_PICTURES, no picture waits longer than MCU_VPLAYOUT_MOST_NS. */
#ifndef MCU_NET_VPLAYOUT_H
#define MCU_NET_VPLAYOUT_H

#include "mcu/base/media.h"

#define MCU_VPLAYOUT_PICTURES 32
#define MCU_VPLAYOUT_MOST_NS (2 * MCU_NS_PER_SEC)

typedef struct {
    mcu_au *waiting[MCU_VPLAYOUT_PICTURES]; /* ring, in order */
    unsigned first, n;
    bool started;
    uint32_t newest_ts;
    int64_t newest_at_ns;             /* it came */
    int64_t taken_ns;                 /* of newest_ts, with an arbitrary zero */
    int64_t least_ns[2], least_at_ns; /* way of the fastest: of the period before and of this one, which began then */
    int64_t voice_ns;                 /* what the voice is held back by beyond what nobody notices */
    bool asked;                       /* their sender has, */
    int64_t asked_ns[2];              /* the least and the most */
    double late_ns;                   /* what most pictures come within, behind the fastest */
} mcu_vplayout;

void mcu_vplayout_init(mcu_vplayout *v);
void mcu_vplayout_clear(mcu_vplayout *v); /* what waits is dropped */
/* A whole picture, in order; its time_ns is when it was. `losing`: packets are missing now and then, so what comes late may have
 * been repaired. Pop until NULL after each. */
void mcu_vplayout_push(mcu_vplayout *v, mcu_au *take_au, bool losing);
/* The next picture that is due, or NULL. The caller owns it. Call until NULL, and each 20 ms. */
mcu_au *mcu_vplayout_pop(mcu_vplayout *v, int64_t now_ns);
/* What pictures are held back by for a voice that waits `voice_ms` to be played, which is what they would lead it by beyond 40
 * ms; and what a voice waits for pictures that are held back for their own sake or as their sender asked: then neither is further
 * from the other than nobody notices. A voice waits for MCU_VPLAYOUT_VOICE_NS at most: people talk to each other. */
#define MCU_VPLAYOUT_VOICE_NS (200 * MCU_NS_PER_MS)
int64_t mcu_vplayout_beside(double voice_ms);
int64_t mcu_vplayout_voice_ns(const mcu_vplayout *v, int64_t now_ns); /* 0 = not at all: also when no pictures come any more */
/* Pictures are held back by so much at least: 0 = by nothing. */
void mcu_vplayout_follow(mcu_vplayout *v, int64_t voice_ns);
/* Their sender knows its line and says within which bounds they are to be held back (playout-delay); `least_ns` above `most_ns`
 * is nothing. */
void mcu_vplayout_ask(mcu_vplayout *v, int64_t least_ns, int64_t most_ns);
int64_t mcu_vplayout_hold_ns(const mcu_vplayout *v); /* behind the fastest; 0 = nothing waits */

#endif
