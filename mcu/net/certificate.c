#include "mcu/net/certificate.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <string.h>

#include "mcu/base/status.h"

#define VALID_SECONDS (30 * 24 * 3600)
#define BACKDATED_SECONDS (24 * 3600) /* clients with a slow clock */

/* RFC 8827 6.5 requires the first; the others are what the remaining DTLS 1.2 stacks offer with forward secrecy. */
#define CIPHERS "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE+AESGCM"
#define SRTP_PROFILES "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"

struct mcu_certificate {
    EVP_PKEY *key;
    X509 *x509;
    SSL_CTX *ctx;
    mcu_fingerprint fingerprint;
};

static X509 *self_signed(EVP_PKEY *key)
{
    X509 *x = X509_new();
    uint64_t serial = 0;
    if (x == NULL || RAND_bytes((unsigned char *)&serial, sizeof serial) != 1) {
        X509_free(x);
        return NULL;
    }
    X509_NAME *name = X509_get_subject_name(x);
    bool ok = X509_set_version(x, 2) == 1 && ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1) == 1 &&
              X509_gmtime_adj(X509_getm_notBefore(x), -BACKDATED_SECONDS) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(x), VALID_SECONDS) != NULL &&
              X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"tessera", -1, -1, 0) == 1 &&
              X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 && X509_sign(x, key, EVP_sha256()) > 0;
    if (!ok) {
        X509_free(x);
        return NULL;
    }
    return x;
}

/* Replaces chain building: RFC 8122 5, the SDP fingerprint is the only thing that vouches for a self-signed certificate. */
static int verify_fingerprint(X509_STORE_CTX *store, void *unused)
{
    (void)unused;
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    mcu_certificate_check *check = ssl != NULL ? SSL_get_app_data(ssl) : NULL;
    X509 *x = X509_STORE_CTX_get0_cert(store);
    if (check != NULL && x != NULL && mcu_certificate_matches(x, &check->theirs)) {
        return 1;
    }
    if (check != NULL) {
        check->mismatch = true;
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
    return 0;
}

static SSL_CTX *make_ctx(X509 *x, EVP_PKEY *key)
{
    SSL_CTX *ctx = SSL_CTX_new(DTLS_method());
    if (ctx == NULL) {
        return NULL;
    }
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_QUERY_MTU | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, verify_fingerprint, NULL);
    /* SSL_CTX_set_tlsext_use_srtp returns 0 on success. */
    bool ok = SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) == 1 && SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 &&
              SSL_CTX_set1_groups_list(ctx, "X25519:P-256:P-384") == 1 && SSL_CTX_use_certificate(ctx, x) == 1 &&
              SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_set_tlsext_use_srtp(ctx, SRTP_PROFILES) == 0;
    if (!ok) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

mcu_certificate *mcu_certificate_new(GError **error)
{
    mcu_certificate *c = g_new0(mcu_certificate, 1);
    c->key = EVP_EC_gen("P-256");
    c->x509 = c->key != NULL ? self_signed(c->key) : NULL;
    c->ctx = c->x509 != NULL ? make_ctx(c->x509, c->key) : NULL;
    unsigned n = 0;
    g_strlcpy(c->fingerprint.hash, "sha-256", sizeof c->fingerprint.hash);
    bool ok = c->ctx != NULL && X509_digest(c->x509, EVP_sha256(), c->fingerprint.bytes, &n) == 1;
    c->fingerprint.size = n;
    if (!ok) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot make the DTLS certificate");
        mcu_certificate_free(c);
        return NULL;
    }
    return c;
}

void mcu_certificate_free(mcu_certificate *c)
{
    if (c == NULL) {
        return;
    }
    SSL_CTX_free(c->ctx);
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
    g_free(c);
}

const mcu_fingerprint *mcu_certificate_fingerprint(const mcu_certificate *c)
{
    return &c->fingerprint;
}

SSL_CTX *mcu_certificate_ctx(const mcu_certificate *c)
{
    return c->ctx;
}

bool mcu_certificate_matches(const X509 *x, const mcu_fingerprint *f)
{
    static const struct {
        const char *name;
        const EVP_MD *(*md)(void);
    } hashes[] = {{"sha-256", EVP_sha256}, {"sha-384", EVP_sha384}, {"sha-512", EVP_sha512}};
    for (size_t i = 0; i < G_N_ELEMENTS(hashes); i++) {
        if (strcmp(f->hash, hashes[i].name) != 0) {
            continue;
        }
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned n = 0;
        return X509_digest(x, hashes[i].md(), digest, &n) == 1 && n == f->size && CRYPTO_memcmp(digest, f->bytes, n) == 0;
    }
    return false;
}
