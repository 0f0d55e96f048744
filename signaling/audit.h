/* audit.h - the audit trail: who joined, what hosts and operators did, what was refused; ids only, never names or numbers.
 * Thread: the gateway's loop; the store's thread writes (audit_file.h). A record is on the disk before its effect is to be seen:
 * with a change by sig_commit(), without one by sig_audit_first(). */
#ifndef SIGNALING_AUDIT_H
#define SIGNALING_AUDIT_H

#include <jansson.h>
#include <stdbool.h>

#include "signaling/gateway.h"

/* NULL, "" or longer than an actor may be = the record has no such member. */
struct sig_audit_entry {
    const char *event;     /* "done" when NULL; "refused", "joined", "started", "gap" ... */
    const char *room;      /* id */
    const char *actor;     /* a seat, or for REST as operator.h says */
    const char *role;      /* of the actor */
    const char *reason;    /* a word */
    const char *operation; /* as in permissions.h, and the REST interface's own */
    const char *target;    /* a seat, or what else the operation was about */
    const json_t *more;    /* further members, borrowed */
};

sig_audit *sig_audit_new(sig_gateway *g);
void sig_audit_free(sig_audit *a); /* after the store */

/* The members of a record, made now, for sig_store_commit(); counts it. Free with g_free. */
char *sig_audit_text(const sig_audit_entry *e);
/* What nobody waits for. */
void sig_audit_note(const sig_gateway *g, const sig_audit_entry *e);
/* After something failed that had a record: if it was the trail that could not be written, a "gap" record is tried until it can.
 */
void sig_audit_check(const sig_gateway *g);
/* Refused for want of permission or of a credential; of one actor at most 30 a minute are written, the rest are counted. */
void sig_audit_refused(const sig_gateway *g, const sig_audit_entry *e);

/* Somebody looks at what does not change by it. Of one actor and the same thing at most 6 looks a minute are written, the rest
 * are counted. False: this one is not. True: it is to be; `*unlisted` looks have not been since the last one. */
bool sig_audit_look(const sig_gateway *g, const sig_audit_entry *e, unsigned *unlisted);

/* Calls `fn` once, later: when the record is on the disk, or after 2 s without that; then, or when it cannot be written, a "gap"
 * record says so as soon as the disk is back. For what must not wait for a disk: joins, the door, the catalogue of recordings. */
typedef struct sig_audit_wait sig_audit_wait;
sig_audit_wait *sig_audit_first(sig_gateway *g, const sig_audit_entry *e, void (*fn)(void *user), void *user);
void sig_audit_cancel(sig_audit_wait *w); /* before it was called; the record stays. NULL is fine */

#endif
