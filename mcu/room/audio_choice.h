/* audio_choice.h - how a receiver's sound is coded, and how often it is repeated.  Pure; thread: its owner's.
 * A copy that is lost with chance p as well leaves p^(n+1) of n copies: under 2 % plain, to 10 % one, to 20 % two, above three.
 * What is lost in bursts takes neighbours along: then copies lie three packets apart (two where packets are long), and two at
 * least. More at once, fewer after 10 s of less. Rates follow the line, and leave room for copies first: down at once, up after
 * 10 s of a line that is wide enough. */
#ifndef MCU_ROOM_AUDIO_CHOICE_H
#define MCU_ROOM_AUDIO_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "mcu/net/link.h"
#include "mixer/audio.h"

typedef struct {
    unsigned copies, stride; /* now */
    mix_audio_profile profile;
    int64_t less_since_ns;   /* fewer copies would do since then; 0 = they would not */
    int64_t richer_since_ns; /* a richer profile would fit since then; 0 = it would not */
    int64_t apart_until_ns;  /* losses came in bursts not long before */
} mcu_audio_choice;

typedef struct {
    double loss;        /* 0..1 of what was sent lately; < 0 unknown */
    double burst;       /* lost packets of sound in a row, on average; 0 unknown */
    bool standing;      /* packets wait on the way, or did: it is loss of a full queue, which more packets make worse */
    unsigned spare_bps; /* what copies may take on the wire; UINT32_MAX: nothing is known of it */
    unsigned full_bps;  /* of the fullest profile */
    unsigned line_bps;  /* what the line carries; 0 unknown */
} mcu_audio_link;

/* Call some times a second. */
void mcu_audio_choice_step(mcu_audio_choice *c, const mcu_audio_link *link, int64_t now_ns);
/* The line has become a thinner one: the profile falls with it before the next step. Returns whether it did. */
bool mcu_audio_choice_fall(mcu_audio_choice *c, const mcu_peer_link *link);
/* Packets are long, and take a third of the wire. */
bool mcu_audio_choice_is_thin(const mcu_audio_choice *c);
/* What the present profile takes on the wire without copies; `full_wire_bps`: of the fullest. */
int mcu_audio_choice_wire_bps(const mcu_audio_choice *c, int full_wire_bps);
/* How long the receiver has to hold sound back for the last copy to be in time; 0 where its own buffer is enough. */
unsigned mcu_audio_choice_hold_ms(const mcu_audio_choice *c);

#endif
