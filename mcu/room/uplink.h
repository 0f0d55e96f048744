/* uplink.h - what a camera is worth to those who look at it: no more is asked for.  Pure; thread: its owner's.
 * More is asked for at once. Less only when less has been enough for 5 s: people who take turns would else change the picture of
 * each with every sentence. Who is not seen at all goes on slowly, for a camera that was stopped takes a keyframe and seconds to
 * come back. */
#ifndef MCU_ROOM_UPLINK_H
#define MCU_ROOM_UPLINK_H

#include <stdbool.h>
#include <stdint.h>

/* At most; 0 = as the device likes. */
typedef struct {
    unsigned lines, fps, bps;
} mcu_uplink;

typedef struct {
    unsigned people;        /* who share the canvas */
    unsigned px, lines;     /* of the largest tile that somebody sees; 0 = nobody sees one. Lines of a whole 16:9 picture */
    unsigned fps;           /* of the fastest picture with a tile of it */
    bool signing, one_size; /* hands count by their rate; a device whose picture keeps its size */
} mcu_uplink_sight;

typedef struct {
    mcu_uplink asked; /* so far */
    int64_t less_ns;  /* since when less would do, 0 = it would not */
    bool told;        /* anything at all */
} mcu_uplink_choice;

/* Of all pictures of a sender of which the largest tile has `tile_px` pixels, bit/s: its REMB. */
unsigned mcu_uplink_bps(unsigned people, unsigned tile_px);
mcu_uplink mcu_uplink_worth(const mcu_uplink_sight *sight);
/* At least once a second. True: `asked` is new. */
bool mcu_uplink_step(mcu_uplink_choice *c, mcu_uplink worth, int64_t now_ns);

#endif
