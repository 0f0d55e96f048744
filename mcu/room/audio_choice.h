/* audio_choice.h - how often a receiver's sound is repeated, and how long its packets are.  Pure; thread: its owner's.
 * A copy that is lost with chance p as well leaves p^(n+1) of n copies: under 2 % plain, to 10 % one, to 20 % two, above three.
 * More at once, fewer after 10 s of less. On a line of less than 130 kbit/s, where headers would weigh more than the sound,
 * packets are long; short again after 10 s of more than 180. */
#ifndef MCU_ROOM_AUDIO_CHOICE_H
#define MCU_ROOM_AUDIO_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    unsigned copies, stride; /* now */
    int64_t less_since_ns;   /* fewer would do since then; 0 = they would not */
    bool thin;               /* 12 kbit/s in packets of 60 ms */
    int64_t wide_since_ns;   /* short ones would fit since then; 0 = they would not */
} mcu_audio_choice;

typedef struct {
    double loss;        /* 0..1 of what was sent lately; < 0 unknown */
    bool standing;      /* packets wait on the way: it is loss of a full queue, which more packets make worse */
    unsigned spare_bps; /* what copies may take on the wire */
    unsigned voice_bps; /* what one copy of everything takes */
    unsigned line_bps;  /* what the line carries; 0 unknown */
} mcu_audio_link;

/* Call some times a second. */
void mcu_audio_choice_step(mcu_audio_choice *c, const mcu_audio_link *link, int64_t now_ns);

#endif
