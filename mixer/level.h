/* level.h - how loud a voice is and whether its owner is talking.  Thread: its owner's. One call a 20 ms block. */
#ifndef MIXER_LEVEL_H
#define MIXER_LEVEL_H

#include <stdbool.h>
#include <stdint.h>

#define MIX_SILENCE_DBOV (-127.0)

typedef struct {
    double block_dbov;                 /* of the newest block */
    double level_dbov;                 /* of a block, falling slowly; MIX_SILENCE_DBOV = digital silence */
    double floor_dbov;                 /* noise floor: follows the quietest blocks, rises 1.5 dB a second */
    bool talking;                      /* after 200 ms of voice, until 600 ms without */
    bool audible;                      /* at once, until 500 ms of silence: would its owner hear himself? */
    unsigned voiced, unvoiced, silent; /* blocks */
} mix_level;

void mix_level_init(mix_level *l);
bool mix_level_update(mix_level *l, const int16_t *pcm, unsigned n); /* 20 ms; returns whether `talking` changed */
double mix_level_dbov(const int16_t *pcm, unsigned n);               /* RMS against full scale */

#endif
