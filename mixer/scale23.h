/* scale23.h - one plane to exactly two thirds, by area.  Thread: any.
 * Three rows and columns become two: (2a+b)/3 and (b+2c)/3. */
#ifndef MIXER_SCALE23_H
#define MIXER_SCALE23_H

#include <stdint.h>

#define MIX_SCALE23_MAX_PX 4096

/* Both destination sides are even; the source is 3/2 of each, and at most MIX_SCALE23_MAX_PX wide. */
void mix_scale23(const uint8_t *src, int src_stride, uint8_t *dst, int dst_stride, int dst_width_px, int dst_height_px);
/* The same without vector instructions, for comparison. */
void mix_scale23_plain(const uint8_t *src, int src_stride, uint8_t *dst, int dst_stride, int dst_width_px, int dst_height_px);

#endif
