/* playout.h - when to send what of a looping clip.  Thread: its owner's; time is a parameter. */
#ifndef MCU_BOT_PLAYOUT_H
#define MCU_BOT_PLAYOUT_H

#include "mcu/bot/clip.h"

typedef struct {
    const mcu_clip *clip; /* borrowed; NULL = nothing to send */
    unsigned next;
    int64_t due_ns;
    int64_t every_ns; /* between packets: the clip's own, unless it was paced */
} mcu_playout;

/* From the first keyframe at or after `first` (round the loop), beginning at `now_ns`. */
void mcu_playout_start(mcu_playout *p, const mcu_clip *clip, unsigned first, int64_t now_ns);
/* Faster or slower than the clip was made for; from the next packet on. */
void mcu_playout_pace(mcu_playout *p, int64_t every_ns);
int64_t mcu_playout_next_ns(const mcu_playout *p); /* INT64_MAX without a clip */
/* The packet that is due with its time_ns set (borrowed), its index in the clip; NULL = not yet. Half a second late: goes on from
 * now. */
mcu_au *mcu_playout_take(mcu_playout *p, int64_t now_ns, unsigned *index);
/* Somebody needs a keyframe: jumps ahead to the clip's next one. */
void mcu_playout_keyframe(mcu_playout *p);

/* Goes on where `leader`, another clip of the same scene, is at: a jump of its is one of both. Neither is paced. */
void mcu_playout_follow(mcu_playout *p, const mcu_playout *leader);

#endif
