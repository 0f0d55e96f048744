/* keygate.h - when one encoder makes a keyframe, and for whom.  Thread: requests from any, the rest on the encoder's.
 * Requests are merged. Everybody's keyframe is at most one a second; for who enters (comes, switches, or lost the thread) not
 * sooner than it has been paid for: it is to cost at most MIX_KEY_SHARE of the tier's rate. Who enters meanwhile is served by a
 * picture made for the purpose, and joins everybody's at the next one, which is then due as soon as it may. Who watches a smaller
 * tier meanwhile can wait: where a crowd watches, for everybody's next one, which comes the later the more they are. */
#ifndef MIXER_KEYGATE_H
#define MIXER_KEYGATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MIX_KEY_SPACING_NS INT64_C(1000000000)
#define MIX_KEY_SPACING_MAX_NS INT64_C(10000000000) /* nobody is served apart for longer */
#define MIX_KEY_SHARE 0.15
#define MIX_ENTRY_SPACING_NS INT64_C(400000000)
#define MIX_KEY_CROWD 8
#define MIX_KEY_EACH_NS INT64_C(250000000) /* later for each of a crowd */

typedef struct {
    atomic_bool wanted;         /* by everybody: a recording, a device */
    atomic_bool entering;       /* somebody waits for any keyframe */
    atomic_bool rising;         /* somebody has pictures, and waits for larger ones */
    atomic_uint watchers;       /* 1: its keyframe costs nobody else */
    atomic_bool apart;          /* some watch what was made for who entered */
    _Atomic int64_t last_ns;    /* of the last keyframe, 0 = none yet */
    _Atomic int64_t entry_ns;   /* of the last one for who entered */
    _Atomic int64_t spacing_ns; /* between those for who enters */
} mix_keygate;

static inline void mix_keygate_request(mix_keygate *g)
{
    atomic_store_explicit(&g->wanted, true, memory_order_relaxed);
}

static inline void mix_keygate_enter(mix_keygate *g)
{
    atomic_store_explicit(&g->entering, true, memory_order_relaxed);
}

static inline void mix_keygate_rise(mix_keygate *g)
{
    bool crowd = atomic_load_explicit(&g->watchers, memory_order_relaxed) >= MIX_KEY_CROWD;
    atomic_store_explicit(crowd ? &g->rising : &g->entering, true, memory_order_relaxed);
}

static inline void mix_keygate_set_watchers(mix_keygate *g, unsigned n)
{
    atomic_store_explicit(&g->watchers, n, memory_order_relaxed);
}

static inline bool mix_keygate_is_alone(const mix_keygate *g)
{
    return atomic_load_explicit(&g->watchers, memory_order_relaxed) == 1;
}

static inline int64_t mix_keygate_spacing_ns(const mix_keygate *g)
{
    int64_t spacing_ns = atomic_load_explicit(&g->spacing_ns, memory_order_relaxed);
    return mix_keygate_is_alone(g) || spacing_ns < MIX_KEY_SPACING_NS ? MIX_KEY_SPACING_NS : spacing_ns;
}

static inline int64_t mix_keygate_rise_ns(const mix_keygate *g)
{
    int64_t spacing_ns = mix_keygate_spacing_ns(g);
    int64_t crowd_ns = atomic_load_explicit(&g->watchers, memory_order_relaxed) * MIX_KEY_EACH_NS;
    crowd_ns = crowd_ns < MIX_KEY_SPACING_MAX_NS ? crowd_ns : MIX_KEY_SPACING_MAX_NS;
    return spacing_ns > crowd_ns ? spacing_ns : crowd_ns;
}

/* A keyframe for everybody is due at `now_ns`; also asked by the clock, which then offers an unchanged canvas. */
static inline bool mix_keygate_due(const mix_keygate *g, int64_t now_ns)
{
    int64_t last_ns = atomic_load_explicit(&g->last_ns, memory_order_relaxed);
    bool wanted = atomic_load_explicit(&g->wanted, memory_order_relaxed);
    bool entering =
        atomic_load_explicit(&g->entering, memory_order_relaxed) || atomic_load_explicit(&g->apart, memory_order_relaxed);
    bool rising = atomic_load_explicit(&g->rising, memory_order_relaxed);
    return last_ns == 0 || (wanted && now_ns - last_ns >= MIX_KEY_SPACING_NS) ||
           (entering && now_ns - last_ns >= mix_keygate_spacing_ns(g)) || (rising && now_ns - last_ns >= mix_keygate_rise_ns(g));
}

/* One for those alone who enter; the clock asks this too. */
static inline bool mix_keygate_entry_due(const mix_keygate *g, int64_t now_ns)
{
    return atomic_load_explicit(&g->entering, memory_order_relaxed) && !mix_keygate_is_alone(g) && !mix_keygate_due(g, now_ns) &&
           now_ns - atomic_load_explicit(&g->entry_ns, memory_order_relaxed) >= MIX_ENTRY_SPACING_NS;
}

/* A keyframe is about to be encoded: requests up to now are served by it. */
static inline void mix_keygate_serve(mix_keygate *g, int64_t now_ns)
{
    atomic_store_explicit(&g->wanted, false, memory_order_relaxed);
    atomic_store_explicit(&g->entering, false, memory_order_relaxed);
    atomic_store_explicit(&g->rising, false, memory_order_relaxed);
    atomic_store_explicit(&g->apart, false, memory_order_relaxed);
    atomic_store_explicit(&g->last_ns, now_ns, memory_order_relaxed);
}

static inline void mix_keygate_serve_entry(mix_keygate *g, int64_t now_ns)
{
    atomic_store_explicit(&g->entering, false, memory_order_relaxed);
    atomic_store_explicit(&g->apart, true, memory_order_relaxed);
    atomic_store_explicit(&g->entry_ns, now_ns, memory_order_relaxed);
}

/* What everybody's keyframe weighed. */
static inline void mix_keygate_weigh(mix_keygate *g, size_t bytes, int bitrate_bps)
{
    double spacing_ns = (double)bytes * 8 * 1e9 / (MIX_KEY_SHARE * bitrate_bps);
    spacing_ns = spacing_ns < (double)MIX_KEY_SPACING_MAX_NS ? spacing_ns : (double)MIX_KEY_SPACING_MAX_NS;
    atomic_store_explicit(&g->spacing_ns, (int64_t)spacing_ns, memory_order_relaxed);
}

/* Two streams are more than there is time for: everybody's next one may come after a second. */
static inline void mix_keygate_hurry(mix_keygate *g)
{
    atomic_store_explicit(&g->spacing_ns, MIX_KEY_SPACING_NS, memory_order_relaxed);
}

#endif
