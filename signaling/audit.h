/* audit.h - the trail of what hosts and operators did and of what was refused: log lines `audit.*` with ids only, and counters.
 * Thread: the gateway's loop. */
#ifndef SIGNALING_AUDIT_H
#define SIGNALING_AUDIT_H

/* `actor` is a seat, or for REST as operator.h says; `target` a seat or "". */
void sig_audit_done(const char *room, const char *actor, const char *operation, const char *target);
void sig_audit_refused(const char *room, const char *actor, const char *role, const char *operation);

#endif
