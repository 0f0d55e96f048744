/* resample.h - between 8, 16 and 48 kHz, by speexdsp.  Thread: its owner's. */
#ifndef MIXER_RESAMPLE_H
#define MIXER_RESAMPLE_H

#include <stdint.h>

typedef struct mix_resample mix_resample;

mix_resample *mix_resample_new(unsigned from_hz, unsigned to_hz); /* NULL unless one divides the other */
void mix_resample_free(mix_resample *r);
/* `n` samples in (down: a multiple of the factor), as many as last the same time out, on every call. `out` has room for them.
 * What it remembers is the newest 10 ms of what went in. */
unsigned mix_resample_run(mix_resample *r, const int16_t *in, unsigned n, int16_t *out);
void mix_resample_sum(mix_resample *r, const int32_t *in, unsigned n, int32_t *out); /* of sums; n <= MIX_BLOCK in and out */
void mix_resample_reset(mix_resample *r);                                            /* forgets what went in */

#endif
