/* tones.h - the keys of a telephone as tones in what arrives from it, whatever its codec is.  Thread: its owner's.
 * Decodes for itself, as packets come and not when they are played: the playout buffer's delay is time to take a tone out before
 * anybody hears it. */
#ifndef MIXER_TONES_H
#define MIXER_TONES_H

#include <stdbool.h>

#include "mcu/base/media.h"

typedef struct mix_tones mix_tones;
mix_tones *mix_tones_new(mcu_codec codec); /* PCMU, PCMA, G722, OPUS; NULL = no memory, or another */
void mix_tones_free(mix_tones *t);
/* As mix_dtmf_push(): whether a pair of tones is there; *key is a key that is now certain, once a press, else 0. */
bool mix_tones_push(mix_tones *t, const mcu_au *au, char *key);

#endif
