/* room.h - the rules of the one room of this process: seats, sessions, who is in the picture, who hears and watches what.
 * Thread: loop. Speaks the room protocol (mcu/ROOM-PROTOCOL.md) through two callbacks; knows nothing of sockets. */
#ifndef MCU_ROOM_ROOM_H
#define MCU_ROOM_ROOM_H

#include <glib.h>
#include <jansson.h>
#include <stdint.h>

typedef struct mcu_room mcu_room;

typedef struct {
    /* A message for the gateway; `take` is consumed. `coalesce` as in mcu_ipc_send(). */
    void (*send)(void *user, json_t *take, const char *coalesce);
    /* The room is over; called once, from an idle source, never inside another call. */
    void (*finished)(void *user, const char *reason);
    const uint8_t *signing_key; /* 32 bytes, Ed25519, private to the process; borrowed; NULL: it cannot record */
} mcu_room_callbacks;

/* `open` is the gateway's message: room, name, config, seats. NULL with error when the configuration is unusable. */
mcu_room *mcu_room_new(GMainContext *context, const json_t *open, const mcu_room_callbacks *callbacks, void *user,
                       GError **error);
void mcu_room_free(mcu_room *r); /* closes every session; no callback during or after */

const char *mcu_room_id(const mcu_room *r);
uint64_t mcu_room_revision(const mcu_room *r);
/* One message of the gateway, borrowed. Unknown types and bad members are answered with `error`. */
void mcu_room_handle(mcu_room *r, const json_t *message);
/* The same with the descriptors that came with it, at most MCU_IPC_FDS: one that is taken becomes -1. */
void mcu_room_handle_fds(mcu_room *r, const json_t *message, int *fds, unsigned n);
/* Says everything a gateway that has just connected must know: sessions, roster, layouts. */
void mcu_room_announce(mcu_room *r);

#endif
