/* session_private.h - what session.c and session_messages.c share.  Thread: the gateway's loop. */
#ifndef SIGNALING_SESSION_PRIVATE_H
#define SIGNALING_SESSION_PRIVATE_H

#include "signaling/audit.h"
#include "signaling/permissions.h"
#include "signaling/phone_calls.h"
#include "signaling/session.h"

typedef enum {
    SIG_SESSION_NONE = 0,
    SIG_SESSION_NEW,
    SIG_SESSION_CHECKING, /* a connection for measuring, without the seat */
    SIG_SESSION_WAITING,  /* before the locked door */
    SIG_SESSION_ENTERING, /* until it is recorded that it joins */
    SIG_SESSION_JOINED,
    SIG_SESSION_CLOSED,
} sig_session_state;

struct sig_session {
    sig_gateway *gateway;
    sig_ws *ws;
    sig_session_state state;
    struct event *deadline; /* of joining, or of a check */
    sig_room *room;         /* while checking, waiting or joined */
    char seat[SIG_ID_MAX + 1], session[SIG_ID_MAX + 1];
    char canvas[SIG_CANVAS_MAX + 1];
    bool muted;
    bool asked_to_speak;         /* by a host, while muted by a host */
    bool opens;                  /* the person ends a host's mute: on its way to the disk */
    bool shut;                   /* since another ended it, until the person opens the microphone */
    bool said_audio, said_video; /* in its newest `state` */
    json_t *early;               /* a `join` that brought its offer, until the seat is taken */
    sig_call *offer, *tier_call; /* under way */
    sig_audit_wait *entering;
    char entered[SIG_ID_MAX + 1], wanted[SIG_ID_MAX + 1]; /* while entering: the room, the media session to go on with */
    double allowance;                                     /* token bucket of the rate limit */
    int64_t refilled_ns;
    unsigned strikes;
    int64_t roster_ns, people_ns; /* when the newest was told, and the newest that told of other people; 0 = none */
    json_t *told;                 /* the newest */
    struct event *roster_due;
    int64_t roster_due_ns;
};

/* `fatal` closes the socket. */
void sig_session_error(sig_session *s, const char *code, const char *message, bool fatal);
void sig_session_close(sig_session *s, unsigned code, const char *reason);

/* With the request's "id", when it has one. */
void sig_session_refuse(sig_session *s, const json_t *request, const char *code, const char *message);
void sig_session_ok(sig_session *s, const json_t *request); /* says nothing to a request without id */
/* Whether the seat may do that now; false = refused, answered and audited. */
bool sig_session_may(sig_session *s, sig_permission p, const json_t *request);
const sig_seat_facts *sig_session_facts(const sig_session *s); /* NULL = the seat is gone */

/* Messages with a file of their own. */
void sig_session_check(sig_session *s, const json_t *m); /* session_check.c */
void sig_session_chat(sig_session *s, const json_t *m);  /* session_talk.c */
void sig_session_hand(sig_session *s, const json_t *m);
void sig_session_share(sig_session *s, const json_t *m);
void sig_session_state_changed(sig_session *s, const json_t *m);
void sig_session_consent(sig_session *s, const json_t *m); /* session_recording.c */
void sig_session_phone(sig_session *s, const json_t *m);   /* session_phone.c */
void sig_session_sound(sig_session *s, const json_t *m);   /* session_sound.c */
void sig_session_refuse_call(sig_session *s, const json_t *request, const sig_refusal *why);
void sig_session_record(sig_session *s, const json_t *m); /* the host's operations */
void sig_session_freeze(sig_session *s, const json_t *m);
void sig_session_host(sig_session *s, const json_t *m); /* session_host.c */
void sig_session_roster_free(sig_session *s);           /* session_roster.c */

/* One message that fits the schema (session_messages.c). */
void sig_session_dispatch(sig_session *s, const json_t *m);

#endif
