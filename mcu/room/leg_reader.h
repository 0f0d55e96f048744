/* leg_reader.h - reads the sockets of all phone calls shortly before each tick of the audio clock.  Thread: loop.
 * Nothing that a telephone says is used before that tick, so one wake-up does for all of them; when each packet came is known
 * from the kernel. */
#ifndef MCU_ROOM_LEG_READER_H
#define MCU_ROOM_LEG_READER_H

#include "mcu/room/room_private.h"

typedef struct mcu_leg_reader mcu_leg_reader;
mcu_leg_reader *mcu_leg_reader_new(mcu_room *r);  /* asleep */
void mcu_leg_reader_wake(mcu_leg_reader *reader); /* there is a leg; sleeps again when there is none */
void mcu_leg_reader_free(mcu_leg_reader *reader); /* NULL is fine */
/* When the audio clock ticked, so that it is known when it will. */
void mcu_leg_reader_follow(mcu_leg_reader *reader, int64_t tick_ns);

#endif
