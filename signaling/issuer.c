#include "signaling/issuer.h"

#include <errno.h>
#include <jansson.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/jwks.h"

#define LEEWAY_S 30 /* two clocks are never quite the same */

struct sig_issuer {
    char *name, *audience;
    sig_jwks *keys;
};

sig_issuer *sig_issuer_new(const char *name, const char *audience, const char *keys, GError **error)
{
    sig_jwks *set = sig_jwks_load(keys, error);
    if (!set) {
        return NULL;
    }
    sig_issuer *i = g_new0(sig_issuer, 1);
    i->name = g_strdup(name);
    i->audience = g_strdup(audience);
    i->keys = set;
    return i;
}

void sig_issuer_free(sig_issuer *i)
{
    if (i) {
        g_free(i->name);
        g_free(i->audience);
        sig_jwks_free(i->keys);
        g_free(i);
    }
}

/* ---- the signature ---- */

static bool plausible(const char *text)
{
    size_t n = strnlen(text, SIG_ISSUED_MAX + 1);
    return n <= SIG_ISSUED_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

/* Of the header alone, which nobody has vouched for: chooses among our keys and nothing else. Free with g_free. */
static char *key_id(const char *text)
{
    jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, text, NULL, 0) != 0) {
        return NULL;
    }
    char *kid = g_strdup(jwt_get_header(jwt, "kid"));
    jwt_free(jwt);
    return kid;
}

/* The token, if this key has signed it. The algorithm is the key's, not the token's (RFC 8725 3.1): else a public key would pass
 * for a shared secret. */
static jwt_t *signed_by(const sig_jwk *key, const char *text)
{
    jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, text, (const unsigned char *)key->pem, (int)strlen(key->pem)) != 0) {
        return NULL;
    }
    if (jwt_get_alg(jwt) != (key->elliptic ? JWT_ALG_ES256 : JWT_ALG_RS256)) {
        jwt_free(jwt);
        return NULL;
    }
    return jwt;
}

static jwt_t *verified(const sig_issuer *i, const char *text)
{
    g_autofree char *kid = key_id(text);
    jwt_t *jwt = NULL;
    for (unsigned n = 0; !jwt && n < sig_jwks_count(i->keys); n++) {
        const sig_jwk *key = sig_jwks_get(i->keys, n);
        if (!kid || !*key->id || strcmp(kid, key->id) == 0) {
            jwt = signed_by(key, text);
        }
    }
    return jwt;
}

/* ---- what it says ---- */

/* A string, or a list that holds it. */
static bool is_for(const json_t *claims, const char *audience)
{
    const json_t *aud = json_object_get(claims, "aud"), *one = NULL;
    size_t n = 0;
    if (json_is_string(aud)) {
        return strcmp(json_string_value(aud), audience) == 0;
    }
    json_array_foreach(aud, n, one)
    {
        if (json_is_string(one) && strcmp(json_string_value(one), audience) == 0) {
            return true;
        }
    }
    return false;
}

static bool take_subject(const json_t *claims, char out[SIG_SUBJECT_MAX + 1])
{
    const char *subject = json_string_value(json_object_get(claims, "sub"));
    if (!subject || !*subject || strlen(subject) > SIG_SUBJECT_MAX) {
        return false;
    }
    g_strlcpy(out, subject, SIG_SUBJECT_MAX + 1);
    g_strcanon(out, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@|:", '_');
    return true;
}

static sig_token_status judge(const sig_issuer *i, const json_t *claims, int64_t now_s, char subject[SIG_SUBJECT_MAX + 1])
{
    const char *issuer = json_string_value(json_object_get(claims, "iss"));
    const json_t *expires = json_object_get(claims, "exp"), *begins = json_object_get(claims, "nbf");
    if (!issuer || strcmp(issuer, i->name) != 0 || !is_for(claims, i->audience) || !json_is_number(expires) ||
        (begins && (!json_is_number(begins) || json_number_value(begins) > (double)(now_s + LEEWAY_S))) ||
        !take_subject(claims, subject)) {
        return SIG_TOKEN_FOREIGN;
    }
    return json_number_value(expires) > (double)(now_s - LEEWAY_S) ? SIG_TOKEN_OK : SIG_TOKEN_EXPIRED;
}

sig_token_status sig_issuer_verify(const sig_issuer *i, const char *text, int64_t now_s, char subject[SIG_SUBJECT_MAX + 1])
{
    jwt_t *jwt = plausible(text) ? verified(i, text) : NULL;
    if (!jwt) {
        return SIG_TOKEN_FORGED;
    }
    char *grants = jwt_get_grants_json(jwt, NULL);
    json_t *claims = grants ? json_loads(grants, 0, NULL) : NULL;
    sig_token_status status = judge(i, claims, now_s, subject);
    json_decref(claims);
    free(grants);
    jwt_free(jwt);
    return status;
}
