/* scene.h - where everybody is in the picture, as the last `layout` message said.  Thread: any; immutable, refcounted. */
#ifndef MCU_BOT_SCENE_H
#define MCU_BOT_SCENE_H

#include <jansson.h>
#include <stdatomic.h>

#define MCU_SCENE_MAX_TILES 64
#define MCU_SEAT_MAX 33

typedef struct {
    char seat[MCU_SEAT_MAX];
    double x, y, width, height; /* in units of the scene's width and height */
} mcu_scene_tile;

typedef struct {
    atomic_int refs;
    char tier[16];
    double width, height;
    unsigned n_tiles;
    mcu_scene_tile tiles[MCU_SCENE_MAX_TILES];
} mcu_scene;

mcu_scene *mcu_scene_new(const json_t *layout); /* NULL = malformed */
mcu_scene *mcu_scene_ref(mcu_scene *s);         /* NULL is fine */
void mcu_scene_unref(mcu_scene *s);             /* NULL is fine */

#endif
