/* ring.h - bounded SPSC ring of pointers: loop -> aclock.  Thread: one pusher, one popper. Never blocks, never allocates after new. */
#ifndef MCU_BASE_RING_H
#define MCU_BASE_RING_H

#include <stdbool.h>

typedef struct mcu_ring mcu_ring;

mcu_ring *mcu_ring_new(unsigned bound, void (*drop)(void *item)); /* bound is rounded up to a power of two */
void mcu_ring_free(mcu_ring *r);                                  /* drops what is left; both sides have stopped */
bool mcu_ring_push(mcu_ring *r, void *item);                      /* consumes; false = full, it was dropped */
void *mcu_ring_pop(mcu_ring *r);                                  /* NULL = empty */
unsigned mcu_ring_depth(const mcu_ring *r);

#endif
