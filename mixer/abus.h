/* abus.h - the sums of a room at each rate that somebody speaks or listens at, and each of them fed with what the others hold.
 * Thread: its owner's. Telephones are summed at their own rate, so that a room of them resamples nothing, and a room of
 * telephones and browsers resamples sums, not people. Never allocates after new. */
#ifndef MIXER_ABUS_H
#define MIXER_ABUS_H

#include <stdint.h>

#include "mcu/base/status.h"

typedef enum { MIX_BUS_8K = 0, MIX_BUS_16K, MIX_BUS_48K, MIX_BUSES } mix_bus;
mix_bus mix_bus_of(unsigned hz);
unsigned mix_bus_hz(mix_bus bus);
unsigned mix_bus_block(mix_bus bus); /* samples of 20 ms */

typedef struct mix_abus mix_abus;
mix_abus *mix_abus_new(unsigned max_inputs); /* NULL = no memory */
void mix_abus_free(mix_abus *b);

void mix_abus_begin(mix_abus *b, uint64_t tick);
/* As mix_amix_add(), to the sum of `bus`. */
mcu_status mix_abus_add(mix_abus *b, unsigned slot, uint64_t tick, mix_bus bus, const int16_t *pcm) G_GNUC_WARN_UNUSED_RESULT;
/* All are added: brings the sums together on the buses whose bit is set in `wanted`. `masked`: slots that
 * mix_abus_rest_unmasked() leaves out. */
void mix_abus_join(mix_abus *b, unsigned wanted, uint64_t masked);

/* Everybody on all buses but `own_slot`, which was added on this one (-1 = none). mix_bus_block() samples. */
void mix_abus_rest(const mix_abus *b, mix_bus bus, int own_slot, int32_t *out);
void mix_abus_rest_unmasked(const mix_abus *b, int32_t *out); /* at 48 kHz: everybody who is not masked */

#endif
