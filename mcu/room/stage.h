/* stage.h - who is the speaker: loudness in, an order of people out.  Pure; thread: its owner's.
 * A voice takes the stage after 320 ms of sound that stands out of its own noise, when the speaker has been quiet for 250 ms; a
 * cough or a slammed door does not. Where two talk at once, the speaker stays, unless the other is 6 dB louder for a second, and
 * at most one change is made in 2 s. Who signs counts as speaking all the time and comes before every voice. */
#ifndef MCU_ROOM_STAGE_H
#define MCU_ROOM_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#define MCU_STAGE_MAX 64
#define MCU_STAGE_SILENCE_DBOV (-127.0)

typedef struct {
    uint32_t id;       /* nonzero */
    double level_dbov; /* of the newest block of sound; MCU_STAGE_SILENCE_DBOV for who is muted or has no voice */
    bool signing;
} mcu_stage_input;

typedef struct {
    uint32_t id;
    bool signing;
    double floor_dbov; /* the quietest, rising slowly */
    double level_dbov; /* of what is loud, smoothed */
    int64_t heard_ns;  /* sound, less pauses */
    int64_t quiet_ns;  /* since it was loud */
    int64_t began_ns;  /* of this burst of sound */
    int64_t loud_ns;   /* last time it was loud */
    uint64_t turn;     /* the later the higher; 0 = never was the speaker */
} mcu_stage_voice;

typedef struct {
    mcu_stage_voice voices[MCU_STAGE_MAX];
    unsigned n;
    uint32_t speaker; /* by voice, 0 = none yet or gone */
    uint64_t turns;
    int64_t now_ns, changed_ns;
} mcu_stage;

void mcu_stage_init(mcu_stage *s);
/* Everybody who is here, in order of joining, about every 20 ms, at the latest every 100. True: the order may have changed. */
bool mcu_stage_step(mcu_stage *s, const mcu_stage_input *in, unsigned n, int64_t now_ns);
/* 0 = the speaker, 1 = the one before, ...; UINT_MAX = never spoke, or is not here. */
unsigned mcu_stage_rank(const mcu_stage *s, uint32_t id);

#endif
