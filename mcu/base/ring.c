/* ring.c - single-producer single-consumer ring of pointers.  Thread: one
 * pusher, one popper. */
#include "mcu/base/ring.h"

#include <glib.h>
#include <stdatomic.h>
#include <stdlib.h>

struct mcu_ring {
    void (*drop)(void *item);
    unsigned mask;
    _Alignas(64) atomic_uint head; /* popper writes: next to pop */
    _Alignas(64) atomic_uint tail; /* pusher writes: next to fill */
    _Alignas(64) void *items[];
};

mcu_ring *mcu_ring_new(unsigned bound, void (*drop)(void *item))
{
    g_assert(bound >= 1 && bound <= 1u << 20);
    unsigned size = 1;
    while (size < bound) {
        size *= 2;
    }
    size_t bytes = sizeof(mcu_ring) + size * sizeof(void *);
    mcu_ring *r = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    g_assert(r);
    r->drop = drop;
    r->mask = size - 1;
    atomic_init(&r->head, 0);
    atomic_init(&r->tail, 0);
    return r;
}

void mcu_ring_free(mcu_ring *r)
{
    if (!r) {
        return;
    }
    for (void *item = mcu_ring_pop(r); item; item = mcu_ring_pop(r)) {
        if (r->drop) {
            r->drop(item);
        }
    }
    free(r);
}

bool mcu_ring_push(mcu_ring *r, void *item)
{
    unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    unsigned head = atomic_load_explicit(&r->head, memory_order_acquire);
    if (tail - head > r->mask) {
        if (r->drop) {
            r->drop(item);
        }
        return false;
    }
    r->items[tail & r->mask] = item;
    atomic_store_explicit(&r->tail, tail + 1, memory_order_release);
    return true;
}

void *mcu_ring_pop(mcu_ring *r)
{
    unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (head == atomic_load_explicit(&r->tail, memory_order_acquire)) {
        return NULL;
    }
    void *item = r->items[head & r->mask];
    atomic_store_explicit(&r->head, head + 1, memory_order_release);
    return item;
}

unsigned mcu_ring_depth(const mcu_ring *r)
{
    unsigned head = atomic_load_explicit(&r->head, memory_order_acquire);
    unsigned tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    return tail - head;
}
