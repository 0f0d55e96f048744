#include "mixer/amix.h"

#include <stdlib.h>
#include <string.h>

#include "mixer/pcm.h"

enum { INPUTS_MAX = 64 };

struct mix_amix {
    unsigned max_inputs, n_inputs;
    unsigned block; /* samples */
    uint64_t tick;
    int32_t sum[MIX_BLOCK];
    const int16_t *input[INPUTS_MAX];
};

mix_amix *mix_amix_new(unsigned max_inputs, unsigned hz)
{
    g_assert(max_inputs >= 1 && max_inputs <= INPUTS_MAX);
    mix_amix *m = calloc(1, sizeof *m);
    if (m) {
        m->max_inputs = max_inputs;
        m->block = MIX_BLOCK / mix_unit(hz);
    }
    return m;
}

void mix_amix_free(mix_amix *m)
{
    free(m);
}

void mix_amix_begin(mix_amix *m, uint64_t tick)
{
    m->tick = tick;
    m->n_inputs = 0;
    memset(m->sum, 0, m->block * sizeof *m->sum);
    memset(m->input, 0, sizeof m->input);
}

mcu_status mix_amix_add(mix_amix *m, unsigned slot, uint64_t tick, const int16_t *pcm)
{
    if (slot >= m->max_inputs || m->input[slot]) {
        return MCU_EINVAL;
    }
    if (tick != m->tick) {
        return MCU_ELATE;
    }
    for (unsigned i = 0; i < m->block; i++) {
        m->sum[i] += pcm[i];
    }
    m->input[slot] = pcm;
    m->n_inputs++;
    return MCU_OK;
}

void mix_amix_rest(const mix_amix *m, int own_slot, int32_t *out)
{
    const int16_t *own = own_slot >= 0 && (unsigned)own_slot < m->max_inputs ? m->input[own_slot] : NULL;
    if (!own) {
        memcpy(out, m->sum, m->block * sizeof *out);
        return;
    }
    for (unsigned i = 0; i < m->block; i++) {
        out[i] = m->sum[i] - own[i];
    }
}

void mix_amix_rest_without(const mix_amix *m, uint64_t slots, int32_t *out)
{
    memcpy(out, m->sum, m->block * sizeof *out);
    for (unsigned slot = 0; slot < m->max_inputs; slot++) {
        const int16_t *own = slots >> slot & 1 ? m->input[slot] : NULL;
        for (unsigned i = 0; own && i < m->block; i++) {
            out[i] -= own[i];
        }
    }
}

unsigned mix_amix_inputs(const mix_amix *m)
{
    return m->n_inputs;
}
