/* move.h - tiles on their way: what a canvas shows while one arrangement becomes the next.  Thread: the video clock.
 * Who was there slides and grows from where he was seen to his new place, over what rests; who has left stays below until he is
 * covered; who is new is there at once. Nothing is done where nothing moves, and a tier of few pictures changes at once. */
#ifndef MIXER_MOVE_H
#define MIXER_MOVE_H

#include "mixer/draw_tile.h"

#define MIX_MOVE_NS (240 * MCU_NS_PER_MS)
#define MIX_MOVE_FPS 20 /* with fewer it would be seen as jumps */

typedef struct {
    int64_t start_ns; /* 0 = nothing moves */
    unsigned n;
    mix_tile from[MIX_MAX_PEOPLE]; /* where each was seen */
} mix_move;

/* A tile to be drawn, of the scene that knows it. */
typedef struct {
    const mix_scene *scene;
    unsigned tile;
} mix_shot;

/* `next` takes the place of `before` on a tier whose canvas shows `seen`. Goes on with what moves already where the places are
 * the same. True = a move begins, for which `before` is to be kept. */
bool mix_move_begin(mix_move *m, const mix_scene *before, const mix_scene *next, unsigned tier, const mix_tile_look *seen,
                    unsigned n_seen, int64_t start_ns);
bool mix_move_lasts(const mix_move *m, int64_t now_ns);

/* What the tier shows now, in the order in which it is drawn; returns how many, at most MIX_MAX_PEOPLE. `before` is not used
 * where nothing moves. `undrawn` as in mix_tile_look_at(). */
unsigned mix_move_looks(const mix_move *m, const mix_scene *before, const mix_scene *s, unsigned tier, int64_t now_ns,
                        mix_shot shots[MIX_MAX_PEOPLE], mix_tile_look looks[MIX_MAX_PEOPLE], bool *undrawn);

#endif
