/* recording_play.h - the bytes of a recording to one client, decrypted by a child on the way, as fast as the client takes them.
 * Thread: the gateway's loop. */
#ifndef SIGNALING_RECORDING_PLAY_H
#define SIGNALING_RECORDING_PLAY_H

#include "signaling/http.h"
#include "signaling/recording_links.h"

/* Answers the request, also when it fails. `etag` names the bytes (with quotes). */
void sig_recording_play(sig_request *q, const sig_link *link, const char *etag);
/* Whoever is being sent its bytes gets no more of them: it has been shredded. */
void sig_recording_play_end(const char *recording);

#endif
