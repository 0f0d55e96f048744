/* recording_shred.h - the end of a recording's life: its keys are overwritten, a signed tombstone stays.  Thread: the gateway's
 * loop; the store's thread writes. Legal hold beats everybody. */
#ifndef SIGNALING_RECORDING_SHRED_H
#define SIGNALING_RECORDING_SHRED_H

#include "signaling/recording.h"

/* By an operator, or the policy of retention. `fn` hears "conflict" while it is recorded, on hold, its keys are being changed, or
 * shredded already. */
void sig_recording_shred(sig_gateway *g, const sig_recording_facts *r, const char *actor, const char *reason, int64_t now_ms,
                         sig_recording_fn fn, void *user);
bool sig_recording_dying(const char *recording); /* its shredding is on its way */

/* One hand at a time on the keys of a recording: what was overwritten is not to be written again. False = somebody has them. */
bool sig_recording_keys_take(const char *recording);
void sig_recording_keys_give(const char *recording);

/* Whether the days are over: not for one on hold, one that goes on, or without a policy (days 0). */
bool sig_retention_due(const sig_recording_facts *r, int64_t days, int64_t now_ms);
void sig_retention_run(sig_gateway *g, int64_t now_ms); /* shreds what is due */

#endif
