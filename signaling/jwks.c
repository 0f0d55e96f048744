#include "signaling/jwks.h"

#include <jansson.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/base64url.h"

#define KEYS_MAX 32
#define RSA_BITS_MIN 2048
#define P256_BYTES 32

struct sig_jwks {
    sig_jwk keys[KEYS_MAX];
    unsigned n;
};

/* ---- members of a key (RFC 7518 6) ---- */

static guchar *bytes_of(const json_t *key, const char *member, gsize *length)
{
    const char *text = json_string_value(json_object_get(key, member));
    return text ? sig_base64url_decode(text, strlen(text), length) : NULL;
}

static EVP_PKEY *from_parameters(const char *type, OSSL_PARAM_BLD *build)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!parameters || !context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    return key;
}

static EVP_PKEY *rsa_key(const json_t *j)
{
    gsize n_length = 0, e_length = 0;
    g_autofree guchar *n = bytes_of(j, "n", &n_length), *e = bytes_of(j, "e", &e_length);
    if (!n || !e || n_length > 1024 || e_length > 8) {
        return NULL;
    }
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    BIGNUM *modulus = BN_bin2bn(n, (int)n_length, NULL), *exponent = BN_bin2bn(e, (int)e_length, NULL);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent);
    EVP_PKEY *key = from_parameters("RSA", build);
    OSSL_PARAM_BLD_free(build);
    BN_free(modulus);
    BN_free(exponent);
    return key;
}

static EVP_PKEY *p256_key(const json_t *j)
{
    unsigned char point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    gsize x_length = 0, y_length = 0;
    g_autofree guchar *x = bytes_of(j, "x", &x_length), *y = bytes_of(j, "y", &y_length);
    const char *curve = json_string_value(json_object_get(j, "crv"));
    if (!x || !y || x_length != P256_BYTES || y_length != P256_BYTES || !curve || strcmp(curve, "P-256") != 0) {
        return NULL;
    }
    memcpy(point + 1, x, P256_BYTES);
    memcpy(point + 1 + P256_BYTES, y, P256_BYTES);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    EVP_PKEY *key = from_parameters("EC", build);
    OSSL_PARAM_BLD_free(build);
    return key;
}

/* ---- the set ---- */

static bool is_p256(const EVP_PKEY *key)
{
    char group[32] = "";
    return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

/* Keys that are too weak, or of another kind, are left out. */
static void add(sig_jwks *s, EVP_PKEY *take_key, const char *id)
{
    bool elliptic = take_key && is_p256(take_key);
    bool rsa = take_key && EVP_PKEY_is_a(take_key, "RSA") && EVP_PKEY_get_bits(take_key) >= RSA_BITS_MIN;
    if ((elliptic || rsa) && s->n < KEYS_MAX) {
        s->keys[s->n++] = (sig_jwk){g_strdup(id ? id : ""), take_key, elliptic};
    } else {
        EVP_PKEY_free(take_key);
    }
}

static void add_set(sig_jwks *s, const json_t *set)
{
    const json_t *j = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(set, "keys"), i, j)
    {
        const char *type = json_string_value(json_object_get(j, "kty")), *use = json_string_value(json_object_get(j, "use"));
        if (!type || (use && strcmp(use, "sig") != 0)) {
            continue;
        }
        EVP_PKEY *key = strcmp(type, "RSA") == 0 ? rsa_key(j) : strcmp(type, "EC") == 0 ? p256_key(j) : NULL;
        add(s, key, json_string_value(json_object_get(j, "kid")));
    }
}

sig_jwks *sig_jwks_load(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    g_autoptr(GError) why = NULL;
    gsize length = 0;
    if (!g_file_get_contents(path, &text, &length, &why)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG,
                    "[oidc] keys: %s: name a file that this server's user may read, with the issuer's public keys as PEM or JWKS",
                    why->message);
        return NULL;
    }
    sig_jwks *s = g_new0(sig_jwks, 1);
    json_t *set = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    if (set) {
        add_set(s, set);
        json_decref(set);
    } else {
        BIO *in = BIO_new_mem_buf(text, (int)length);
        add(s, PEM_read_bio_PUBKEY(in, NULL, NULL, NULL), NULL);
        BIO_free(in);
    }
    if (s->n == 0) {
        g_set_error(
            error, MCU_ERROR, MCU_ERROR_CONFIG,
            "[oidc] keys: %s: has no RSA (2048 bits) or P-256 public key, as PEM or JWKS: get them from the issuer's jwks_uri",
            path);
        sig_jwks_free(s);
        return NULL;
    }
    return s;
}

void sig_jwks_free(sig_jwks *s)
{
    for (unsigned i = 0; s && i < s->n; i++) {
        g_free(s->keys[i].id);
        EVP_PKEY_free(s->keys[i].key);
    }
    g_free(s);
}

unsigned sig_jwks_count(const sig_jwks *s)
{
    return s->n;
}

const sig_jwk *sig_jwks_get(const sig_jwks *s, unsigned n)
{
    return &s->keys[n];
}
