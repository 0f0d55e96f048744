/* splice.h - one stream of pictures out of encoders that follow the same clock: where it goes over from one canvas to another,
 * each tick is there once and none is missing.  Thread: loop. Time is the media clock of what is handed over. It goes over at the
 * first keyframe of the canvas that is wanted: all before that tick comes from the canvas before, which goes on until then, all
 * from it on from the new one. What cannot be decided yet waits, with the sound that belongs to it, MCU_SPLICE_HOLD_NS at most. A
 * canvas that others watch as well is not asked for a keyframe because of that: its next one serves. */
#ifndef MCU_ROOM_SPLICE_H
#define MCU_ROOM_SPLICE_H

#include "mixer/video.h"

#define MCU_SPLICE_HOLD_NS                                                                                                       \
    (240 * MCU_NS_PER_MS) /* how far encoders may be apart; a keyframe that comes later is one too late                          \
                           */
#define MCU_SPLICE_CHANGE_NS                                                                                                     \
    (500 * MCU_NS_PER_MS) /* after the keyframe nothing of the canvas before is waited for any longer                            \
                           */

typedef struct {
    mix_video *video;                    /* NULL = cleared */
    void (*out)(void *user, mcu_au *au); /* borrowed; pictures and sound; may call mcu_splice_restart(), nothing else */
    void *user;
    unsigned none;                /* canvases are below this */
    unsigned current, wanted;     /* equal when settled */
    unsigned next;                /* wanted after a change that has begun; `none` = no other */
    bool needs_key, fresh_broken; /* of current, of wanted: what follows a picture that was left out cannot be decoded */
    int64_t cut_ns;               /* tick of the keyframe at which it changes; 0 = it has not come */
    int64_t given_ns;             /* of the newest picture that went out */
    int64_t seen_ns, fresh_ns;    /* of the newest of current, of wanted */
    GQueue old, fresh, sound;     /* wait; owned */
    uint64_t changes;
} mcu_splice;

/* `video` is borrowed and must outlive it. Nothing is watched yet. */
void mcu_splice_init(mcu_splice *s, mix_video *video, unsigned n_canvases, void (*out)(void *user, mcu_au *au), void *user);
void mcu_splice_clear(mcu_splice *s); /* what waits goes out, encoders are given back; safe to call twice */

void mcu_splice_want(mcu_splice *s, unsigned canvas); /* again if its encoder could not be started */
/* Every picture of every canvas in H.264; borrowed. Not `allowed`: it may not go out, whatever follows from that. */
void mcu_splice_picture(mcu_splice *s, unsigned canvas, mcu_au *au, bool allowed);
void mcu_splice_sound(mcu_splice *s, mcu_au *au);
/* A keyframe is due: also of the canvas that is waited for. */
void mcu_splice_restart(mcu_splice *s);

#endif
