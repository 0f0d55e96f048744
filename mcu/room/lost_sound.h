/* lost_sound.h - whether somebody can no longer be heard, or hear: nothing comes for 8 s, or more than 30 % is lost for as long.
 * Thread: loop; pure, stepped by `now_ns`. Embedded, zero-initialise. */
#ifndef MCU_ROOM_LOST_SOUND_H
#define MCU_ROOM_LOST_SOUND_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool up;          /* connected, and not on the telephone */
    bool stalled;     /* nothing at all comes */
    bool speaks;      /* the microphone is on: packets are due */
    uint64_t packets; /* of sound that came, so far */
    double loss;      /* 0..1, the worse of both ways; < 0 unknown */
} mcu_sound_sight;

typedef struct {
    bool begun, dead;
    uint64_t packets;
    int64_t heard_ns, clear_ns; /* when sound last came, when loss was last bearable */
    int64_t told_ns;
} mcu_lost_sound;

/* Whether the gateway is to be told of `dead`: when it changes, and every 10 s while it is dead. */
bool mcu_lost_sound_step(mcu_lost_sound *l, const mcu_sound_sight *sight, int64_t now_ns);

#endif
