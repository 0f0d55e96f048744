/* view.h - what one receiver watches: holds its use of a tier's encoder and switches tiers at keyframes.  Thread: loop. */
#ifndef MCU_ROOM_VIEW_H
#define MCU_ROOM_VIEW_H

#include "mixer/video.h"

typedef struct {
    mix_video *video;
    mcu_codec codec;
    unsigned n_tiers, n_moving; /* so many of the first are one ladder of pictures that move, the largest first */
    unsigned current;           /* tier whose pictures are passed on; n_tiers = none */
    unsigned wanted;            /* tier that takes over at its next keyframe; = current when settled */
    bool needs_keyframe;        /* nothing of `current` may pass before one */
    bool lost;                  /* the receiver asked for one; until then all goes on */
    bool entered;               /* watches what was made for who entered, until everybody's next keyframe */
    bool shared;                /* takes everybody's pictures alone: a recording */
} mcu_view;

/* codec NONE makes a view that never shows anything. `video` is borrowed and must outlive the view. */
void mcu_view_init(mcu_view *v, mix_video *video, mcu_codec codec, unsigned n_tiers, unsigned n_moving);
void mcu_view_clear(mcu_view *v); /* gives the encoders back; safe to call twice */
/* n_tiers = no picture. The old tier goes on until the new one's keyframe is there; downwards and upwards alike. True: it begins
 * to wait for one; show what is kept, or call mcu_view_remind(). */
bool mcu_view_want(mcu_view *v, unsigned tier);
/* What can be shown at once of a tier that is still to come, as mix_video_bank(): pass them all, now. 0 = wait for a keyframe;
 * also when they weigh more than `most_bytes`. */
unsigned mcu_view_cached(const mcu_view *v, size_t most_bytes, mcu_au *const **pictures);
/* Whether this picture goes to the receiver now. */
bool mcu_view_pass(mcu_view *v, unsigned tier, const mcu_au *au);
/* Once a second: a switch whose keyframe was lost on its way asks for another. */
void mcu_view_remind(mcu_view *v);
/* The receiver could not take a picture, or asks for a keyframe. */
void mcu_view_restart(mcu_view *v);

#endif
