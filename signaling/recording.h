/* recording.h - the recording of one room: who must agree, what its process is told, what becomes of it.  Thread: the gateway's
 * loop. What is durable is in facts.h; consent and every turn are on the disk before the process hears of them. With policy
 * "everyone" a recording waits until all who are present have agreed, and is held while somebody is present who has not. */
#ifndef SIGNALING_RECORDING_H
#define SIGNALING_RECORDING_H

#include <jansson.h>

#include "signaling/room.h"

#define SIG_CONSENT_VERSION "2"             /* of the text that the client shows: assets/web/recording */
#define SIG_RECORDING_DISK_FULL "disk_full" /* code of a refusal, and reason of an end */
#define SIG_RECORDING_TOO_FULL                                                                                                   \
    "The disk is too full to record: less than [recording] reserve_mib is free where recordings/ of the data folder lies. "      \
    "Make room there, or lower that setting."

sig_recording *sig_recording_new(sig_room *r); /* goes on with what the facts hold */
void sig_recording_free(sig_recording *c);

/* `code` NULL = done. */
typedef void (*sig_recording_fn)(void *user, const char *code, const char *message);
/* "start", "stop", "pause", "resume" by an operator or a host's seat. `fn` is called once, now or later. */
void sig_recording_command(sig_recording *c, const char *action, const char *actor, sig_recording_fn fn, void *user);
/* A person's word, by "button" of the page or told to an operator ("spoken", "written"). Who refuses or takes it back is not
 * recorded from this call on, whatever the disk says. */
void sig_recording_consent(sig_recording *c, const char *seat, bool agrees, const char *method, const char *actor,
                           sig_recording_fn fn, void *user);

const char *sig_recording_id(const sig_recording *c);    /* "" = none */
const char *sig_recording_state(const sig_recording *c); /* "off", "asking", "on", "held", "paused" */
bool sig_recording_asks(const sig_recording *c);         /* one is under way or about to be: what people say to it matters */
/* The client's `recording` message, for that seat. */
json_t *sig_recording_message(const sig_recording *c, const char *seat);

/* ---- by the room ---- */
void sig_recording_process_opened(sig_recording *c);                /* a new process; the recording goes on in it */
void sig_recording_process_adopted(sig_recording *c);               /* one that was there before the gateway */
void sig_recording_process_gone(sig_recording *c, const char *why); /* NULL = there will be another, else why it is over */
void sig_recording_on_event(sig_recording *c, const json_t *m);     /* the process's `recording` message */
/* Somebody comes whose media may flow as soon as the process hears of it. */
void sig_recording_expect(sig_recording *c, const char *seat);
void sig_recording_arrived(sig_recording *c, const char *seat); /* or not: it is among those present, or it is not coming */
void sig_recording_show(const sig_recording *c);                /* to every client */
void sig_recording_tell_consent(sig_recording *c, const sig_seat_facts *s); /* the process */
void sig_recording_mark_chat(sig_recording *c, const char *seat);           /* that somebody wrote */
/* Nobody may be recorded any more: it stops; or who sees the line. */
void sig_recording_rules_changed(sig_recording *c);
void sig_recording_people_changed(sig_recording *c); /* who is present, or what they said */
/* The facts hold a recording that nobody waits for any more: its command had been refused for a disk that hung. */
void sig_recording_late(sig_gateway *g, const sig_change *put);

#endif
