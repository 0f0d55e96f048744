/* layout.h - how many people, how large a picture -> where each tile is.  Thread: any; pure.
 * A grid of 16:9 tiles of one size with even coordinates, filled row by row, the last row in the middle. Sides are such that a
 * 640x360 source is scaled by an exact cheap ratio (fit.h); gutters take what is left. */
#ifndef MIXER_LAYOUT_H
#define MIXER_LAYOUT_H

#include "mixer/video.h"

/* Writes `n` rectangles (person = 0), n <= MIX_MAX_PEOPLE. A single tile is the whole picture. */
void mix_layout(int width_px, int height_px, unsigned n, mix_tile tiles[MIX_MAX_PEOPLE]);

/* The same for a part of a picture, with tiles of `shape` (width to height), all of them, also a single one. `gutter_px` is even.
 */
void mix_layout_part(int width_px, int height_px, double shape, int gutter_px, unsigned n, mix_tile tiles[MIX_MAX_PEOPLE]);

/* Between two tiles, also used for what is drawn around a talking person. */
int mix_layout_gutter(int height_px);

#endif
