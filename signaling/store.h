/* store.h - the durable facts: rooms, seats, revocations, in one SQLite file.  Thread: calls and callbacks on the gateway's loop;
 * SQLite itself runs on the store's own thread, so no fsync ever holds up the loop.
 * A change is a plain value; commit writes a group of them in one transaction and calls back when they are on disk. */
#ifndef SIGNALING_STORE_H
#define SIGNALING_STORE_H

#include <event2/event.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/layout.h"
#include "signaling/audit_file.h"
#include "signaling/auth.h"

#define SIG_TIER_MAX 8
#define SIG_STORE_PATIENCE_MS 2000 /* a disk that takes longer hangs */
#define SIG_HEARS_MAX 8
#define SIG_LANGUAGE_MAX 35
#define SIG_KEY_MAX 64
#define SIG_SEALED_MAX 95
#define SIG_RECORD_MAX 767

typedef enum {
    SIG_CHANGE_NONE = 0,
    SIG_ROOM_PUT,    /* room, name, at_ms; layout of a new room */
    SIG_ROOM_END,    /* room, at_ms: forgets its seats, keeps that it ended */
    SIG_ROOM_LOCK,   /* room, locked */
    SIG_ROOM_LAYOUT, /* room, layout */
    SIG_ROOM_MUTE,   /* room, role: mutes every seat but hosts and that role */
    SIG_SEAT_PUT,    /* room, seat, name, role, host, fixed, signing, language, hears, expires_ms (of a link; 0 = none was made);
                      * muted and tier of a new seat, one that is there keeps its own */
    SIG_SEAT_MUTE,   /* room, seat, muted, asks: without effect when the seat is gone */
    SIG_SEAT_TIER,   /* room, seat, tier: the same */
    SIG_SEAT_DROP, /* room, seat, generation, at_ms; name, role and host of who had a link: tokens below `generation` are revoked;
                      its PINs go too */
    SIG_PIN_PUT,   /* key, room, seat ("" = each caller has a new one), name, role, host, once, language, at_ms: until when */
    SIG_PIN_DROP,  /* key */
    SIG_NUMBER_PUT,       /* room, seat, sealed: the telephone number on file; "" = none */
    SIG_CALL_PUT,         /* key: the call; room, at_ms: its end; record */
    SIG_ROOM_RECORDING,   /* room, policy, evidence */
    SIG_SEAT_CONSENT,     /* room, seat, given, version, method, at_ms */
    SIG_RECORDING_PUT,    /* recording, room, policy, tier, state, at_ms */
    SIG_RECORDING_STATE,  /* recording, room, state, reason, at_ms: of an end when the state is "ended" */
    SIG_RECORDING_HOLD,   /* recording, hold */
    SIG_SEGMENT_STORED,   /* recording, segment, stored */
    SIG_RECORDING_STORED, /* recording, stored: its manifest, or its tombstone */
    SIG_SEGMENT_PUT,      /* recording, segment, file, state, hash, bytes, media_ms, at_ms: `file` and `at_ms` of a new one */
} sig_change_kind;

/* Of a room's recording: nobody is recorded; everybody is told; everybody must agree first. */
#define SIG_POLICY_NOBODY "nobody"
#define SIG_POLICY_ANNOUNCED "announced"
#define SIG_POLICY_EVERYONE "everyone"
/* Where the line with clock and visit is: in everybody's picture, which then is what is recorded, or in the recording's alone. */
#define SIG_EVIDENCE_PICTURE "picture"
#define SIG_EVIDENCE_RECORDING "recording"
#define SIG_WORD_MAX 16
#define SIG_FILE_MAX 64

typedef struct {
    sig_change_kind kind;
    char room[SIG_ID_MAX + 1], seat[SIG_ID_MAX + 1], role[SIG_ID_MAX + 1];
    char name[SIG_NAME_MAX + 1];
    char tier[SIG_TIER_MAX + 1];         /* cap, "" = none */
    char language[SIG_LANGUAGE_MAX + 1]; /* of the interface, "" = the browser's */
    char hears[SIG_HEARS_MAX + 1];       /* whose interpretation; SIG_HEARS_*, "" = that of the language of the interface */
    char layout[MCU_LAYOUT_NAME_MAX + 1];
    char recording[SIG_ID_MAX + 1];
    char policy[SIG_WORD_MAX + 1], evidence[SIG_WORD_MAX + 1], state[SIG_WORD_MAX + 1], version[SIG_WORD_MAX + 1],
        method[SIG_WORD_MAX + 1];
    char stored[SIG_WORD_MAX + 1]; /* "" = not yet, "stored", "lost", "deleted" */
    char reason[SIG_ID_MAX + 1], file[SIG_FILE_MAX + 1], hash[MCU_AUDIT_HASH + 1];
    bool host, muted, fixed, locked, signing, given, hold, once;
    bool asks; /* a mute ends by another's word: the person is asked, and opens the microphone */
    int64_t generation, at_ms, segment, bytes, media_ms, expires_ms;
    char key[SIG_KEY_MAX + 1];
    char sealed[SIG_SEALED_MAX + 1]; /* a number that only the key file of the server opens (phone_seal.h) */
    char record[SIG_RECORD_MAX + 1]; /* JSON of a call */
} sig_change;

typedef void (*sig_change_fn)(void *user, const sig_change *change);
typedef void (*sig_commit_fn)(void *user, bool ok);

typedef struct sig_store sig_store;
/* Opens or makes the file (0600), brings its layout up to date, forgets rooms that ended a month ago. Blocks; before the loop
 * runs. Takes the audit trail, which is written by the same thread, also when it fails. */
sig_store *sig_store_open(const char *path, sig_audit_file *take_audit, int64_t now_ms, GError **error);
/* Replays everything as changes. Before start. */
bool sig_store_load(sig_store *s, sig_change_fn each, void *user, GError **error);
/* Counts the gateway's starts: the generation that rooms see. Before start. 0 = error. */
int64_t sig_store_next_generation(sig_store *s, GError **error);

bool sig_store_start(sig_store *s, struct event_base *base, GError **error);
/* Copies `changes` (0..4) and `record` (sig_audit_text(); NULL = none). The record is on the disk before the changes are; when
 * they then fail, another record says so. False = too much is waiting (MCU_ERROR_UNAVAILABLE for the caller); `fn` is not called
 * then. */
bool sig_store_commit(sig_store *s, const sig_change *changes, unsigned n, const char *record, sig_commit_fn fn, void *user);
/* The same with `work`, which runs on the store's thread after the record is on the disk and before the changes are: false = none
 * of them. `change` may be NULL. `free_arg` is called on the loop after `fn`, or at the end. */
bool sig_store_work(sig_store *s, const sig_change *change, const char *record, bool (*work)(void *arg), void *take_arg,
                    GDestroyNotify free_arg, sig_commit_fn fn, void *user);
bool sig_store_healthy(const sig_store *s);  /* the last transaction reached the disk */
bool sig_store_trail_ok(const sig_store *s); /* the last audit records did; else only another record can find out */
bool sig_store_stalled(const sig_store *s);  /* the disk has not answered for SIG_STORE_PATIENCE_MS */
void sig_store_close(sig_store *s);          /* writes what waits, then closes; pending callbacks are not called */

#endif
