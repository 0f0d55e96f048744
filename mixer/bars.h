/* bars.h - what lies over a whole canvas: the caption in the upper left corner, the logo in the upper right one, a line of words
 * below.  Thread: any; pure. */
#ifndef MIXER_BARS_H
#define MIXER_BARS_H

#include "mixer/draw_tile.h"

/* Where they are; without a picture, or before it is drawn, zero. */
void mix_bars_look(const mix_scene_tier *spec, mix_tile_look bars[MIX_BARS]);
/* How wide a caption may be beside a logo. */
int mix_bars_caption_width(int width_px, bool logo);

#endif
