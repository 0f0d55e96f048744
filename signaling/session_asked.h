/* session_asked.h - a client's request that is answered later: the session may be gone by then, so it is looked up again.
 * Thread: the gateway's loop. */
#ifndef SIGNALING_SESSION_ASKED_H
#define SIGNALING_SESSION_ASKED_H

#include "signaling/session.h"

typedef struct sig_asked sig_asked;

sig_asked *sig_asked_new(const sig_session *s, const json_t *request);
/* Answers and frees: code NULL = done, else why not. To be called once; fits sig_order_fn and what recordings call. */
void sig_asked_done(void *asked, const char *code, const char *message);

#endif
