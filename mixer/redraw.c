#include "mixer/redraw.h"

#include <string.h>

bool mix_looks_same(const mix_looks *a, const mix_looks *b)
{
    return a->n_tiles == b->n_tiles && a->n_tiles >= 0 &&
           memcmp(a->tiles, b->tiles, (size_t)a->n_tiles * sizeof a->tiles[0]) == 0 &&
           memcmp(a->bars, b->bars, sizeof a->bars) == 0;
}

static bool same_places(const mix_looks *a, const mix_looks *b)
{
    bool same = a->n_tiles == b->n_tiles;
    for (int i = 0; same && i < b->n_tiles; i++) {
        same = mix_tile_same_place(&a->tiles[i], &b->tiles[i]);
    }
    return same;
}

/* Tiles and bars that lie over, or under, what is marked; true = something more was. */
static bool spread(const mix_looks *w, mix_redraw *r)
{
    bool more = false;
    for (int i = 0; i < w->n_tiles; i++) {
        for (int k = 0; k < i && !r->tile[i]; k++) {
            r->tile[i] = r->tile[k] && mix_tile_overlaps(&w->tiles[k], &w->tiles[i]);
            more |= r->tile[i];
        }
    }
    for (int b = 0; b < MIX_BARS; b++) {
        for (int i = 0; w->bars[b].label && i < w->n_tiles; i++) {
            bool over = mix_tile_overlaps(&w->bars[b], &w->tiles[i]);
            more |= over && r->bar[b] != r->tile[i];
            r->bar[b] |= over && r->tile[i];
            r->tile[i] |= over && r->bar[b];
        }
    }
    return more;
}

static void mark_bars(const mix_looks *d, const mix_looks *w, mix_redraw *r)
{
    for (int b = 0; b < MIX_BARS; b++) {
        bool changed = memcmp(&d->bars[b], &w->bars[b], sizeof w->bars[b]) != 0;
        r->bar[b] = w->bars[b].label && (changed || r->all);
        r->gone[b] = d->bars[b].label && changed && !r->all;
        for (int i = 0; r->gone[b] && i < w->n_tiles; i++) {
            r->tile[i] |= mix_tile_overlaps(&d->bars[b], &w->tiles[i]);
        }
        for (int k = 0; r->gone[b] && k < MIX_BARS; k++) {
            r->bar[k] |= w->bars[k].label && mix_tile_overlaps(&d->bars[b], &w->bars[k]);
        }
    }
}

void mix_redraw_plan(const mix_looks *drawn, const mix_looks *wanted, mix_redraw *out)
{
    *out = (mix_redraw){.all = !same_places(drawn, wanted)};
    for (int i = 0; i < wanted->n_tiles; i++) {
        out->tile[i] = out->all || memcmp(&drawn->tiles[i], &wanted->tiles[i], sizeof wanted->tiles[i]) != 0;
    }
    mark_bars(drawn, wanted, out);
    while (spread(wanted, out)) {
    }
}
