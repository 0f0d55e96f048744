/* jwks.h - an issuer's public keys from a file: one PEM key, or a JSON Web Key Set (RFC 7517) as an issuer publishes it.  Thread:
 * any; immutable once loaded. RSA of 2048 bits and more, and P-256; other keys of a set are left out. */
#ifndef SIGNALING_JWKS_H
#define SIGNALING_JWKS_H

#include <glib.h>
#include <openssl/types.h>
#include <stdbool.h>

typedef struct {
    char *id; /* "" = it has none */
    EVP_PKEY *key;
    bool elliptic; /* P-256, else RSA */
} sig_jwk;

typedef struct sig_jwks sig_jwks;
/* NULL with MCU_ERROR_CONFIG that names the file, also when no key of it can be used. */
sig_jwks *sig_jwks_load(const char *path, GError **error);
void sig_jwks_free(sig_jwks *s);
unsigned sig_jwks_count(const sig_jwks *s);
const sig_jwk *sig_jwks_get(const sig_jwks *s, unsigned n);

#endif
