/* api_recording.h - the handlers of /api/v1/recordings and of the links to one, and what they share.  Thread: the gateway's loop.
 * Whoever looks at a recording is in the audit trail first; while its disk hangs, nobody looks into one. */
#ifndef SIGNALING_API_RECORDING_H
#define SIGNALING_API_RECORDING_H

#include "signaling/api.h"

/* ---- the catalogue (api_catalogue.c) ---- */
void sig_api_list_recordings(sig_request *q);
void sig_api_get_recording(sig_request *q);
void sig_api_hold_recording(sig_request *q);
void sig_api_shred_recording(sig_request *q);

/* ---- what is in one (api_recording_view.c) ---- */
void sig_api_recording_manifest(sig_request *q);
void sig_api_recording_verify(sig_request *q);
void sig_api_recording_poster(sig_request *q);
void sig_api_recording_chapters(sig_request *q);

/* ---- its keys (api_recording_rewrap.c) ---- */
void sig_api_recording_rewrap(sig_request *q);

/* ---- its links, and who opens them (api_recording_links.c) ---- */
void sig_api_recording_link(sig_request *q);
void sig_page_recording(sig_request *q);

/* The recording of the route's first star, if the request's operator may see it; NULL = 404 has been answered. */
const sig_recording_facts *sig_api_recording(sig_request *q);
bool sig_api_recording_shown(const sig_request *q, const sig_recording_facts *r);
sig_audit_entry sig_api_recording_entry(const sig_request *q, const sig_recording_facts *r, const char *operation);
/* Why it cannot be looked into now, a sentence, with its code and status; NULL = it can. */
const char *sig_api_recording_closed(const sig_recording_facts *r, const char **code, int *status);

#endif
