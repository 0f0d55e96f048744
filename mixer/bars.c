#include "mixer/bars.h"

#include <string.h>

#include "mixer/logo.h"
#include "mixer/text.h"

static void place(mix_tile_look *look, mix_bar bar, const mix_overlay *o, const mix_scene_tier *spec)
{
    int margin = mix_text_margin(spec->height_px), x = margin, y = margin;
    if (bar == MIX_BAR_LOGO) {
        x = spec->width_px - margin - o->width_px;
    } else if (bar == MIX_BAR_LINE) {
        x = (spec->width_px - o->width_px) / 2;
        y = spec->height_px - margin - o->height_px;
    }
    look->x_px = (uint16_t)(MAX(x, 0) & ~1);
    look->y_px = (uint16_t)(MAX(y, 0) & ~1);
    look->width_px = (uint16_t)o->width_px;
    look->height_px = (uint16_t)o->height_px;
}

void mix_bars_look(const mix_scene_tier *spec, mix_tile_look bars[MIX_BARS])
{
    memset(bars, 0, MIX_BARS * sizeof bars[0]);
    for (int b = 0; b < MIX_BARS; b++) {
        const mix_overlay *o = spec->bars[b] ? mix_art_overlay_of(spec->bars[b]) : NULL;
        if (o) {
            bars[b].label = mix_art_serial(spec->bars[b]);
            place(&bars[b], (mix_bar)b, o, spec);
        }
    }
}

int mix_bars_caption_width(int width_px, bool logo)
{
    return logo ? width_px - mix_logo_room(width_px) : width_px;
}
