/* scale.h - the middle of a picture into a rectangle of another.  Thread: any; one scaler per thread (it holds scratch memory).
 */
#ifndef MIXER_SCALE_H
#define MIXER_SCALE_H

#include "mcu/base/media.h"
#include "mixer/fit.h"

typedef struct {
    mcu_frame *scratch; /* between the two steps of a product of ratios; grows */
    mcu_frame *larger;  /* what mix_scale_middle() takes the middle of; grows */
} mix_scaler;

void mix_scaler_clear(mix_scaler *s);

/* Writes the `cut` of `src`, as planned by fit.h, to the width x height rectangle at (x, y) of `dst`. All even, all inside. False
 * only without memory for scratch: the rectangle is then as it was. */
bool mix_scale(mix_scaler *s, const mcu_frame *src, const mix_cut *cut, mcu_frame *dst, int x_px, int y_px, int width_px,
               int height_px);
/* The middle width x height of `src` as it is. */
void mix_scale_copy(const mcu_frame *src, mcu_frame *dst, int x_px, int y_px, int width_px, int height_px);

/* The same to scaled_width_px x scaled_height_px, of which the middle width x height is shown. */
bool mix_scale_middle(mix_scaler *s, const mcu_frame *src, const mix_cut *cut, int scaled_width_px, int scaled_height_px,
                      mcu_frame *dst, int x_px, int y_px, int width_px, int height_px);

#endif
