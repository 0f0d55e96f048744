/* requests.h - what the gateway may ask of a room: one small function a message type.  Thread: loop. */
#ifndef MCU_ROOM_REQUESTS_H
#define MCU_ROOM_REQUESTS_H

#include "mcu/room/room.h"

#include <stdbool.h>

bool mcu_valid_id(const char *id); /* 1..MCU_ID_MAX of letters, digits, _ and -; NULL is not */
/* A member that is not there leaves its flag alone. */
void mcu_read_flag(const json_t *m, const char *key, bool *flag);
void mcu_reply_ok(mcu_room *r, const json_t *message); /* if it has an id */
/* Adds or updates the seat that `message` describes (also the rows of `open`). */
bool mcu_request_seat(mcu_room *r, const json_t *message, GError **error);

/* What a person is sent (receiver_requests.c): a tier chosen by hand; the size at which the page shows the picture. */
bool mcu_request_tier(mcu_room *r, const json_t *message, GError **error);
bool mcu_request_display(mcu_room *r, const json_t *message, GError **error);

/* Who hears a seat and what it hears (seat_sound.c). */
bool mcu_request_seat_sound(mcu_room *r, const json_t *message, GError **error);

#endif
