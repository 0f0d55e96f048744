#include "mixer/amix.h"

#include <stdlib.h>
#include <string.h>

#include "mixer/pcm.h"

enum { INPUTS_MAX = 64 };

struct mix_amix {
    unsigned max_inputs;
    uint64_t tick;
    int32_t sum[MIX_BLOCK];
    const int16_t *input[INPUTS_MAX];
};

mix_amix *mix_amix_new(unsigned max_inputs)
{
    g_assert(max_inputs >= 1 && max_inputs <= INPUTS_MAX);
    mix_amix *m = calloc(1, sizeof *m);
    if (m) {
        m->max_inputs = max_inputs;
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
    memset(m->sum, 0, sizeof m->sum);
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
    for (unsigned i = 0; i < MIX_BLOCK; i++) {
        m->sum[i] += pcm[i];
    }
    m->input[slot] = pcm;
    return MCU_OK;
}

void mix_amix_rest(const mix_amix *m, int own_slot, int32_t *out)
{
    const int16_t *own = own_slot >= 0 && (unsigned)own_slot < m->max_inputs ? m->input[own_slot] : NULL;
    for (unsigned i = 0; i < MIX_BLOCK; i++) {
        out[i] = m->sum[i] - (own ? own[i] : 0);
    }
}

void mix_amix_rest_without(const mix_amix *m, uint64_t slots, int32_t *out)
{
    memcpy(out, m->sum, sizeof m->sum);
    for (unsigned slot = 0; slot < m->max_inputs; slot++) {
        const int16_t *own = slots >> slot & 1 ? m->input[slot] : NULL;
        for (unsigned i = 0; own && i < MIX_BLOCK; i++) {
            out[i] -= own[i];
        }
    }
}

void mix_amix_read(const mix_amix *m, int own_slot, mix_limiter *limiter, int16_t *out)
{
    int32_t rest[MIX_BLOCK];
    mix_amix_rest(m, own_slot, rest);
    mix_limiter_run(limiter, rest, out);
}
