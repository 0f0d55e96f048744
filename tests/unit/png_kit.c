#include "tests/unit/png_kit.h"

#include <glib.h>

static cairo_status_t keep(void *closure, const unsigned char *bytes, unsigned length)
{
    g_byte_array_append(closure, bytes, length);
    return CAIRO_STATUS_SUCCESS;
}

char *png_kit_base64(cairo_surface_t *take_surface)
{
    GByteArray *png = g_byte_array_new();
    cairo_surface_write_to_png_stream(take_surface, keep, png);
    cairo_surface_destroy(take_surface);
    char *base64 = g_base64_encode(png->data, png->len);
    g_byte_array_unref(png);
    return base64;
}
