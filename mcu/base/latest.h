/* latest.h - newest-wins slot for one refcounted object between one writer and one reader.  Thread: put and take from any.
 * Lock-free exchange of a pointer; the slot owns what is in it. */
#ifndef MCU_BASE_LATEST_H
#define MCU_BASE_LATEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct mcu_latest {
    _Atomic(void *) value;
} mcu_latest;

/* Puts `object` (consumed) and returns what it replaced, for the caller to release; NULL if the slot was empty. */
static inline void *mcu_latest_put(mcu_latest *l, void *object)
{
    return atomic_exchange_explicit(&l->value, object, memory_order_acq_rel);
}

/* Takes the object out, NULL if nothing new. The caller owns it. */
static inline void *mcu_latest_take(mcu_latest *l)
{
    return atomic_exchange_explicit(&l->value, NULL, memory_order_acq_rel);
}

#endif
