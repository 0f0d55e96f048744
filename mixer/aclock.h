/* aclock.h - the thread that ticks a mix_acore every 20 ms at absolute deadlines.
 * Thread: every call on the loop; commands reach the clock by mailbox, its packets and acknowledgements come back by `out`.
 * While it is stopped commands take effect at once, on the loop, and are acknowledged the same way. */
#ifndef MIXER_ACLOCK_H
#define MIXER_ACLOCK_H

#include <glib.h>
#include <stdbool.h>

#include "mcu/base/mailbox.h"
#include "mixer/acore.h"

typedef enum {
    MIX_ACLOCK_NONE = 0,
    MIX_ACLOCK_ADD_VOICE,
    MIX_ACLOCK_REMOVE_VOICE,
    MIX_ACLOCK_ADD_LISTENER,
    MIX_ACLOCK_REMOVE_LISTENER,
    MIX_ACLOCK_SAY, /* a mix_prompt; comes back when it has been said or cannot be */
    MIX_ACLOCK_STOP,
    MIX_ACLOCK_TICKED, /* out only */
} mix_aclock_what;

typedef struct {
    mix_acore_stats core;
    uint64_t ticks, late_ticks, output_dropped;
} mix_aclock_stats;

/* TICKED carries a batch and figures; REMOVE_* that the clock has let go of `object`. */
typedef struct {
    mix_aclock_what what;
    void *object;
    int64_t posted_ns;
    mix_abatch batch;
    mix_aclock_stats stats;
} mix_aclock_message;

void mix_aclock_message_free(void *message); /* with what its batch holds */

typedef struct mix_aclock mix_aclock;
/* `out` takes mix_aclock_message and must hold MIX_ACLOCK_OUT_BOUND. */
#define MIX_ACLOCK_OUT_BOUND 1024
mix_aclock *mix_aclock_new(mcu_mailbox *out);
void mix_aclock_free(mix_aclock *c); /* stopped */
bool mix_aclock_start(mix_aclock *c);
void mix_aclock_stop(mix_aclock *c); /* joins, at most one tick */
bool mix_aclock_running(const mix_aclock *c);
void mix_aclock_command(mix_aclock *c, mix_aclock_what what, void *object);
void mix_aclock_recycle(mix_aclock *c, mix_aclock_message *take_message); /* a TICKED, for use again */

#endif
