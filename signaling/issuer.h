/* issuer.h - tokens that somebody else has signed: JWT by RS256 or ES256 (RFC 7519, 8725, 9068; OpenID Connect's iss, aud, exp,
 * sub). Thread: any; immutable once made. Keys come from a file, nothing is fetched. */
#ifndef SIGNALING_ISSUER_H
#define SIGNALING_ISSUER_H

#include "signaling/auth.h"

#define SIG_SUBJECT_MAX 255                        /* bytes, as OpenID Connect has it */
#define SIG_SUBJECT_SIZE (3 * SIG_SUBJECT_MAX + 1) /* of one escaped, with its end */
#define SIG_ISSUED_MAX 6144                        /* bytes of such a token: it has to fit into a request's headers */

typedef struct sig_issuer sig_issuer;
/* `require`: "claim=value", which that claim must be or, as a list, hold; "" = nothing more. `keys`: a PEM public key or a JSON
 * Web Key Set (jwks.h). NULL with MCU_ERROR_CONFIG. */
sig_issuer *sig_issuer_new(const char *name, const char *audience, const char *require, const char *keys, GError **error);
void sig_issuer_free(sig_issuer *i);

/* OK fills `subject`, percent-escaped but for what a log line can hold. EXPIRED only when it is otherwise good and its signature
 * is right. */
sig_token_status sig_issuer_verify(const sig_issuer *i, const char *text, int64_t now_s, char subject[SIG_SUBJECT_SIZE]);

#endif
