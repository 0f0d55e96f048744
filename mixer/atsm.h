/* atsm.h - makes a stretch of sound one pitch period shorter or longer by overlap-add.  Thread: any; pure, in place. */
#ifndef MIXER_ATSM_H
#define MIXER_ATSM_H

#include <stdint.h>

#define MIX_TSM_MAX 480 /* samples at 48 kHz that one call adds or removes at most: 10 ms */

typedef enum {
    MIX_TSM_PAUSES = 0, /* only in what is quiet: words stay as they are */
    MIX_TSM_UNHEARD,    /* also where the period fits well */
    MIX_TSM_ANYWHERE,   /* the best that there is */
} mix_tsm_where;

/* Returns how many samples of rate `hz` were taken out of pcm[0..n), 0 = not here. n >= 20 ms, else 0. */
unsigned mix_tsm_squeeze(int16_t *pcm, unsigned n, unsigned hz, mix_tsm_where where);
/* Returns how many were put in; pcm has room for 10 ms more. */
unsigned mix_tsm_stretch(int16_t *pcm, unsigned n, unsigned hz, mix_tsm_where where);

#endif
