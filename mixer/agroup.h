/* agroup.h - who hears the same: one mix and one encode for each group of listeners, whoever moves between them.
 * Thread: the audio clock. Allocates nothing. */
#ifndef MIXER_AGROUP_H
#define MIXER_AGROUP_H

#include "mixer/alistener.h"

#define MIX_MAX_LISTENERS 64
#define MIX_OWN_NONE (-1)
#define MIX_OWN_MASKED MIX_MAX_VOICES /* beyond all slots: everybody who is masked is left out */

/* What tells one mix from another. */
typedef struct {
    mix_bus bus;
    int own;         /* slot that is taken out of the sum, or one of the above */
    uint64_t apart;  /* slots of voices beside the sums that are in it */
    bool softened;   /* the sum, under these */
    float gain;      /* of the sum so far: who heard it at another loudness comes to this one first */
    unsigned single; /* nonzero: one listener's alone, by his number */
} mix_akey;

typedef struct {
    mix_akey key;
    unsigned first, n; /* of its listeners */
    mix_astream *stream;
} mix_agroup;

/* Groups the listeners by their keys; `of` says to which group each belongs. Returns how many there are. A group goes on with the
 * stream that most of it heard, or with a copy of one; its listeners follow it then. */
unsigned mix_agroup_form(mix_alistener *const *listeners, const mix_akey *keys, unsigned n, uint64_t tick,
                         mix_agroup groups[MIX_MAX_LISTENERS], uint8_t of[MIX_MAX_LISTENERS]);
/* One leaves: the stream he takes with him is one that nobody else hears. */
void mix_agroup_part(mix_alistener *leaves, mix_alistener *const *others, unsigned n);

#endif
