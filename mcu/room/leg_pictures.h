/* leg_pictures.h - the pictures of a call from a video endpoint: its tile, and the tier that it watches.  Thread: loop. */
#ifndef MCU_ROOM_LEG_PICTURES_H
#define MCU_ROOM_LEG_PICTURES_H

#include "mcu/room/leg.h"

typedef struct mcu_leg_pictures mcu_leg_pictures;

/* Takes both sockets, also when it fails. */
mcu_leg_pictures *mcu_leg_pictures_new(mcu_leg *l, mcu_seat *seat, mcu_room *r, const mcu_leg_video *state, int take_rtp,
                                       int take_rtcp, GError **error);
void mcu_leg_pictures_free(mcu_leg_pictures *p); /* out of the mixer, sockets closed. NULL is fine */
bool mcu_leg_pictures_change(mcu_leg_pictures *p, const mcu_leg_video *state, GError **error);

void mcu_leg_pictures_out(mcu_leg_pictures *p, unsigned tier, mcu_au *au); /* of what it may watch */
void mcu_leg_pictures_tick(mcu_leg_pictures *p, int64_t now_ns);           /* every 500 ms: its tier */
void mcu_leg_pictures_want(mcu_leg_pictures *p);                           /* a keyframe of theirs */
void mcu_leg_pictures_asked(mcu_leg_pictures *p);                          /* they want one, by signalling */

bool mcu_leg_pictures_shown(const mcu_leg_pictures *p);         /* they have a tile of their own; NULL is fine */
unsigned mcu_leg_pictures_watched(const mcu_leg_pictures *p);   /* tiers, a bit each; NULL is fine */
const char *mcu_leg_pictures_tier(const mcu_leg_pictures *p);   /* that it watches; "audio" = none */
json_t *mcu_leg_pictures_inspection(const mcu_leg_pictures *p); /* the member `video` */

#endif
