/* cpu.h - thread CPU time by stage.  Thread: any (atomics). */
#ifndef MIXER_CPU_H
#define MIXER_CPU_H

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

typedef enum {
    MIX_CPU_DECODE = 0,
    MIX_CPU_SCALE,
    MIX_CPU_COMPOSE,
    MIX_CPU_ENCODE,
    MIX_CPU_LABEL,
    MIX_CPU_OTHER,
    MIX_CPU_STAGES
} mix_cpu_stage;

typedef struct {
    _Atomic int64_t ns[MIX_CPU_STAGES];
} mix_cpu;

static inline int64_t mix_cpu_now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Charges what this thread used since `*since_ns` and moves it on. */
static inline void mix_cpu_charge(mix_cpu *c, mix_cpu_stage stage, int64_t *since_ns)
{
    int64_t now_ns = mix_cpu_now_ns();
    atomic_fetch_add_explicit(&c->ns[stage], now_ns - *since_ns, memory_order_relaxed);
    *since_ns = now_ns;
}

#endif
