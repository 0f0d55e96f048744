#include "signaling/auth.h"

#include <errno.h>
#include <jwt.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ISSUER "tessera"
#define KEY_ID_HEX 16

struct sig_auth {
    unsigned char *key;
    int key_length;
    char key_id[KEY_ID_HEX + 1];
    unsigned char admin[SHA256_DIGEST_LENGTH];
};

const char *sig_token_status_code(sig_token_status s)
{
    static const char *const codes[] = {"none",          "ok",        "token_expired", "token_forged", "token_foreign",
                                        "token_revoked", "room_ended"};
    return (unsigned)s < G_N_ELEMENTS(codes) ? codes[s] : "none";
}

const char *sig_token_status_text(sig_token_status s)
{
    static const char *const texts[] = {"",
                                        "",
                                        "This link has expired.",
                                        "This link is not valid.",
                                        "This link belongs to another place.",
                                        "This link was withdrawn.",
                                        "This visit has ended."};
    return (unsigned)s < G_N_ELEMENTS(texts) ? texts[s] : "";
}

bool sig_id_valid(const char *id)
{
    size_t n = id ? strlen(id) : 0;
    return n >= 1 && n <= SIG_ID_MAX && strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_-") == n;
}

sig_auth *sig_auth_new(const char *token_secret, const char *admin_secret)
{
    sig_auth *a = g_new0(sig_auth, 1);
    a->key_length = (int)strlen(token_secret);
    a->key = (unsigned char *)g_strdup(token_secret);
    SHA256((const unsigned char *)admin_secret, strlen(admin_secret), a->admin);
    /* The key's name is a digest of it, so that another server's token is told apart from a forged one. */
    g_autofree char *labelled = g_strconcat("tessera key id ", token_secret, NULL);
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)labelled, strlen(labelled), digest);
    OPENSSL_cleanse(labelled, strlen(labelled));
    for (size_t i = 0; i < KEY_ID_HEX / 2; i++) {
        snprintf(a->key_id + 2 * i, 3, "%02x", digest[i]);
    }
    return a;
}

void sig_auth_free(sig_auth *a)
{
    if (a) {
        OPENSSL_cleanse(a->key, (size_t)a->key_length);
        g_free(a->key);
        OPENSSL_cleanse(a, sizeof *a);
        g_free(a);
    }
}

char *sig_auth_mint(const sig_auth *a, const sig_token *t, int64_t now_s)
{
    jwt_t *jwt = NULL;
    g_assert(jwt_new(&jwt) == 0);
    int failed = jwt_set_alg(jwt, JWT_ALG_HS256, a->key, a->key_length) | jwt_add_header(jwt, "kid", a->key_id) |
                 jwt_add_grant(jwt, "iss", ISSUER) | jwt_add_grant(jwt, "room", t->room) | jwt_add_grant(jwt, "seat", t->seat) |
                 jwt_add_grant(jwt, "role", t->role) | jwt_add_grant(jwt, "name", t->name) |
                 jwt_add_grant_bool(jwt, "host", t->host) | jwt_add_grant_int(jwt, "gen", t->generation) |
                 jwt_add_grant_int(jwt, "iat", now_s) | jwt_add_grant_int(jwt, "exp", t->expires_s);
    if (t->language && *t->language) {
        failed |= jwt_add_grant(jwt, "language", t->language);
    }
    char *text = failed ? NULL : jwt_encode_str(jwt);
    char *out = g_strdup(text);
    free(text);
    jwt_free(jwt);
    g_assert(out);
    return out;
}

static bool plausible(const char *text)
{
    size_t n = text ? strnlen(text, SIG_TOKEN_MAX + 1) : 0;
    if (n < 5 || n > SIG_TOKEN_MAX) {
        return false;
    }
    unsigned dots = 0;
    for (size_t i = 0; i < n; i++) {
        dots += text[i] == '.';
        if (!g_ascii_isalnum(text[i]) && !strchr("-_.", text[i])) {
            return false;
        }
    }
    return dots == 2;
}

/* Reads the header only: nothing of an unverified token is used but the name of the key it claims. */
static bool names_our_key(const sig_auth *a, const char *text)
{
    jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, text, NULL, 0) != 0) {
        return true;
    }
    const char *kid = jwt_get_header(jwt, "kid");
    bool ours = !kid || strcmp(kid, a->key_id) == 0;
    jwt_free(jwt);
    return ours;
}

static bool copy_id(jwt_t *jwt, const char *claim, char *out)
{
    const char *v = jwt_get_grant(jwt, claim);
    if (!sig_id_valid(v)) {
        return false;
    }
    g_strlcpy(out, v, SIG_ID_MAX + 1);
    return true;
}

static sig_token_status read_claims(jwt_t *jwt, int64_t now_s, sig_token *out)
{
    sig_token t = {0};
    const char *issuer = jwt_get_grant(jwt, "iss");
    const char *name = jwt_get_grant(jwt, "name");
    t.host = jwt_get_grant_bool(jwt, "host") == 1;
    t.generation = jwt_get_grant_int(jwt, "gen");
    errno = 0;
    t.expires_s = jwt_get_grant_int(jwt, "exp");
    if (errno != 0 || !issuer || strcmp(issuer, ISSUER) != 0 || !name || strlen(name) > SIG_NAME_MAX ||
        !copy_id(jwt, "room", t.room) || !copy_id(jwt, "seat", t.seat) || !copy_id(jwt, "role", t.role)) {
        return SIG_TOKEN_FOREIGN;
    }
    if (t.expires_s <= now_s) {
        return SIG_TOKEN_EXPIRED;
    }
    g_strlcpy(t.name, name, sizeof t.name);
    *out = t;
    return SIG_TOKEN_OK;
}

sig_token_status sig_auth_verify(const sig_auth *a, const char *text, int64_t now_s, sig_token *out)
{
    *out = (sig_token){0};
    if (!plausible(text)) {
        return SIG_TOKEN_FORGED;
    }
    jwt_t *jwt = NULL;
    if (jwt_decode(&jwt, text, a->key, a->key_length) != 0) {
        return names_our_key(a, text) ? SIG_TOKEN_FORGED : SIG_TOKEN_FOREIGN;
    }
    /* RFC 8725 3.1: the algorithm is ours to choose, not the token's. */
    sig_token_status s = jwt_get_alg(jwt) == JWT_ALG_HS256 ? read_claims(jwt, now_s, out) : SIG_TOKEN_FORGED;
    jwt_free(jwt);
    return s;
}

const char *sig_auth_bearer(const char *authorization)
{
    if (!authorization || g_ascii_strncasecmp(authorization, "Bearer ", 7) != 0) {
        return NULL;
    }
    const char *rest = authorization + 7;
    return rest + strspn(rest, " ");
}

bool sig_auth_is_admin(const sig_auth *a, const char *bearer)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256((const unsigned char *)bearer, strlen(bearer), digest);
    return CRYPTO_memcmp(digest, a->admin, sizeof digest) == 0;
}
