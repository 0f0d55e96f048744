/* certificate.h - the DTLS identity of this process: a self-signed ECDSA P-256 certificate and the SSL_CTX made with it.
 * Thread: made once, then read-only (OpenSSL counts references atomically). Source: RFC 8827 section 6.5, RFC 8122. */
#ifndef MCU_NET_CERTIFICATE_H
#define MCU_NET_CERTIFICATE_H

#include <glib.h>
#include <openssl/ssl.h>
#include <stdbool.h>

#include "mcu/net/sdp.h"

typedef struct mcu_certificate mcu_certificate;

/* A fresh key that never leaves the process, valid for 30 days. */
mcu_certificate *mcu_certificate_new(GError **error);
void mcu_certificate_free(mcu_certificate *c);

const mcu_fingerprint *mcu_certificate_fingerprint(const mcu_certificate *c); /* sha-256 */
SSL_CTX *mcu_certificate_ctx(const mcu_certificate *c); /* borrowed; DTLS 1.2, use_srtp, peer certificate required */

/* The application data (SSL_set_app_data) of every SSL made from the context: what the remote's certificate must match. The check
 * runs inside the handshake; a mismatch ends it. */
typedef struct {
    mcu_fingerprint theirs;
    bool mismatch; /* set when it was not */
} mcu_certificate_check;

/* sha-256, sha-384 and sha-512; any other hash is no match. */
bool mcu_certificate_matches(const X509 *x, const mcu_fingerprint *f);

#endif
