/* digest.h - the password that a caller shows us (RFC 3261 22, RFC 7616 with MD5: what trunks speak).  Thread: the loop's. */
#ifndef SIGNALING_PHONE_DIGEST_H
#define SIGNALING_PHONE_DIGEST_H

#include <sofia-sip/sip.h>
#include <stdbool.h>
#include <stdint.h>

#include "signaling/phone/config.h"

/* Whether the request carries the trunk's password with a nonce of ours that is not older than a minute. */
bool tel_digest_shown(const tel_trunk_config *t, const sip_t *sip, int64_t now_s);
/* A header's value for a 401; g_free. */
char *tel_digest_challenge(const tel_trunk_config *t, int64_t now_s);

#endif
