/* freeze.h - one still of a person's camera or screen, held at its full size beside what goes on: content of the picture until it
 * is released, another takes its place, or its owner leaves.  Thread: loop. */
#ifndef MCU_ROOM_FREEZE_H
#define MCU_ROOM_FREEZE_H

#include <jansson.h>

#include "mcu/room/room_private.h"

/* A `freeze` message; false: BAD_REQUEST, NOT_FOUND (no such picture is shown now) or UNAVAILABLE, and nothing has changed. */
bool mcu_request_freeze(mcu_room *r, const json_t *m, GError **error);
/* Every 100 ms: holds what was asked for as soon as it is as large as it gets. */
void mcu_freeze_tick(mcu_room *r, int64_t now_ns);
/* The mixer has the still: it is shown from now on, and the one before is let go. False = that is no still. */
bool mcu_freeze_live(mcu_room *r, uint32_t number);

/* The still that is shown, for the people in the picture; false = none. Lets go what was of somebody who has left. */
bool mcu_freeze_person(mcu_room *r, mix_person *out);
mcu_seat *mcu_freeze_owner(const mcu_room *r, uint32_t number); /* NULL = that is no still that is shown */
/* "camera", "screen"; NULL = no still of this seat is shown. */
const char *mcu_freeze_of(const mcu_room *r, const mcu_seat *seat);

#endif
