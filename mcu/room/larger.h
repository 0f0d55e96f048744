/* larger.h - before a picture of somebody is held: its sender is asked for it at full size, and waited for.  Thread: loop.
 * A browser sends what its tile needs; a still is looked at closely. */
#ifndef MCU_ROOM_LARGER_H
#define MCU_ROOM_LARGER_H

#include "mcu/room/room_private.h"

/* Asks: a keyframe, no ceiling that small tiles would set, and the page for what the camera can. `source` is the mixer's. In
 * place of who was asked before; the same one again changes nothing. False = who sends it cannot be asked (a call). */
bool mcu_larger_ask(mcu_room *r, const mcu_seat *seat, bool screen, uint32_t source, int64_t now_ns);
void mcu_larger_end(mcu_room *r); /* nobody is asked any more; without effect when nobody is */
/* Whether the picture is as large as it gets: it grew and had a moment to become sharp, was large before, or it takes too long.
 */
bool mcu_larger_due(mcu_room *r, int64_t now_ns);
unsigned mcu_larger_bps(const mcu_room *r, const mcu_seat *seat); /* what the seat may send at least; 0 = nothing more */

#endif
