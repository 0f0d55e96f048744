/* overload.h - what a room gives up when the machine has no time for its largest tier, and when it takes it back.  Pure; thread:
 * its owner's. One step at a time: every second picture, a faster preset, the tier itself. Down after 3 s in which much was
 * missed (the tier itself after 10 s in which more was), back one step after 10 calm seconds; a step back that did not last
 * doubles that. */
#ifndef MIXER_OVERLOAD_H
#define MIXER_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    MIX_LOAD_CALM = 0,
    MIX_LOAD_FEWER,   /* half of the largest tier's pictures; 20 a second are left while somebody speaks with hands */
    MIX_LOAD_FASTER,  /* and x264's fastest preset */
    MIX_LOAD_WITHOUT, /* nobody is sent the largest tier; one that is recorded goes on like that */
} mix_load;
const char *mix_load_name(mix_load l);

typedef struct {
    mix_load level;
    int64_t bad_ns, calm_ns; /* since when it is so, 0 = it is not */
    int64_t back_ns;         /* last step back, 0 = none */
    int64_t wait_ns;         /* calm that a step back takes */
} mix_overload;

void mix_overload_init(mix_overload *o);
/* About once a second. `missed`: of the pictures of the largest tier, or of the clock's ticks, what was not done in time, 0..1.
 * True: the level has changed. */
bool mix_overload_step(mix_overload *o, double missed, int64_t now_ns);

#endif
