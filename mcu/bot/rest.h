/* rest.h - makes a room and join links by the server's REST interface.  Thread: the loop's; blocks, so only at start. */
#ifndef MCU_BOT_REST_H
#define MCU_BOT_REST_H

#include <libsoup/soup.h>
#include <stdbool.h>

typedef struct {
    SoupSession *soup;
    const char *base; /* "https://host:port" */
    const char *key;  /* admin key */
    bool insecure;
} mcu_rest;

/* Id of the room `name_or_id`: that of an existing one, or of a new one with this name. NULL with `error`; free with g_free. */
char *mcu_rest_room(const mcu_rest *r, const char *name_or_id, GError **error);
char *mcu_rest_link(const mcu_rest *r, const char *room, const char *role, const char *name, GError **error);

#endif
