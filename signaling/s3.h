/* s3.h - objects in an S3-compatible store: put and delete, signed with AWS Signature Version 4 by libcurl.  Thread: one that may
 * wait; not the loop. */
#ifndef SIGNALING_S3_H
#define SIGNALING_S3_H

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>

#define SIG_S3_WHY 160

typedef struct {
    char *endpoint;                 /* "https://host[:port]", without a path */
    char *bucket, *region, *prefix; /* prefix: "" or ending with a slash */
    char *authority_file;           /* PEM of who certifies the store; "" = the system's */
    char *credentials;              /* "ID:SECRET"; wiped when it is freed */
    const atomic_bool *stop;        /* requests under way end soon after it is set; NULL = never */
} sig_s3;

/* `credentials_file` holds ID and SECRET, in two lines or with a colon between them. */
bool sig_s3_credentials(sig_s3 *s, const char *credentials_file, GError **error);
void sig_s3_clear(sig_s3 *s);

/* The whole of an open file. The store checks its SHA-256. False: `why` says it in words without names. */
bool sig_s3_put(const sig_s3 *s, const char *key, int fd, char why[SIG_S3_WHY]);
/* One that is not there counts as deleted. */
bool sig_s3_delete(const sig_s3 *s, const char *key, char why[SIG_S3_WHY]);

#endif
