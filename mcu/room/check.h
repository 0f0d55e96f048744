/* check.h - a connection for measuring: what it sends comes back on it.  Thread: loop.
 * It has no seat, no tile and no voice; nothing of it reaches the mixer. At most 4 at a time, each at most 15 s. */
#ifndef MCU_ROOM_CHECK_H
#define MCU_ROOM_CHECK_H

#include "mcu/room/room_private.h"

void mcu_checks_init(mcu_room *r);
void mcu_checks_clear(mcu_room *r); /* no message during or after */

/* Answers an `offer` of kind "check". FULL when there are as many as there may be. */
bool mcu_check_offer(mcu_room *r, const char *seat, const char *session, const char *sdp, const json_t *id, GError **error);
mcu_check *mcu_check_find(const mcu_room *r, const char *session); /* NULL = none */
bool mcu_check_candidate(mcu_check *c, const char *candidate, const char *mid, GError **error);
void mcu_check_end(mcu_check *c, const char *why); /* freed soon after */
bool mcu_checks_running(const mcu_room *r);        /* any */
void mcu_checks_tick(mcu_room *r, int64_t now_ns);

#endif
