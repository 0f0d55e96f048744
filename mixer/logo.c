#include "mixer/logo.h"

#include <cairo.h>
#include <glib.h>
#include <string.h>

#include "mcu/base/png_head.h"
#include "mixer/text.h"

#define WIDTH_PART 6   /* of the picture's width */
#define HEIGHT_PART 10 /* of its height */
#define LEAST_PX 18

typedef struct {
    const uint8_t *at;
    size_t left;
} reader;

static cairo_status_t read_some(void *closure, unsigned char *to, unsigned length)
{
    reader *r = closure;
    if (length > r->left) {
        return CAIRO_STATUS_READ_ERROR;
    }
    memcpy(to, r->at, length);
    r->at += length;
    r->left -= length;
    return CAIRO_STATUS_SUCCESS;
}

int mix_logo_room(int width_px)
{
    return width_px / WIDTH_PART + mix_text_margin(width_px);
}

/* CAIRO_FILTER_BEST takes all pixels into account, however much smaller the result is. */
static mix_overlay *scaled(cairo_surface_t *png, int width_px, int height_px)
{
    int w = cairo_image_surface_get_width(png), h = cairo_image_surface_get_height(png);
    double most_w = (double)width_px / WIDTH_PART, most_h = MAX(height_px / HEIGHT_PART, LEAST_PX);
    double scale = MIN(MIN(most_w / w, most_h / h), 1); /* never enlarged */
    int out_w = ((int)(w * scale) + 1) & ~1, out_h = ((int)(h * scale) + 1) & ~1;
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_ARGB32, MAX(out_w, 2), MAX(out_h, 2));
    cairo_t *c = cairo_create(s);
    cairo_scale(c, scale, scale);
    cairo_set_source_surface(c, png, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(c), CAIRO_FILTER_BEST);
    cairo_paint(c);
    cairo_destroy(c);
    cairo_surface_flush(s);
    mix_overlay *o = cairo_surface_status(s) == CAIRO_STATUS_SUCCESS
                         ? mix_overlay_new(cairo_image_surface_get_data(s), cairo_image_surface_get_stride(s),
                                           cairo_image_surface_get_width(s), cairo_image_surface_get_height(s))
                         : NULL;
    cairo_surface_destroy(s);
    return o;
}

mix_overlay *mix_logo_draw(const char *base64, int width_px, int height_px)
{
    gsize size = 0;
    g_autofree guchar *bytes = g_base64_decode(base64, &size);
    if (!bytes || !mcu_png_is_logo(bytes, size)) {
        return NULL;
    }
    reader r = {bytes, size};
    cairo_surface_t *png = cairo_image_surface_create_from_png_stream(read_some, &r);
    mix_overlay *o = cairo_surface_status(png) == CAIRO_STATUS_SUCCESS ? scaled(png, width_px, height_px) : NULL;
    cairo_surface_destroy(png);
    return o;
}
