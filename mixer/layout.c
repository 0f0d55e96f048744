/* layout.c - see layout.h. */
#include "mixer/layout.h"

#include <glib.h>

#include "mixer/fit.h"

#define NEARLY 0.94
#define MAX_STRETCH 1.03 /* a tile may be this much flatter than its shape; the crop takes it */

typedef struct {
    int width_px, height_px, gutter_px;
    double shape; /* of a tile */
} ground;

typedef struct {
    int columns, rows, width_px, height_px;
} grid;

int mix_layout_gutter(int height_px)
{
    int g = (height_px / 120) & ~1;
    return g < 2 ? 2 : g;
}

static int floor_to(int v, int multiple)
{
    return v / multiple * multiple;
}

/* The tile that fits this many columns and rows. */
static grid measure(const ground *p, int columns, int rows)
{
    int g = p->gutter_px;
    int w = (p->width_px - columns * g) / columns, room_h = (p->height_px - rows * g) / rows;
    int h = (int)(w / p->shape);
    if (h > room_h) {
        h = room_h;
        int widest = (int)(h * p->shape * MAX_STRETCH);
        w = w > widest ? widest : w;
    }
    int across = 2, down = 2;
    mix_ratio_near(w, h, &across, &down);
    return (grid){columns, rows, floor_to(w, across), floor_to(h, down)};
}

static int area(grid g)
{
    return g.width_px * g.height_px;
}

/* The largest tiles; of grids that are nearly as good the widest: people sit side by side. */
static grid choose(const ground *p, unsigned n)
{
    grid grids[MIX_MAX_PEOPLE];
    int most = 0;
    for (int columns = 1; columns <= (int)n; columns++) {
        grid g = measure(p, columns, ((int)n + columns - 1) / columns);
        grids[columns - 1] = g;
        most = g.width_px >= 2 && area(g) > most ? area(g) : most;
    }
    int columns = (int)n;
    while (columns > 1 && area(grids[columns - 1]) < most * NEARLY) {
        columns--;
    }
    return grids[columns - 1];
}

void mix_layout_part(int width_px, int height_px, double shape, int gutter_px, unsigned n, mix_tile tiles[MIX_MAX_PEOPLE])
{
    g_assert(n <= MIX_MAX_PEOPLE);
    if (n == 0) {
        return;
    }
    ground p = {width_px, height_px, gutter_px, shape};
    grid g = choose(&p, n);
    int used_h = g.rows * g.height_px + (g.rows - 1) * gutter_px;
    for (unsigned i = 0; i < n; i++) {
        int row = (int)i / g.columns, column = (int)i % g.columns;
        int in_row = row == g.rows - 1 ? (int)n - row * g.columns : g.columns;
        int used_w = in_row * g.width_px + (in_row - 1) * gutter_px;
        tiles[i] = (mix_tile){.x_px = (((width_px - used_w) / 2) & ~1) + column * (g.width_px + gutter_px),
                              .y_px = (((height_px - used_h) / 2) & ~1) + row * (g.height_px + gutter_px),
                              .width_px = g.width_px,
                              .height_px = g.height_px};
    }
}

void mix_layout(int width_px, int height_px, unsigned n, mix_tile tiles[MIX_MAX_PEOPLE])
{
    if (n == 1) {
        tiles[0] = (mix_tile){.width_px = width_px, .height_px = height_px};
    } else {
        mix_layout_part(width_px, height_px, 16.0 / 9.0, mix_layout_gutter(height_px), n, tiles);
    }
}
