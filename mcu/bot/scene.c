#include "mcu/bot/scene.h"

#include <glib.h>
#include <stdbool.h>

static bool read_tile(json_t *t, mcu_scene_tile *out)
{
    const char *seat = NULL;
    if (json_unpack(t, "{s:s, s:F, s:F, s:F, s:F}", "seat", &seat, "x", &out->x, "y", &out->y, "w", &out->width, "h",
                    &out->height) != 0) {
        return false;
    }
    g_strlcpy(out->seat, seat, sizeof(out->seat));
    return true;
}

mcu_scene *mcu_scene_new(const json_t *layout)
{
    const json_t *tiles = json_object_get(layout, "tiles");
    const char *tier = json_string_value(json_object_get(layout, "tier"));
    mcu_scene *s = g_new0(mcu_scene, 1);
    atomic_init(&s->refs, 1);
    s->width = json_number_value(json_object_get(layout, "width"));
    s->height = json_number_value(json_object_get(layout, "height"));
    g_strlcpy(s->tier, tier != NULL ? tier : "", sizeof(s->tier));
    for (size_t i = 0; i < json_array_size(tiles) && s->n_tiles < MCU_SCENE_MAX_TILES; i++) {
        if (read_tile(json_array_get(tiles, i), &s->tiles[s->n_tiles])) {
            s->n_tiles++;
        }
    }
    if (s->width <= 0 || s->height <= 0) {
        g_free(s);
        return NULL;
    }
    return s;
}

mcu_scene *mcu_scene_ref(mcu_scene *s)
{
    if (s != NULL) {
        atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    }
    return s;
}

void mcu_scene_unref(mcu_scene *s)
{
    if (s != NULL && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) {
        g_free(s);
    }
}
