#include "signaling/issuer.h"

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#include "signaling/base64url.h"
#include "signaling/json_guard.h"
#include "signaling/jwks.h"

#define P256_BYTES 32
#define LEEWAY_S 30 /* two clocks are never quite the same */

struct sig_issuer {
    char *name, *audience;
    char *claim, *value; /* NULL = every subject of the issuer is good */
    sig_jwks *keys;
};

sig_issuer *sig_issuer_new(const char *name, const char *audience, const char *require, const char *keys, GError **error)
{
    sig_jwks *set = sig_jwks_load(keys, error);
    if (!set) {
        return NULL;
    }
    sig_issuer *i = g_new0(sig_issuer, 1);
    i->name = g_strdup(name);
    i->audience = g_strdup(audience);
    const char *equals = strchr(require, '=');
    if (equals) {
        i->claim = g_strndup(require, (gsize)(equals - require));
        i->value = g_strdup(equals + 1);
    }
    i->keys = set;
    return i;
}

void sig_issuer_free(sig_issuer *i)
{
    if (i) {
        g_free(i->name);
        g_free(i->audience);
        g_free(i->claim);
        g_free(i->value);
        sig_jwks_free(i->keys);
        g_free(i);
    }
}

/* ---- a token taken apart (RFC 7515 3.1) ---- */

typedef struct {
    const char *text, *claims;
    gsize signed_length, claims_length, signature_length; /* `text` is signed up to the second dot */
    json_t *header;                                       /* nobody has vouched for it: it chooses among our keys and no more */
    guchar *signature;
} token;

static json_t *object_of(const char *text, gsize length)
{
    gsize bytes = 0;
    g_autofree guchar *json = sig_base64url_decode(text, length, &bytes);
    return json ? sig_json_object((const char *)json, bytes, NULL) : NULL;
}

static const char *in_header(const token *t, const char *member)
{
    return json_string_value(json_object_get(t->header, member));
}

/* An identity (no type or "JWT") or an access token (RFC 9068 2.1), and no other kind (RFC 8725 3.11). */
static bool is_of_good_type(const token *t)
{
    const char *type = in_header(t, "typ");
    if (!type) {
        return json_object_get(t->header, "typ") == NULL;
    }
    type += g_ascii_strncasecmp(type, "application/", 12) == 0 ? 12 : 0;
    return g_ascii_strcasecmp(type, "JWT") == 0 || g_ascii_strcasecmp(type, "at+jwt") == 0;
}

static void clear(token *t)
{
    json_decref(t->header);
    g_free(t->signature);
}

/* False = it is none that we could understand. clear() in either case. */
static bool take_apart(const char *text, token *out)
{
    *out = (token){.text = text};
    if (strnlen(text, SIG_ISSUED_MAX + 1) > SIG_ISSUED_MAX) {
        return false;
    }
    const char *first = strchr(text, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    if (!second) {
        return false;
    }
    out->signed_length = (gsize)(second - text);
    out->claims = first + 1;
    out->claims_length = (gsize)(second - out->claims);
    out->header = object_of(text, (gsize)(first - text));
    out->signature = sig_base64url_decode(second + 1, strlen(second + 1), &out->signature_length);
    /* RFC 7515 4.1.11: what is critical must be understood, and we know no extension */
    return out->header && out->signature && !json_object_get(out->header, "crit") && is_of_good_type(out);
}

/* ---- the signature ---- */

/* RFC 7518 3.4: r and s in 32 bytes each, where OpenSSL wants DER. NULL = it is not of that form. Free with OPENSSL_free. */
static unsigned char *der_of(const token *t, int *length)
{
    unsigned char *der = NULL;
    if (t->signature_length != 2 * P256_BYTES) {
        return NULL;
    }
    ECDSA_SIG *s = ECDSA_SIG_new();
    ECDSA_SIG_set0(s, BN_bin2bn(t->signature, P256_BYTES, NULL), BN_bin2bn(t->signature + P256_BYTES, P256_BYTES, NULL));
    *length = i2d_ECDSA_SIG(s, &der);
    ECDSA_SIG_free(s);
    return der;
}

static bool verify(EVP_PKEY *key, const token *t, const unsigned char *signature, gsize length)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, signature, length, (const unsigned char *)t->text, t->signed_length) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error(); /* a connection's next SSL_get_error() would take it for its own */
    return good;
}

/* The algorithm is the key's, not the token's (RFC 8725 3.1): else a public key would pass for a shared secret. */
static bool signed_by(const sig_jwk *key, const token *t)
{
    const char *algorithm = in_header(t, "alg");
    if (!algorithm || strcmp(algorithm, key->elliptic ? "ES256" : "RS256") != 0) {
        return false;
    }
    if (!key->elliptic) {
        return verify(key->key, t, t->signature, t->signature_length);
    }
    int length = 0;
    unsigned char *der = der_of(t, &length);
    bool good = der && verify(key->key, t, der, (gsize)length);
    OPENSSL_free(der);
    return good;
}

static bool verified(const sig_issuer *i, const token *t)
{
    const char *kid = in_header(t, "kid");
    for (unsigned n = 0; n < sig_jwks_count(i->keys); n++) {
        const sig_jwk *key = sig_jwks_get(i->keys, n);
        if ((!kid || !*key->id || strcmp(kid, key->id) == 0) && signed_by(key, t)) {
            return true;
        }
    }
    return false;
}

/* ---- what it says ---- */

/* A string, or a list that holds it. */
static bool holds(const json_t *claim, const char *wanted)
{
    const json_t *one = NULL;
    size_t n = 0;
    if (json_is_string(claim)) {
        return strcmp(json_string_value(claim), wanted) == 0;
    }
    json_array_foreach(claim, n, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* Escaped as in a URL, so that two subjects never look alike. */
static bool take_subject(const json_t *claims, char out[SIG_SUBJECT_SIZE])
{
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    if (!subject || !*subject || strlen(subject) > SIG_SUBJECT_MAX) {
        return false;
    }
    g_autofree char *escaped = g_uri_escape_string(subject, "@|:", FALSE);
    g_strlcpy(out, escaped, SIG_SUBJECT_SIZE);
    return true;
}

static sig_token_status judge(const sig_issuer *i, const json_t *claims, int64_t now_s, char subject[SIG_SUBJECT_SIZE])
{
    const char *issuer = json_string_value(json_object_get(claims, "iss"));
    const json_t *expires = json_object_get(claims, "exp"), *begins = json_object_get(claims, "nbf");
    if (!issuer || strcmp(issuer, i->name) != 0 || !holds(json_object_get(claims, "aud"), i->audience) ||
        (i->claim && !holds(json_object_get(claims, i->claim), i->value)) || !json_is_number(expires) ||
        (begins && (!json_is_number(begins) || json_number_value(begins) > (double)(now_s + LEEWAY_S))) ||
        !take_subject(claims, subject)) {
        return SIG_TOKEN_FOREIGN;
    }
    return json_number_value(expires) > (double)(now_s - LEEWAY_S) ? SIG_TOKEN_OK : SIG_TOKEN_EXPIRED;
}

sig_token_status sig_issuer_verify(const sig_issuer *i, const char *text, int64_t now_s, char subject[SIG_SUBJECT_SIZE])
{
    token t;
    sig_token_status status = SIG_TOKEN_FORGED;
    if (take_apart(text, &t) && verified(i, &t)) {
        json_t *claims = object_of(t.claims, t.claims_length);
        status = judge(i, claims, now_s, subject);
        json_decref(claims);
    }
    clear(&t);
    return status;
}
