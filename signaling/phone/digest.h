/* digest.h - the password that a caller shows us (RFC 3261 22, RFC 7616 with MD5: what trunks speak).  Thread: the loop's. */
#ifndef SIGNALING_PHONE_DIGEST_H
#define SIGNALING_PHONE_DIGEST_H

#include <sofia-sip/sip.h>
#include <stdbool.h>
#include <stdint.h>

#include "signaling/phone/config.h"
#include "signaling/phone/nonces.h"

typedef enum {
    TEL_DIGEST_NONE = 0, /* no password, or not the right one */
    TEL_DIGEST_STALE,    /* the right one, but its nonce is old or was used so before */
    TEL_DIGEST_SHOWN,
} tel_digest_verdict;

/* Whether the request carries the trunk's password with a nonce of ours, which is used up by it. */
tel_digest_verdict tel_digest_judge(const tel_trunk_config *t, tel_nonces *n, const sip_t *sip, int64_t now_s);
/* A header's value for a 401; g_free. `stale`: the password need not be asked for again. */
char *tel_digest_challenge(const tel_trunk_config *t, tel_nonces *n, bool stale, int64_t now_s);

#endif
