#include "mcu/room/ladder.h"

bool mcu_ladder_hands(int fps, int bitrate_bps, int *width_px, int *height_px, int *hands_fps, int *hands_bps)
{
    if (fps >= MCU_SMOOTH_FPS) {
        return false;
    }
    bool thick = bitrate_bps >= 50000;
    *width_px = thick ? 320 : 176;
    *height_px = thick ? 180 : 144;
    *hands_fps = thick ? 15 : 13; /* twelve, and one that comes late */
    *hands_bps = thick ? 50000 : 30000;
    return true;
}

static void add(mcu_ladder *l, unsigned tier, int wire_bps, bool silent, bool still)
{
    unsigned rung = l->table.n_tiers++;
    l->tier[rung] = tier;
    l->table.wire_bps[rung] = wire_bps;
    l->table.silent[rung] = silent;
    l->table.still[rung] = still;
}

void mcu_ladder_init(mcu_ladder *l, const mcu_tier_table *tiers, const int *hands_bps, bool hands)
{
    *l = (mcu_ladder){.n_tiers = tiers->n_tiers, .table = {.audio_bps = tiers->audio_bps, .pictures_last = hands}};
    for (unsigned i = 0; i < (hands ? mcu_tiers_moving(tiers) : tiers->n_tiers); i++) {
        bool thin = hands && hands_bps[i] != 0;
        int wire_bps = thin ? hands_bps[i] : tiers->wire_bps[i];
        add(l, i, wire_bps, false, tiers->still[i]);
        if (thin) {
            add(l, i, wire_bps, true, false);
        }
    }
}

unsigned mcu_ladder_tier(const mcu_ladder *l, unsigned rung)
{
    return rung < l->table.n_tiers ? l->tier[rung] : l->n_tiers;
}

unsigned mcu_ladder_rung(const mcu_ladder *l, unsigned tier)
{
    unsigned rung = 0;
    while (rung < l->table.n_tiers && l->tier[rung] < tier) {
        rung++;
    }
    return rung;
}

bool mcu_ladder_silent(const mcu_ladder *l, unsigned rung)
{
    return rung < l->table.n_tiers && l->table.silent[rung];
}
