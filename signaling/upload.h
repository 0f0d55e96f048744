/* upload.h - sealed segments go to an S3-compatible store as they close, the manifest when the recording has ended; what is
 * shredded here is deleted there.  Thread: the gateway's loop; requests run on a thread of its own.
 * The catalogue is the queue: a segment is `waiting` until the store has it ("stored") or its file is gone ("lost"), across
 * restarts. One request at a time; when the store does not answer it is tried again after 1 s, then later and later, up to five
 * minutes. The files here stay. */
#ifndef SIGNALING_UPLOAD_H
#define SIGNALING_UPLOAD_H

#include "signaling/gateway.h"

/* NULL without an error: [s3] endpoint is empty. */
sig_upload *sig_upload_new(sig_gateway *g, GError **error);
void sig_upload_free(sig_upload *u); /* ends a request under way; NULL is fine */
/* Something may have to be done now; NULL is fine. */
void sig_upload_changed(sig_upload *u, const sig_change *change);

/* For the catalogue: "" = there is no store, or it is still being written. */
const char *sig_upload_state(const sig_upload *u, const sig_segment_facts *s);

#endif
