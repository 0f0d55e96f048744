/* bwe_loss.h - loss as the remote tells it, and whose fault it is.  Thread: the peer's loop; pure. Embedded struct.
 * Random loss (radio, a bad cable) does not care what we send: it is no reason to send less, up to B / (loss - 5 %) with B = 100
 * kbit/s, the bound of libwebrtc's loss-based estimator. A policer drops what exceeds its rate: then the lost packets are those
 * that came right behind many others, or that were large. Suspected so, sending less must help, or it was not one. A policer has
 * no queue: what is lost while one stands says nothing of it. */
#ifndef MCU_NET_BWE_LOSS_H
#define MCU_NET_BWE_LOSS_H

#include <stdbool.h>
#include <stdint.h>

#define MCU_BWE_LOSS_STEPS 8 /* of 250 ms */

typedef struct {
    double n, sum, squares;
} mcu_bwe_class;

typedef enum { MCU_BWE_POLICER_NONE = 0, MCU_BWE_POLICER_TRIED, MCU_BWE_POLICER_HELD } mcu_bwe_policer;

typedef struct {
    struct {
        unsigned lost, received;
    } steps[MCU_BWE_LOSS_STEPS];
    int64_t step;
    mcu_bwe_class lost, received;           /* fading; by burst */
    mcu_bwe_class lost_size, received_size; /* by size */
    bool in_run;                            /* of lost ones */
    double slow, acked_bps;                 /* loss and what came in, over some seconds */
    mcu_bwe_policer policer;
    unsigned policed_bps; /* what it lets through */
    double tried_loss;    /* when it was suspected */
    bool settled;         /* and what it lets through was looked at once more */
    int64_t since_ns;     /* of the state */
    int64_t doubt_ns;     /* no new suspicion before */
    int64_t hold_ns;      /* how long it is obeyed before more is tried */
    int64_t queued_ns;    /* when a queue stood last; 0 = never */
} mcu_bwe_loss;

void mcu_bwe_loss_init(mcu_bwe_loss *l);
/* One packet's fate; `burst` = bytes sent within 100 ms up to and with it. */
void mcu_bwe_loss_add(mcu_bwe_loss *l, bool received, unsigned size, unsigned burst, int64_t now_ns);
/* A packet that had been given up came after all. */
void mcu_bwe_loss_undo(mcu_bwe_loss *l);
/* After each feedback. `flat`: no queue, so loss is not that of a full one. `acked_bps`: what came in. */
void mcu_bwe_loss_judge(mcu_bwe_loss *l, bool flat, unsigned acked_bps, int64_t now_ns);
double mcu_bwe_loss_fraction(const mcu_bwe_loss *l, int64_t now_ns); /* of the last 2 s; < 0 = nothing was told */
/* A queue stands, or stood while some of that was lost: it was full, whatever else takes packets on the way. */
bool mcu_bwe_loss_queued(const mcu_bwe_loss *l, int64_t now_ns);
double mcu_bwe_loss_random(const mcu_bwe_loss *l, int64_t now_ns); /* the part that sending less would not cure */
unsigned mcu_bwe_loss_cap_bps(const mcu_bwe_loss *l);              /* UINT32_MAX = none */

#endif
