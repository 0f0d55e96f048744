/* viewer.h - decodes the composite that one participant receives and reads the marker of every tile.
 * Thread: new, push and free on the loop; decoding on a strand of `workers`; what was seen comes back through `results`. */
#ifndef MCU_BOT_VIEWER_H
#define MCU_BOT_VIEWER_H

#include "mcu/base/mailbox.h"
#include "mcu/base/media.h"
#include "mcu/base/workers.h"
#include "mcu/bot/scene.h"

typedef struct {
    unsigned tile; /* index in the scene */
    bool readable;
    unsigned person, frame;
} mcu_reading;

/* One decoded (or undecodable) picture; the receiver of the mailbox frees it with mcu_sighting_free(). */
typedef struct {
    unsigned viewer;    /* as given to mcu_viewer_new() */
    int64_t arrival_ns; /* of the picture's first packet */
    int64_t shown_ns;   /* when its turn had come: repaired, in order, as late as its sender asks */
    bool decoded;
    int width_px, height_px;
    mcu_scene *scene; /* NULL = none was known */
    unsigned n_readings;
    mcu_reading readings[MCU_SCENE_MAX_TILES];
} mcu_sighting;
void mcu_sighting_free(void *sighting);

typedef struct mcu_viewer mcu_viewer;
mcu_viewer *mcu_viewer_new(mcu_workers *workers, mcu_mailbox *results, unsigned id);
void mcu_viewer_free(mcu_viewer *v); /* what is queued is still decoded; NULL is fine */
/* Consumes `take_au`; `scene` is borrowed, may be NULL. False = a second of pictures is waiting, dropped. */
bool mcu_viewer_push(mcu_viewer *v, mcu_au *take_au, mcu_scene *scene, int64_t now_ns);

#endif
