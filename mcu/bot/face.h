/* face.h - the picture of a simulated participant: a talking head before a wall, another colour and face for each.  Thread: any.
 */
#ifndef MCU_BOT_FACE_H
#define MCU_BOT_FACE_H

#include <cairo.h>

/* Draws person `person` at `seconds` over the whole of a width x height surface. */
void mcu_face_draw(cairo_t *cr, int width_px, int height_px, unsigned person, double seconds);

#endif
