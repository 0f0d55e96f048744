/* loudness.h - brings every voice to the same loudness, slowly.  Thread: its owner's; pure.  Source: ITU-R BS.1770-4
 * (K-weighting, gating), one channel. Measures while its owner talks, never between: noise of a room is not raised. One call a 20
 * ms block. */
#ifndef MIXER_LOUDNESS_H
#define MIXER_LOUDNESS_H

#include <stdbool.h>
#include <stdint.h>

#define MIX_LOUDNESS_LUFS (-23.0) /* what every voice is brought to */
#define MIX_LOUDNESS_UP_DB 18.0   /* at most */
#define MIX_LOUDNESS_DOWN_DB 15.0

typedef struct {
    float high[5]; /* b0 b1 b2 a1 a2 of the shelf ... */
    float low[2];  /* ... and a1 a2 of the high pass */
    float state[4];
} mix_k_filter;

typedef struct {
    unsigned block; /* samples of 20 ms */
    mix_k_filter filter;
    double power;   /* K-weighted mean square of what was said, before the gain */
    double heard_s; /* that it is the mean of, up to its memory */
    double gain_db;
    float gain;    /* the same as a factor */
    float applied; /* at the end of the block before */
} mix_loudness;

void mix_loudness_init(mix_loudness *l, unsigned hz);
void mix_loudness_run(mix_loudness *l, int16_t *pcm, bool voice); /* 20 ms, in place */
/* Of a whole stretch, for tests and figures: gated LUFS of `n` samples at 48 kHz; -70 = silence. */
double mix_loudness_measure(const int16_t *pcm, unsigned n);

#endif
