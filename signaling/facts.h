/* facts.h - the durable facts in memory: what the store holds, for reading on the loop.  Thread: the gateway's loop.
 * Changed by sig_facts_apply() alone, after the store has written the change. */
#ifndef SIGNALING_FACTS_H
#define SIGNALING_FACTS_H

#include "signaling/auth.h"
#include "signaling/phone_facts.h"
#include "signaling/store.h"

typedef struct {
    char id[SIG_ID_MAX + 1], role[SIG_ID_MAX + 1];
    char name[SIG_NAME_MAX + 1];
    char tier[SIG_TIER_MAX + 1];
    char language[SIG_LANGUAGE_MAX + 1];
    char hears[SIG_HEARS_MAX + 1];
    bool host, muted, fixed, signing;
    bool answered, agreed; /* to be recorded: whether asked and answered, and what */
    char consent_version[SIG_WORD_MAX + 1], consent_method[SIG_WORD_MAX + 1];
    int64_t consent_ms;
    int64_t expires_ms; /* the last of its links ends then; 0 = it never had one */
} sig_seat_facts;

typedef struct {
    int64_t generation, at_ms; /* tokens below `generation` are revoked; since when */
    char role[SIG_ID_MAX + 1];
    char language[SIG_LANGUAGE_MAX + 1], hears[SIG_HEARS_MAX + 1];
    bool host, fixed, signing;
    char *name; /* of who had a link, until the visit ends; else "" */
} sig_revoked_facts;

#define SIG_STORED_STALE "stale" /* the store has it with keys that have been changed here since */
typedef struct {
    int64_t segment, started_ms, media_ms, bytes;
    char file[SIG_FILE_MAX + 1];
    char state[SIG_WORD_MAX + 1];  /* "writing", "complete", "interrupted" */
    char stored[SIG_WORD_MAX + 1]; /* "", or where it is: "stored", "deleted", "lost", SIG_STORED_STALE */
    char hash[MCU_AUDIT_HASH + 1]; /* of its newest proven head; "" = none yet */
} sig_segment_facts;

typedef struct {
    char id[SIG_ID_MAX + 1], room[SIG_ID_MAX + 1], tier[SIG_TIER_MAX + 1];
    char policy[SIG_WORD_MAX + 1];
    char state[SIG_WORD_MAX + 1];              /* "asking", "running", "held", "paused", "ended", "shredded" */
    char reason[SIG_ID_MAX + 1];               /* of its end */
    int64_t created_ms, ended_ms, shredded_ms; /* 0 = not yet */
    char stored[SIG_WORD_MAX + 1];             /* of its manifest */
    bool hold;
    GArray *segments; /* of sig_segment_facts, by number */
} sig_recording_facts;

typedef struct {
    char id[SIG_ID_MAX + 1];
    char name[SIG_NAME_MAX + 1];
    int64_t created_ms;
    char layout[MCU_LAYOUT_NAME_MAX + 1];
    char policy[SIG_WORD_MAX + 1];   /* SIG_POLICY_*: of recording */
    char evidence[SIG_WORD_MAX + 1]; /* SIG_EVIDENCE_* */
    bool ended, locked;
    unsigned expected;   /* new seats that are on their way to the disk */
    GHashTable *seats;   /* id -> sig_seat_facts, owned */
    GHashTable *revoked; /* seat id -> sig_revoked_facts, owned */
} sig_room_facts;

typedef struct sig_facts sig_facts;
sig_facts *sig_facts_new(void);
void sig_facts_free(sig_facts *f);

void sig_facts_apply(sig_facts *f, const sig_change *change);
sig_phone_facts *sig_facts_phone(const sig_facts *f); /* PINs, numbers, records of calls; never NULL */
/* What is on its way to the disk counts towards the limits: +1 before the commit, -1 after it. `room` NULL = a new room. */
void sig_facts_expect(sig_facts *f, const char *room, int change);

/* Both borrowed until the next apply; NULL = unknown. An ended room is still found. */
const sig_room_facts *sig_facts_room(const sig_facts *f, const char *room);
const sig_seat_facts *sig_facts_seat(const sig_facts *f, const char *room, const char *seat);
/* Rooms that have not ended, by age. The caller frees the list, not the rooms. */
GList *sig_facts_rooms(const sig_facts *f);
unsigned sig_facts_live_rooms(const sig_facts *f); /* without those expected */
unsigned sig_facts_expected_rooms(const sig_facts *f);
unsigned sig_facts_live_seats(const sig_facts *f);
int64_t sig_facts_generation(const sig_facts *f, const char *room, const char *seat); /* of a token made now */

const sig_recording_facts *sig_facts_recording(const sig_facts *f, const char *id);
/* The one of a room that has not ended; NULL = none. */
const sig_recording_facts *sig_facts_recording_of(const sig_facts *f, const char *room);
GList *sig_facts_recordings(const sig_facts *f); /* newest first; the caller frees the list */

/* Takes a seat away: its links and tokens are revoked. */
sig_change sig_change_remove(const sig_facts *f, const char *room, const char *seat);
/* Mutes everybody but hosts and interpreters. */
bool sig_change_mutes(const sig_change *c, const sig_seat_facts *s); /* also when it was muted before */
sig_change sig_change_mute_all(const char *room);

/* Whether a token that verified still opens its seat. */
sig_token_status sig_facts_admit(const sig_facts *f, const sig_token *t);

#endif
