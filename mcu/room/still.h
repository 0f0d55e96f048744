/* still.h - the newest picture of a tier as JPEG, for those who look after a room from outside.  Thread: loop.
 * A tier that nobody watches is composed while somebody asks, and a few seconds longer; at most one picture a second is made. */
#ifndef MCU_ROOM_STILL_H
#define MCU_ROOM_STILL_H

#include "mcu/room/room_private.h"

/* Replies `picture` to `id` when the tier's next picture is there, or `error` "unavailable" after 3 s. */
bool mcu_still_request(mcu_room *r, unsigned tier, const json_t *id, GError **error);
void mcu_still_picture(mcu_room *r, unsigned tier, const mcu_au *au); /* by the mixer */
void mcu_stills_tick(mcu_room *r, int64_t now_ns);
void mcu_stills_clear(mcu_room *r); /* gives the tiers back; before the mixer is freed */

#endif
