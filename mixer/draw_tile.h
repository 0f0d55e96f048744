/* draw_tile.h - one tile of a canvas: what it should look like now, and drawing that.  Thread: the video clock. */
#ifndef MIXER_DRAW_TILE_H
#define MIXER_DRAW_TILE_H

#include "mixer/scale.h"
#include "mixer/scene.h"

typedef enum { MIX_SHOWS_NONE = 0, MIX_SHOWS_PICTURE, MIX_SHOWS_DIM, MIX_SHOWS_PLACEHOLDER, MIX_SHOWS_GROUND } mix_shows;

/* Equal looks (memcmp) are equal pixels: made from zero, no pointers, serials are never used twice. */
typedef struct {
    uint64_t label, placeholder; /* art serials, 0 = none or not drawn yet */
    uint32_t person;
    uint32_t picture; /* serial of the source's picture */
    uint16_t shows;   /* mix_shows */
    uint8_t talking, fit;
    uint16_t x_px, y_px, width_px, height_px;
    uint32_t zero; /* no padding, whose bytes a copy need not keep */
} mix_tile_look;
_Static_assert(sizeof(mix_tile_look) == 40, "every byte of a look has a name");

/* Of the `i`th tile, after mix_source_look() of every source of the scene. Sets `*undrawn` when a label or placeholder that it
 * should show is still being drawn. */
mix_tile_look mix_tile_look_at(const mix_scene *s, unsigned tier, unsigned i, int64_t now_ns, bool *undrawn);
/* At the place that the look says, which may be another than the scene's while it moves. */
void mix_tile_draw(mix_scaler *scaler, const mix_scene *s, unsigned tier, unsigned i, const mix_tile_look *look,
                   mcu_frame *canvas);
bool mix_tile_same_place(const mix_tile_look *a, const mix_tile_look *b);
bool mix_tile_overlaps(const mix_tile_look *a, const mix_tile_look *b);

#endif
