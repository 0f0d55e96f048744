/* ease.h - what is being done for a person whose connection is weak, in one word for people.  Pure; thread: any. */
#ifndef MCU_ROOM_EASE_H
#define MCU_ROOM_EASE_H

#include <stdbool.h>

typedef enum {
    MCU_EASE_NONE = 0,
    MCU_EASE_REPEATED, /* sound goes out more than once */
    MCU_EASE_SMALLER,  /* the picture is smaller than it could be */
    MCU_EASE_STILLS,   /* a picture every few seconds, so that sound comes through */
    MCU_EASE_PAUSED,   /* no picture, so that sound comes through */
    MCU_EASE_SILENT,   /* no sound, so that hands that speak stay smooth */
} mcu_ease;
const char *mcu_ease_name(mcu_ease e); /* "" for NONE */

/* The tier that is watched, the largest that may be, how many move and how many there are (that many means sound alone), copies
 * of each packet of sound. */
mcu_ease mcu_ease_of(unsigned tier, unsigned top, unsigned n_moving, unsigned n_tiers, unsigned copies);

#endif
