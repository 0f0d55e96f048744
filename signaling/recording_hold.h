/* recording_hold.h - legal hold: what is on hold is not shredded, by nobody.  Thread: the gateway's loop. */
#ifndef SIGNALING_RECORDING_HOLD_H
#define SIGNALING_RECORDING_HOLD_H

#include "signaling/recording.h"

/* Puts it on hold or takes it off, recorded as `entry`. `fn` hears "conflict" when it has been shredded or is being so: nobody is
 * told that a hold keeps what is gone. */
void sig_recording_hold(sig_gateway *g, const sig_recording_facts *r, bool hold, const sig_audit_entry *entry,
                        sig_recording_fn fn, void *user);
/* Also while the hold is on its way to the disk: who asks for it hears of it before anybody shreds. */
bool sig_recording_held(const sig_recording_facts *r);

#endif
