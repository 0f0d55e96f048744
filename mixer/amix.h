/* amix.h - everyone's voice minus the listener's own.  Thread: its owner's.
 * PCM is int16 mono of one rate in blocks of 20 ms. Never blocks or allocates after new. */
#ifndef MIXER_AMIX_H
#define MIXER_AMIX_H

#include <glib.h>
#include <stdint.h>

#include "mcu/base/status.h"
#include "mixer/limiter.h"

typedef struct mix_amix mix_amix;
mix_amix *mix_amix_new(unsigned max_inputs, unsigned hz); /* 1..64; NULL = no memory */
void mix_amix_free(mix_amix *m);

void mix_amix_begin(mix_amix *m, uint64_t tick); /* the sum of `tick` starts from silence */
/* Adds a block for `slot`. `pcm` is borrowed until the next begin: it is what read subtracts. MCU_ELATE if `tick` is not the one
 * that was begun, MCU_EINVAL if slot >= max_inputs or it was added already. */
mcu_status mix_amix_add(mix_amix *m, unsigned slot, uint64_t tick, const int16_t *pcm) G_GNUC_WARN_UNUSED_RESULT;
/* The sum as it is, without `own_slot` (-1 or a slot that was not added: all of it). */
void mix_amix_rest(const mix_amix *m, int own_slot, int32_t *out);
/* The same without every slot whose bit is set. */
void mix_amix_rest_without(const mix_amix *m, uint64_t slots, int32_t *out);
unsigned mix_amix_inputs(const mix_amix *m); /* that were added */

#endif
