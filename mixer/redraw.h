/* redraw.h - what of a canvas has to be drawn again, from what it shows and what it is to show.  Thread: any; pure.
 * Tiles cover each other in their order, bars lie over all tiles and are partly transparent: what lies below a bar that is drawn
 * again is drawn again as well. */
#ifndef MIXER_REDRAW_H
#define MIXER_REDRAW_H

#include "mixer/draw_tile.h"

/* Equal memory is equal pixels. */
typedef struct {
    int n_tiles; /* -1 = nothing is there */
    mix_tile_look tiles[MIX_MAX_PEOPLE];
    mix_tile_look bars[MIX_BARS]; /* `label` is the serial, 0 = none */
} mix_looks;

bool mix_looks_same(const mix_looks *a, const mix_looks *b);

typedef struct {
    bool all;                  /* the ground first, then everything */
    bool tile[MIX_MAX_PEOPLE]; /* of what is to be shown */
    bool bar[MIX_BARS];        /* the ground below it first */
    bool gone[MIX_BARS];       /* the ground where it was before */
} mix_redraw;

void mix_redraw_plan(const mix_looks *drawn, const mix_looks *wanted, mix_redraw *out);

#endif
