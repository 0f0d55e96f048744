/* coarse.h - a drawn bitmap as text, coarse enough to survive a change of hinting: one letter for each eight by four pixels. */
#ifndef TESTS_UNIT_COARSE_H
#define TESTS_UNIT_COARSE_H

#include <glib.h>

#include "mixer/overlay.h"

static inline void append_coarse(GString *s, const mix_overlay *o)
{
    for (int y = 0; y + 4 <= o->height_px; y += 4) {
        for (int x = 0; x + 8 <= o->width_px; x += 8) {
            int bright = 0;
            for (int i = 0; i < 32; i++) {
                int at = (y + i / 8) * o->width_px + x + i % 8;
                bright += o->y[at] > 128 && o->a[at] > 128;
            }
            g_string_append_c(s, ".:+#"[bright == 0 ? 0 : bright < 6 ? 1 : bright < 14 ? 2 : 3]);
        }
        g_string_append_c(s, '\n');
    }
}

#endif
