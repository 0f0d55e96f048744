/* aplc.h - loss concealment for codecs without one (G.711, G.722): repeats the last pitch period and fades out.
 * Thread: its owner's. Works at the rate that the codec has, or at 48 kHz. */
#ifndef MIXER_APLC_H
#define MIXER_APLC_H

#include <stdbool.h>
#include <stdint.h>

#define MIX_APLC_HISTORY 1920 /* 40 ms at 48 kHz */

typedef struct {
    int16_t history[MIX_APLC_HISTORY]; /* newest last */
    unsigned unit;                     /* samples at 48 kHz for one of its own */
    unsigned lag;                      /* samples of the period being repeated; 0 = none yet */
    unsigned phase;                    /* position in it */
    unsigned concealed;                /* samples made since the last good one */
} mix_aplc;

void mix_aplc_init(mix_aplc *p, unsigned hz);
void mix_aplc_good(mix_aplc *p, int16_t *pcm, unsigned n); /* decoded samples; its start is blended after a concealment */
void mix_aplc_conceal(mix_aplc *p, int16_t *out, unsigned n);

/* The lag in [min, max] at which x[0..] looks most like x[lag..], searched on every `step`th sample; `span` samples are
 * compared and x has max + span of them. *likeness gets the normalised correlation, -1..1 (0 for silence). */
unsigned mix_pitch_lag(const int16_t *x, unsigned min, unsigned max, unsigned span, unsigned step, double *likeness);
#define MIX_PITCH_STEP(unit) (6 / (unit)) /* a grid of 8 kHz */

#endif
