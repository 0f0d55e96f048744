/* shapes.h - what is drawn beside letters, with cairo: round corners, and the icons of mixer/text.h in squares.  Thread: any. */
#ifndef MIXER_SHAPES_H
#define MIXER_SHAPES_H

#include <cairo.h>

#define MIX_ICON_STEP 1.2 /* sides from one icon to the next */

void mix_shape_rounded(cairo_t *c, double x, double y, double w, double h, double r); /* a path */
void mix_shape_phone(cairo_t *c, double x, double y, double side);                    /* a handset, in the present colour */

unsigned mix_icons_count(unsigned icons);
unsigned mix_icons_that_fit(unsigned icons, unsigned most); /* the first ones in their order */
/* In a row, each in its colour. Returns where the next thing begins. */
double mix_icons_draw(cairo_t *c, unsigned icons, double x, double y, double side);

#endif
