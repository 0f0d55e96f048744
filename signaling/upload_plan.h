/* upload_plan.h - what has to go to the store next, and doing it.  Thread: sig_upload_next() the gateway's loop; sig_upload_run()
 * the upload thread, with a place that does not change meanwhile. */
#ifndef SIGNALING_UPLOAD_PLAN_H
#define SIGNALING_UPLOAD_PLAN_H

#include "signaling/gateway.h"
#include "signaling/s3.h"

typedef struct {
    enum { SIG_UPLOAD_NONE = 0, SIG_UPLOAD_SEGMENT, SIG_UPLOAD_MANIFEST, SIG_UPLOAD_FORGET, SIG_UPLOAD_TOMBSTONE } what;
    char recording[SIG_ID_MAX + 1], room[SIG_ID_MAX + 1];
    int64_t segment; /* -1 = it is about the whole recording */
    char file[SIG_FILE_MAX + 1];
} sig_upload_job;

typedef enum { SIG_UPLOAD_DONE = 0, SIG_UPLOAD_LOST, SIG_UPLOAD_AGAIN } sig_upload_end; /* LOST: it is not on this disk */

typedef struct {
    sig_s3 s3;
    char *folder, *tool, *key; /* DATA/recordings, tessera-recording, the gateway's private key's file */
    int dir_fd;                /* of `folder`, borrowed */
} sig_upload_place;

bool sig_upload_place_open(sig_upload_place *p, const sig_gateway *g, const atomic_bool *stop, GError **error);
void sig_upload_place_close(sig_upload_place *p);

/* Segments that have closed, then the manifest of what has ended; of what is shredded first the segments, then the rest. */
bool sig_upload_next(const sig_facts *f, sig_upload_job *out);
/* What the catalogue says afterwards: "stored" or "deleted". */
const char *sig_upload_result(const sig_upload_job *job);
sig_upload_end sig_upload_run(const sig_upload_place *p, const sig_upload_job *job, char why[SIG_S3_WHY]);

#endif
