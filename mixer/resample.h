/* resample.h - 8 or 16 kHz voice to 48 kHz, by speexdsp.  Thread: its owner's. */
#ifndef MIXER_RESAMPLE_H
#define MIXER_RESAMPLE_H

#include <stdint.h>

typedef struct mix_resample mix_resample;

mix_resample *mix_resample_new(unsigned from_hz); /* NULL unless it divides 48000 */
void mix_resample_free(mix_resample *r);
/* `n` samples in, n * 48000 / from_hz out: the same length of time on every call. `out` has room for them. */
unsigned mix_resample_run(mix_resample *r, const int16_t *in, unsigned n, int16_t *out);

#endif
