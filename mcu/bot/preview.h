/* preview.h - pictures of a layout with made-up people, as the mixer would compose them.  Thread: main. */
#ifndef MCU_BOT_PREVIEW_H
#define MCU_BOT_PREVIEW_H

#include <cairo.h>

#include "mcu/base/layout.h"

typedef struct {
    int width_px, height_px; /* of the picture, even */
    const char *tier;        /* its name, for layouts that ask for it */
    mcu_who view;            /* whose picture it is; NONE = everybody's */
    unsigned people;         /* 0..64: a clinician, a patient, an interpreter, guests */
    unsigned speaker;        /* who speaks, from 0 */
    int signing, content;    /* who signs, who shows a screen beside the camera; -1 = nobody */
    bool bars;               /* the clock with the visit's id and the mark of a recording, and a line of words */
} mcu_preview;

/* The made-up people, drawn once. NULL with error without fonts. */
typedef struct mcu_studio mcu_studio;
mcu_studio *mcu_studio_new(GError **error);
void mcu_studio_free(mcu_studio *s); /* NULL is fine */

/* The caller's; NULL without memory. */
cairo_surface_t *mcu_preview_draw(mcu_studio *studio, const mcu_layout *layout, const mcu_preview *p);

#endif
