/* keygate.h - merges keyframe requests of one encoder: at most one a second.  Thread: request from any, the rest on the
 * encoder's. */
#ifndef MIXER_KEYGATE_H
#define MIXER_KEYGATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define MIX_KEY_SPACING_NS INT64_C(1000000000)

typedef struct {
    atomic_bool wanted;
    _Atomic int64_t last_ns; /* of the last keyframe, 0 = none yet */
} mix_keygate;

static inline void mix_keygate_request(mix_keygate *g)
{
    atomic_store_explicit(&g->wanted, true, memory_order_relaxed);
}

/* A keyframe is due at `now_ns`; also asked by the clock, which then offers an unchanged canvas. */
static inline bool mix_keygate_due(const mix_keygate *g, int64_t now_ns)
{
    int64_t last_ns = atomic_load_explicit(&g->last_ns, memory_order_relaxed);
    return last_ns == 0 || (atomic_load_explicit(&g->wanted, memory_order_relaxed) && now_ns - last_ns >= MIX_KEY_SPACING_NS);
}

/* A keyframe is about to be encoded: requests up to now are served by it. */
static inline void mix_keygate_serve(mix_keygate *g, int64_t now_ns)
{
    atomic_store_explicit(&g->wanted, false, memory_order_relaxed);
    atomic_store_explicit(&g->last_ns, now_ns, memory_order_relaxed);
}

#endif
