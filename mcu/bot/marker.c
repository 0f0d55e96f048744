#include "mcu/bot/marker.h"

#include <stddef.h>

enum { COLUMNS = 10, ROWS = 3 };
#define CELL 0.06 /* of the frame's width */

static unsigned check_of(const bool *cells)
{
    unsigned c = 0x2a;
    for (int i = 2; i < 23; i++) {
        c = ((c << 1) ^ (cells[i] ? 0x19u : 0u) ^ ((c & 0x20) != 0 ? 0x43u : 0u)) & 63u;
    }
    return c;
}

static void put(bool *cells, int from, int width, unsigned value)
{
    for (int i = 0; i < width; i++) {
        cells[from + i] = ((value >> (width - 1 - i)) & 1u) != 0;
    }
}

static unsigned get(const bool *cells, int from, int width)
{
    unsigned value = 0;
    for (int i = 0; i < width; i++) {
        value = value * 2 + (cells[from + i] ? 1 : 0);
    }
    return value;
}

void mcu_marker_cells(unsigned person, unsigned frame, bool cells[MCU_MARKER_CELLS])
{
    cells[0] = true;
    cells[1] = false;
    put(cells, 2, 5, person);
    put(cells, 7, 16, frame);
    put(cells, 23, 6, check_of(cells));
    cells[29] = true;
}

void mcu_marker_draw(uint8_t *luma, int stride, int width_px, int height_px, unsigned person, unsigned frame)
{
    bool cells[MCU_MARKER_CELLS];
    mcu_marker_cells(person, frame, cells);
    const int cell = (int)(CELL * width_px + 0.5);
    const int x0 = width_px / 2 - COLUMNS * cell / 2;
    const int y0 = height_px / 2 - ROWS * cell / 2;
    for (int y = 0; y < ROWS * cell; y++) {
        for (int x = 0; x < COLUMNS * cell; x++) {
            luma[(ptrdiff_t)(y0 + y) * stride + x0 + x] = cells[y / cell * COLUMNS + x / cell] ? 235 : 16;
        }
    }
}

static int luma_at(const mcu_luma *p, double x, double y)
{
    int ix = (int)(x + 0.5);
    int iy = (int)(y + 0.5);
    ix = ix < 0 ? 0 : ix >= p->width_px ? p->width_px - 1 : ix;
    iy = iy < 0 ? 0 : iy >= p->height_px ? p->height_px - 1 : iy;
    return p->luma[(ptrdiff_t)iy * p->stride + ix];
}

/* Five points of a cell, clear of its edges. */
static int cell_at(const mcu_luma *p, double cx, double cy, double cell)
{
    const double d = cell / 6;
    return (luma_at(p, cx, cy) + luma_at(p, cx - d, cy - d) + luma_at(p, cx + d, cy - d) + luma_at(p, cx - d, cy + d) +
            luma_at(p, cx + d, cy + d)) /
           5;
}

static bool read_at_width(const mcu_luma *p, double mid_x, double mid_y, double width, bool cells[MCU_MARKER_CELLS])
{
    const double cell = CELL * width;
    int level[MCU_MARKER_CELLS];
    for (int i = 0; i < MCU_MARKER_CELLS; i++) {
        const int column = i % COLUMNS;
        const int row = i / COLUMNS;
        level[i] = cell_at(p, mid_x + (column + 0.5 - COLUMNS / 2.0) * cell, mid_y + (row + 0.5 - ROWS / 2.0) * cell, cell);
    }
    if (level[0] - level[1] < 60) {
        return false;
    }
    for (int i = 0; i < MCU_MARKER_CELLS; i++) {
        cells[i] = level[i] > (level[0] + level[1]) / 2;
    }
    return cells[0] && !cells[1] && cells[29] && check_of(cells) == get(cells, 23, 6);
}

bool mcu_marker_read(const mcu_luma *picture, double x, double y, double width, double height, unsigned *person, unsigned *frame)
{
    /* how wide the whole source would be drawn: fitted, or enlarged by a crop; sampling forgives +-6 % */
    static const double scales[] = {1.0, 1.06, 1.12, 0.94, 1.2, 0.875, 0.75};
    bool cells[MCU_MARKER_CELLS];
    const double fitted = width < height * 16 / 9 ? width : height * 16 / 9;
    if (fitted < 40) {
        return false;
    }
    for (unsigned i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
        if (read_at_width(picture, x + width / 2 - 0.5, y + height / 2 - 0.5, fitted * scales[i], cells)) {
            *person = get(cells, 2, 5);
            *frame = get(cells, 7, 16);
            return true;
        }
    }
    return false;
}
