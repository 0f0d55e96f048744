/* marker.h - a picture that says who sent it and when: 3 rows of 10 square cells in the middle of the frame, where neither a crop
 * nor a name label reaches.  Thread: any; pure. White, black (levels), 5 bits of person, 16 of frame number, 6 of check, white.
 * Luma only. The same geometry as tests/browser/lib/marker.mjs. */
#ifndef MCU_BOT_MARKER_H
#define MCU_BOT_MARKER_H

#include <stdbool.h>
#include <stdint.h>

#define MCU_MARKER_CELLS 30
#define MCU_MARKER_PEOPLE 32

void mcu_marker_cells(unsigned person, unsigned frame, bool cells[MCU_MARKER_CELLS]);
/* Draws over the luma plane of a 16:9 picture. */
void mcu_marker_draw(uint8_t *luma, int stride, int width_px, int height_px, unsigned person, unsigned frame);

typedef struct {
    const uint8_t *luma;
    int stride, width_px, height_px;
} mcu_luma;

/* Reads the marker of a 16:9 source that is shown, whole or with its edges cropped, in the rectangle. False = not readable. */
bool mcu_marker_read(const mcu_luma *picture, double x, double y, double width, double height, unsigned *person, unsigned *frame);

#endif
