/* caption.h - the line in the corner of the picture: that it is recorded, the clock of the server's place, the visit's id.
 * Thread: loop. What it says is the gateway's; the clock goes on without a gateway. Where the room does not want to see it,
 * people see the mark alone, and the recording has the line in a picture of its own. */
#ifndef MCU_ROOM_CAPTION_H
#define MCU_ROOM_CAPTION_H

#include <jansson.h>
#include <stdbool.h>

#include "mcu/room/room.h"

typedef struct mcu_caption mcu_caption;
mcu_caption *mcu_caption_new(mcu_room *r);
void mcu_caption_free(mcu_caption *c); /* NULL is fine */

/* A `caption` message; false: MCU_ERROR_BAD_REQUEST, and nothing has changed. */
bool mcu_caption_set(mcu_caption *c, const json_t *m, GError **error);
bool mcu_caption_is_apart(const mcu_caption *c); /* the recording needs a picture of its own because of it */
void mcu_caption_show(mcu_caption *c);           /* the recording goes on with another picture */
void mcu_caption_unmark(mcu_caption *c);         /* nothing is recorded any more, whatever the gateway said last */
/* The line of words at the lower edge, the logo in the other corner: messages `line` and `logo`. */
bool mcu_request_line(mcu_room *r, const json_t *m, GError **error);
bool mcu_request_logo(mcu_room *r, const json_t *m, GError **error);

/* The wordings at a time, longest first, one a line; "" = none. For tests. Free with g_free. */
char *mcu_caption_words(const mcu_caption *c, int64_t wall_ns);

#endif
