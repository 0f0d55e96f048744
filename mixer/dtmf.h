/* dtmf.h - a telephone's keys as tones in the voice itself.  Thread: its owner's; pure.  Source: ITU-T Q.23, Q.24.
 * Works on 8 kHz sound. */
#ifndef MIXER_DTMF_H
#define MIXER_DTMF_H

#include <stdbool.h>
#include <stdint.h>

#define MIX_DTMF_WINDOW 160 /* 20 ms */
#define MIX_DTMF_HOP 80     /* 10 ms */

#define MIX_DTMF_TONES 4 /* of each group */

typedef struct {
    int16_t window[MIX_DTMF_WINDOW]; /* newest last */
    unsigned filled;                 /* of its second half */
    struct {
        float re[MIX_DTMF_TONES], im[MIX_DTMF_TONES]; /* of the low tones */
        int64_t energy;
    } before;      /* of its first half */
    char tone;     /* of the newest windows, 0 = none */
    unsigned hits; /* windows in a row with it */
    unsigned misses;
    bool told;
} mix_dtmf; /* zero-initialise */

/* Takes `n` samples of 8 kHz. Whether a pair of tones is there (two windows in a row or more); *key is set to a key that has now
 * been there for 40 ms, once a press, else 0. */
bool mix_dtmf_push(mix_dtmf *d, const int16_t *pcm, unsigned n, char *key);

#endif
