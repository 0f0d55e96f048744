/* abranch.h - a voice that is kept out of the room's sums, at each rate that somebody hears it at.  Thread: its owner's. */
#ifndef MIXER_ABRANCH_H
#define MIXER_ABRANCH_H

#include <stdint.h>

#include "mixer/abus.h"

typedef struct mix_abranch mix_abranch;
mix_abranch *mix_abranch_new(mix_bus from); /* NULL = no memory */
void mix_abranch_free(mix_abranch *b);
/* The voice's 20 ms of this tick, borrowed until the next one. */
void mix_abranch_begin(mix_abranch *b, uint64_t tick, const int16_t *pcm);
const int16_t *mix_abranch_at(mix_abranch *b, mix_bus to); /* mix_bus_block() samples; made when first asked for */

#endif
