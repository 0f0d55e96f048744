/* leg_private.h - what leg.c and leg_*.c share.  Thread: loop. */
#ifndef MCU_ROOM_LEG_PRIVATE_H
#define MCU_ROOM_LEG_PRIVATE_H

#include "mcu/base/metrics.h"
#include "mcu/net/call_rtp.h"
#include "mcu/room/leg.h"
#include "mcu/room/leg_pictures.h"

#define MCU_LEG_VOLUME_DB 3
#define MCU_LEG_VOLUME_STEPS 4 /* up, and down */

typedef enum { LEG_NONE = 0, LEG_UP, LEG_HELD, LEG_QUIET, LEG_GONE } leg_state;

struct mcu_leg {
    mcu_room *room;
    mcu_seat *seat; /* borrowed; outlives the leg */
    char id[MCU_ID_MAX + 1];
    leg_state state;
    mcu_call_rtp *rtp;
    mcu_leg_pictures *pictures; /* NULL = of a telephone */
    mcu_leg_state told;         /* what signalling has said, for changes of a part; holds keys */
    bool audio_on, hand, talking;
    bool has_voice, has_listener;
    int volume; /* steps */
    mcu_keypad keypad;
    int64_t since_ns;
    GQueue waiting; /* what it is to be told next (leg_say.c) */
    char saying[MCU_ID_MAX + 1];
    int64_t said_ns; /* when that is over */
    mcu_counter *keys;
};

void mcu_leg_apply_volume(mcu_leg *l); /* steps -> mixer */

/* leg_say.c */
void mcu_leg_say_tick(mcu_leg *l, int64_t now_ns);
void mcu_leg_say_clear(mcu_leg *l);

#endif
