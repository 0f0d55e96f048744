/* leg_requests.h - what the gateway may ask of a phone call.  Thread: loop. Shapes: mcu/ROOM-PROTOCOL.md. */
#ifndef MCU_ROOM_LEG_REQUESTS_H
#define MCU_ROOM_LEG_REQUESTS_H

#include "mcu/room/room_private.h"

bool mcu_request_leg(mcu_room *r, const json_t *m, GError **error);
bool mcu_request_leg_update(mcu_room *r, const json_t *m, GError **error);
bool mcu_request_keyframe(mcu_room *r, const json_t *m, GError **error); /* a video endpoint asks for one */
bool mcu_request_key(mcu_room *r, const json_t *m, GError **error);
bool mcu_request_say(mcu_room *r, const json_t *m, GError **error);

#endif
