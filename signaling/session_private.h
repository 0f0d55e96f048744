/* session_private.h - what session.c and session_messages.c share.  Thread: the gateway's loop. */
#ifndef SIGNALING_SESSION_PRIVATE_H
#define SIGNALING_SESSION_PRIVATE_H

#include "signaling/session.h"

typedef enum { SIG_SESSION_NONE = 0, SIG_SESSION_NEW, SIG_SESSION_JOINED, SIG_SESSION_CLOSED } sig_session_state;

struct sig_session {
    sig_gateway *gateway;
    sig_ws *ws;
    sig_session_state state;
    struct event *join_deadline;
    sig_room *room; /* while joined */
    char seat[SIG_ID_MAX + 1], session[SIG_ID_MAX + 1];
    char tier[SIG_TIER_MAX + 1];
    bool muted;
    sig_call *offer, *tier_call; /* under way */
    double allowance;            /* token bucket of the rate limit */
    int64_t refilled_ns;
    unsigned strikes;
};

/* `fatal` closes the socket. */
void sig_session_error(sig_session *s, const char *code, const char *message, bool fatal);
void sig_session_close(sig_session *s, unsigned code, const char *reason);

/* One message that fits the schema (session_messages.c). */
void sig_session_dispatch(sig_session *s, const json_t *m);

#endif
