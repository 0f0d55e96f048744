/* fit.h - pure arithmetic: how a picture sits in a tile, and by which cheap steps a source becomes its tiles.  Thread: any.
 * Tiles show the middle of the source, or what is a little above it. libyuv is fast at exactly 3/4, 1/2, 3/8 and 1/4, scale23.h
 * at 2/3: a tile whose scale is close to one of these (or a product of two) is cropped by a few pixels so that it is exact. What
 * is scaled may be a few pixels larger than what is shown, so that its sides divide and smaller tiles can be made of it. */
#ifndef MIXER_FIT_H
#define MIXER_FIT_H

#include <stdbool.h>

#include "mcu/base/layout.h"
#include "mixer/video.h"

typedef struct {
    int num, den; /* tile pixels per source pixel; 0/1 = no exact ratio */
} mix_ratio;

typedef struct {
    int x_px, y_px, width_px, height_px; /* the picture inside its tile; the rest of the tile is background */
    int crop_width_px, crop_height_px;   /* middle part of the source that it shows, even; about, if sides do not divide */
    int raise_px;                        /* what is shown lies this much above the middle, even */
    mix_ratio ratio;
} mix_fit;

mix_fit mix_fit_tile(int source_width_px, int source_height_px, int tile_width_px, int tile_height_px, mcu_fit how);

/* The ratio of 640x360 that a tile of about this size should have, 0/1 if none is near, and the multiples its sides should have.
 */
mix_ratio mix_ratio_near(int tile_width_px, int tile_height_px, int *width_multiple_px, int *height_multiple_px);

typedef struct {
    int width_px, height_px; /* 0 = this tier is not live */
    bool every_tick;         /* the tier runs at the clock's own rate */
    mcu_fit fit;
} mix_want;

/* The middle of one picture, or what lies a little above it, becomes all of another. */
typedef struct {
    int crop_width_px, crop_height_px;
    mix_ratio ratio; /* 0/1 = any scale */
    int raise_px;    /* above the middle, even */
} mix_cut;

/* Where the picture of one tier comes from. */
typedef struct {
    mix_fit fit;
    int width_px, height_px; /* what is scaled: the tile shows its middle; 0 = this tier is not live */
    mix_cut whole;           /* of the source */
    int parent;              /* the larger tier whose ready picture it is better scaled from, -1 = none */
    mix_cut step;            /* of the parent */
    bool ready;              /* made on arrival, on the source's strand, while the source is in the cache */
} mix_step;

void mix_plan(int source_width_px, int source_height_px, const mix_want want[MIX_MAX_TIERS], mix_step out[MIX_MAX_TIERS]);

#endif
