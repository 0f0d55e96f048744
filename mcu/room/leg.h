/* leg.h - a phone call in the room: its RTP, what it hears and says, and its keypad.  Thread: loop.
 * A leg sits on a seat, alone or beside the seat's web session, whose microphone and sound rest while it is there. */
#ifndef MCU_ROOM_LEG_H
#define MCU_ROOM_LEG_H

#include "mcu/base/leg.h"
#include "mcu/room/room_private.h"

/* Takes both sockets, also when it fails. The seat has no leg yet. */
mcu_leg *mcu_leg_new(mcu_room *r, mcu_seat *seat, const char *id, const mcu_leg_state *state, int take_rtp, int take_rtcp,
                     GError **error);
/* The sockets of its video, whose state came with the rest; taken, also when it fails: the leg is to be ended then. */
bool mcu_leg_add_pictures(mcu_leg *l, int take_rtp, int take_rtcp, GError **error);
mcu_seat *mcu_leg_seat(const mcu_leg *l);
struct mcu_leg_pictures *mcu_leg_get_pictures(const mcu_leg *l); /* NULL = none, or no leg */
void mcu_leg_free(mcu_leg *l); /* out of the mixer, sockets closed; not inside a callback of its RTP. NULL is fine */
/* The seat forgets it and its web session gets its sound back; says "gone" to the gateway; freed by the idle source. */
void mcu_leg_end(mcu_leg *l, const char *why);
mcu_leg *mcu_leg_find(mcu_room *r, const char *session); /* NULL = none */
const char *mcu_leg_id(const mcu_leg *l);

bool mcu_leg_change(mcu_leg *l, const json_t *changes, GError **error);
void mcu_leg_key(mcu_leg *l, char key); /* '0'..'9', '*', '#', 'A'..'D' */
/* `fd` borrowed: a WAV file. After what it is being told, or `at_once`; not again while a prompt of that name is said or waits.
 */
bool mcu_leg_say(mcu_leg *l, int fd, const char *name, bool at_once, GError **error);
void mcu_leg_set_state(mcu_leg *l, const json_t *m);             /* `audio`, `hand` of the message */
void mcu_leg_apply_state(mcu_leg *l);                            /* mutes -> mixer */
void mcu_leg_read(mcu_leg *l, int64_t now_ns);                   /* what waits in its sockets; leg_reader.h does */
void mcu_leg_hear(mcu_leg *l, const mcu_au *au, int64_t now_ns); /* 20 ms of the mix */
bool mcu_leg_set_talking(mcu_leg *l, bool talking);              /* whether that changed */
void mcu_leg_tick(mcu_leg *l, int64_t now_ns);                   /* every 500 ms */
void mcu_leg_report(mcu_leg *l, const char *why);                /* `leg`: its state */

bool mcu_leg_is_heard(const mcu_leg *l); /* neither muted nor on hold */
bool mcu_leg_talking(const mcu_leg *l);
bool mcu_leg_hand(const mcu_leg *l);
bool mcu_leg_on_hold(const mcu_leg *l);  /* by the far end */
bool mcu_leg_is_clear(const mcu_leg *l); /* without SRTP */
const char *mcu_leg_state_name(const mcu_leg *l);
json_t *mcu_leg_inspection(mcu_leg *l); /* the member `phone` of a participant */

#endif
