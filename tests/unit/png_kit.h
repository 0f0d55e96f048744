/* png_kit.h - a drawn picture as configurations hold it.  Thread: the test's. */
#ifndef TESTS_UNIT_PNG_KIT_H
#define TESTS_UNIT_PNG_KIT_H

#include <cairo.h>

/* The surface as PNG in base64; it is destroyed. g_free() the text. */
char *png_kit_base64(cairo_surface_t *take_surface);

#endif
