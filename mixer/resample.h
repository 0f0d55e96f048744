/* resample.h - 8 or 16 kHz voice to 48 kHz and back, by speexdsp.  Thread: its owner's. */
#ifndef MIXER_RESAMPLE_H
#define MIXER_RESAMPLE_H

#include <stdint.h>

typedef struct mix_resample mix_resample;

mix_resample *mix_resample_new(unsigned from_hz);    /* NULL unless it divides 48000 */
mix_resample *mix_resample_new_down(unsigned to_hz); /* from 48000; the same */
void mix_resample_free(mix_resample *r);
/* `n` samples in (down: a multiple of the factor), as many as last the same time out, on every call. `out` has room for them.
 * What it remembers is the newest 10 ms of what went in. */
unsigned mix_resample_run(mix_resample *r, const int16_t *in, unsigned n, int16_t *out);

#endif
