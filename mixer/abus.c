#include "mixer/abus.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/scratch.h"
#include "mixer/amix.h"
#include "mixer/pcm.h"
#include "mixer/resample.h"

enum { TAIL = 2 }; /* blocks that a resampler goes on for after the last sound: what it remembers and more */

/* From one bus to another. */
typedef struct {
    mix_resample *resample;
    unsigned left; /* blocks of its tail; 0 = at rest, remembering nothing */
} feed;

struct mix_abus {
    mix_amix *sum[MIX_BUSES];
    feed feeds[MIX_BUSES][MIX_BUSES]; /* from, to */
    feed unmasked[MIX_BUSES];         /* to 48 kHz without who is masked */
    uint64_t masked;
    int32_t others[MIX_BUSES][MIX_BLOCK]; /* what other buses gave this one */
    int32_t others_unmasked[MIX_BLOCK];
};

mix_bus mix_bus_of(unsigned hz)
{
    return hz == 8000 ? MIX_BUS_8K : hz == 16000 ? MIX_BUS_16K : MIX_BUS_48K;
}

unsigned mix_bus_hz(mix_bus bus)
{
    static const unsigned hz[MIX_BUSES] = {8000, 16000, MIX_RATE};
    return hz[bus];
}

unsigned mix_bus_block(mix_bus bus)
{
    return mix_bus_hz(bus) / 50;
}

static bool open_feeds(mix_abus *b, mix_bus from)
{
    bool ok = true;
    for (unsigned to = 0; to < MIX_BUSES; to++) {
        if (to != from) {
            b->feeds[from][to].resample = mix_resample_new(mix_bus_hz(from), mix_bus_hz(to));
            ok = ok && b->feeds[from][to].resample;
        }
    }
    if (from != MIX_BUS_48K) {
        b->unmasked[from].resample = mix_resample_new(mix_bus_hz(from), MIX_RATE);
        ok = ok && b->unmasked[from].resample;
    }
    return ok;
}

mix_abus *mix_abus_new(unsigned max_inputs)
{
    mix_abus *b = calloc(1, sizeof *b);
    bool ok = b != NULL;
    for (unsigned bus = 0; ok && bus < MIX_BUSES; bus++) {
        b->sum[bus] = mix_amix_new(max_inputs, mix_bus_hz(bus));
        ok = b->sum[bus] && open_feeds(b, bus);
    }
    if (!ok) {
        mix_abus_free(b);
        return NULL;
    }
    return b;
}

void mix_abus_free(mix_abus *b)
{
    for (unsigned from = 0; b && from < MIX_BUSES; from++) {
        mix_amix_free(b->sum[from]);
        mix_resample_free(b->unmasked[from].resample);
        for (unsigned to = 0; to < MIX_BUSES; to++) {
            mix_resample_free(b->feeds[from][to].resample);
        }
    }
    free(b);
}

void mix_abus_begin(mix_abus *b, uint64_t tick)
{
    for (unsigned bus = 0; bus < MIX_BUSES; bus++) {
        mix_amix_begin(b->sum[bus], tick);
    }
}

mcu_status mix_abus_add(mix_abus *b, unsigned slot, uint64_t tick, mix_bus bus, const int16_t *pcm)
{
    return mix_amix_add(b->sum[bus], slot, tick, pcm);
}

/* Adds what `f` makes of `sum`; a bus that nobody speaks on costs nothing. */
static void pour(feed *f, bool sounds, mix_bus from, const int32_t *sum, mix_bus to, int32_t *out)
{
    if (sounds) {
        f->left = TAIL;
    } else if (f->left == 0) {
        return;
    } else if (--f->left == 0) {
        mix_resample_reset(f->resample);
        return;
    }
    MCU_SCRATCH int32_t made[MIX_BLOCK];
    mix_resample_sum(f->resample, sum, mix_bus_block(from), made);
    for (unsigned i = 0, n = mix_bus_block(to); i < n; i++) {
        out[i] += made[i];
    }
}

/* Something of this bus is, or was just now, to be heard on another. */
static bool is_heard(const mix_abus *b, mix_bus from)
{
    bool heard = mix_amix_inputs(b->sum[from]) > 0 || b->unmasked[from].left > 0;
    for (unsigned to = 0; to < MIX_BUSES; to++) {
        heard = heard || b->feeds[from][to].left > 0;
    }
    return heard;
}

static void pour_all(mix_abus *b, mix_bus from, unsigned wanted)
{
    bool sounds = mix_amix_inputs(b->sum[from]) > 0;
    MCU_SCRATCH int32_t sum[MIX_BLOCK];
    mix_amix_rest(b->sum[from], -1, sum);
    for (unsigned to = 0; to < MIX_BUSES; to++) {
        if (to != from && (wanted >> to & 1)) {
            pour(&b->feeds[from][to], sounds, from, sum, to, b->others[to]);
        }
    }
    if (from != MIX_BUS_48K && (wanted >> MIX_BUS_48K & 1) && (b->masked != 0 || b->unmasked[from].left > 0)) {
        mix_amix_rest_without(b->sum[from], b->masked, sum);
        pour(&b->unmasked[from], sounds && b->masked != 0, from, sum, MIX_BUS_48K, b->others_unmasked);
    }
}

void mix_abus_join(mix_abus *b, unsigned wanted, uint64_t masked)
{
    b->masked = masked;
    for (unsigned to = 0; to < MIX_BUSES; to++) {
        if (wanted >> to & 1) {
            memset(b->others[to], 0, mix_bus_block(to) * sizeof **b->others);
        }
    }
    if (wanted >> MIX_BUS_48K & 1) {
        memset(b->others_unmasked, 0, sizeof b->others_unmasked);
    }
    for (unsigned from = 0; from < MIX_BUSES; from++) {
        if ((wanted & ~(1U << from)) != 0 && is_heard(b, from)) {
            pour_all(b, from, wanted);
        }
    }
}

void mix_abus_rest(const mix_abus *b, mix_bus bus, int own_slot, int32_t *out)
{
    mix_amix_rest(b->sum[bus], own_slot, out);
    for (unsigned i = 0, n = mix_bus_block(bus); i < n; i++) {
        out[i] += b->others[bus][i];
    }
}

void mix_abus_rest_unmasked(const mix_abus *b, int32_t *out)
{
    mix_amix_rest_without(b->sum[MIX_BUS_48K], b->masked, out);
    for (unsigned i = 0; i < MIX_BLOCK; i++) {
        out[i] += b->others_unmasked[i];
    }
}
