#include "mixer/abranch.h"

#include <stdbool.h>
#include <stdlib.h>

#include "mixer/pcm.h"
#include "mixer/resample.h"

typedef struct {
    mix_resample *resample; /* NULL at the voice's own rate */
    uint64_t tick;          /* of `pcm` */
    int16_t pcm[MIX_BLOCK];
} rate;

struct mix_abranch {
    mix_bus from;
    uint64_t tick;
    const int16_t *pcm;
    rate rates[MIX_BUSES];
};

mix_abranch *mix_abranch_new(mix_bus from)
{
    mix_abranch *b = calloc(1, sizeof *b);
    bool ok = b != NULL;
    for (unsigned to = 0; ok && to < MIX_BUSES; to++) {
        if (to != from) {
            b->rates[to].resample = mix_resample_new(mix_bus_hz(from), mix_bus_hz((mix_bus)to));
            ok = b->rates[to].resample != NULL;
        }
    }
    if (!ok) {
        mix_abranch_free(b);
        return NULL;
    }
    b->from = from;
    return b;
}

void mix_abranch_free(mix_abranch *b)
{
    for (unsigned to = 0; b && to < MIX_BUSES; to++) {
        mix_resample_free(b->rates[to].resample);
    }
    free(b);
}

void mix_abranch_begin(mix_abranch *b, uint64_t tick, const int16_t *pcm)
{
    b->tick = tick;
    b->pcm = pcm;
}

const int16_t *mix_abranch_at(mix_abranch *b, mix_bus to)
{
    rate *r = &b->rates[to];
    if (!r->resample) {
        return b->pcm;
    }
    if (r->tick != b->tick) {
        if (r->tick + 1 != b->tick) {
            mix_resample_reset(r->resample); /* what it remembers is old */
        }
        r->tick = b->tick;
        (void)mix_resample_run(r->resample, b->pcm, mix_bus_block(b->from), r->pcm);
    }
    return r->pcm;
}
