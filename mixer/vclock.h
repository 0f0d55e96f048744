/* vclock.h - the thread that ticks a compositor at absolute deadlines.  Thread: start, post and stop on the loop; ticks on its
 * own. */
#ifndef MIXER_VCLOCK_H
#define MIXER_VCLOCK_H

#include <glib.h>

#include "mcu/base/metrics.h"
#include "mcu/base/workers.h"
#include "mixer/compositor.h"

typedef struct {
    int fps;
    mix_cpu *cpu;
    mcu_workers *workers; /* their rounds end with its ticks */
    mcu_histogram *lateness;
    /* On the clock's thread after the tick that first used a scene; takes a reference. Must not block. */
    void (*applied)(void *user, mix_scene *take_scene);
    void *user;
} mix_vclock_config;

typedef struct mix_vclock mix_vclock;

mix_vclock *mix_vclock_start(const mix_vclock_config *config, GError **error);
void mix_vclock_post(mix_vclock *v, mix_scene *take_scene); /* newest wins */
void mix_vclock_stop(mix_vclock *v);                        /* joins: at most one tick's work; frees */

/* A tick that begins more than half a period late is counted as late; whole periods that were missed are left out. A tick is
 * missed when not every canvas that was due was handed over before the next deadline, or it was left out. */
typedef struct {
    uint64_t ticks, late, missed, skipped_unchanged[MIX_MAX_TIERS];
} mix_vclock_stats;
void mix_vclock_get_stats(const mix_vclock *v, mix_vclock_stats *out);

#endif
