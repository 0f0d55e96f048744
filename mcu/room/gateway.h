/* gateway.h - the room process's end of the room protocol: accepts gateways, obeys the one of the highest generation.  Thread:
 * loop. */
#ifndef MCU_ROOM_GATEWAY_H
#define MCU_ROOM_GATEWAY_H

#include <glib.h>

typedef struct mcu_gateway mcu_gateway;

/* `listen_fd` is taken. `finished` is called once when the room is over and its last words have been written. */
mcu_gateway *mcu_gateway_new(GMainContext *context, int listen_fd, void (*finished)(void *user), void *user);
void mcu_gateway_free(mcu_gateway *g);
/* Ends the room, if there is one, as the message `end` does. */
void mcu_gateway_end(mcu_gateway *g, const char *reason);

#endif
