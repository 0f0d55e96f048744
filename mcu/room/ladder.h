/* ladder.h - what a person's picture and sound step down through as a link gets thinner.  Pure; thread: its owner's.
 *
 * Everybody's ladder is the room's tiers, each with the sound, and at its end the sound alone. Who speaks with hands has the
 * opposite one: on the thin tiers the sound goes before the picture does, and the picture never goes, nor stands still. */
#ifndef MCU_ROOM_LADDER_H
#define MCU_ROOM_LADDER_H

#include "mcu/room/tier_choice.h"

#define MCU_SMOOTH_FPS 15 /* a tier of fewer pictures a second has another shape for who speaks with hands */

/* What a thin tier is for them: rate before size. Returns false where the tier is smooth enough as it is. */
bool mcu_ladder_hands(int fps, int bitrate_bps, int *width_px, int *height_px, int *hands_fps, int *hands_bps);

typedef struct {
    unsigned n_tiers;
    unsigned tier[MCU_RUNGS_MAX]; /* of each rung */
    mcu_tier_table table;         /* its "tiers" are the rungs */
} mcu_ladder;

/* `tiers` as the room has them; `hands_bps` of each tier on the wire for who speaks with hands, 0 = as everybody's. */
void mcu_ladder_init(mcu_ladder *l, const mcu_tier_table *tiers, const int *hands_bps, bool hands);
unsigned mcu_ladder_tier(const mcu_ladder *l, unsigned rung); /* n_tiers = sound alone */
unsigned mcu_ladder_rung(const mcu_ladder *l, unsigned tier); /* its first */
bool mcu_ladder_silent(const mcu_ladder *l, unsigned rung);

#endif
