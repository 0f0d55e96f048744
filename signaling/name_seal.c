#include "signaling/name_seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/seal_key.h"
#include "mcu/base/status.h"
#include "signaling/secret_file.h"

#define NONCE 12
#define TAG 16
#define EXTRA (NONCE + TAG) /* nonce, tag, then the name */
#define NAME_MAX_BYTES 4096

typedef struct {
    uint8_t bytes[MCU_SEAL_KEY];
} key;

static void forget(void *value)
{
    OPENSSL_cleanse(value, sizeof(key));
    g_free(value);
}

static bool seal(const key *k, const uint8_t *name, int size, uint8_t *out)
{
    int n = 0;
    mcu_random(out, NONCE);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, out) == 1 &&
              EVP_EncryptUpdate(c, out + EXTRA, &n, name, size) == 1 && EVP_EncryptFinal_ex(c, out + EXTRA + n, &n) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static bool open_sealed(const key *k, const uint8_t *in, int size, uint8_t *name)
{
    uint8_t tag[TAG];
    int n = 0;
    memcpy(tag, in + NONCE, TAG);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, k->bytes, in) == 1 &&
              EVP_DecryptUpdate(c, name, &n, in + EXTRA, size) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1 && EVP_DecryptFinal_ex(c, name + n, &n) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

static void on_sealed(sqlite3_context *c, int n, sqlite3_value **values)
{
    (void)n;
    const uint8_t *name = sqlite3_value_text(values[0]);
    int size = sqlite3_value_bytes(values[0]);
    uint8_t out[EXTRA + NAME_MAX_BYTES];
    if (size == 0) {
        sqlite3_result_text(c, "", 0, SQLITE_STATIC);
    } else if (size > NAME_MAX_BYTES || !seal(sqlite3_user_data(c), name, size, out)) {
        sqlite3_result_error(c, "a name cannot be sealed", -1);
    } else {
        sqlite3_result_blob(c, out, EXTRA + size, SQLITE_TRANSIENT);
    }
}

static void on_unsealed(sqlite3_context *c, int n, sqlite3_value **values)
{
    (void)n;
    uint8_t name[NAME_MAX_BYTES];
    if (sqlite3_value_type(values[0]) != SQLITE_BLOB) {
        sqlite3_result_value(c, values[0]);
        return;
    }
    const uint8_t *in = sqlite3_value_blob(values[0]);
    int size = sqlite3_value_bytes(values[0]) - EXTRA;
    if (size < 1 || size > NAME_MAX_BYTES || !open_sealed(sqlite3_user_data(c), in, size, name)) {
        sqlite3_result_error(c, "a name cannot be read: names.key is not the one that sealed it", -1);
        return;
    }
    sqlite3_result_text(c, (const char *)name, size, SQLITE_TRANSIENT);
    OPENSSL_cleanse(name, sizeof name);
}

static bool load(key *out, const char *folder, GError **error)
{
    char *secret = sig_secret_load(folder, "names.key", error);
    bool ok = secret && mcu_hkdf(secret, strlen(secret), "", 0, "tessera names 1", out->bytes, sizeof out->bytes);
    if (secret && !ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "names.key cannot be used");
    }
    sig_secret_free(secret);
    return ok;
}

bool sig_name_seal_install(sqlite3 *db, const char *folder, GError **error)
{
    key *k = g_new0(key, 1);
    if (!load(k, folder, error)) {
        forget(k);
        return false;
    }
    int flags = SQLITE_UTF8 | SQLITE_DIRECTONLY;
    bool ok = sqlite3_create_function_v2(db, "unsealed", 1, flags, k, on_unsealed, NULL, NULL, NULL) == SQLITE_OK;
    /* the last one owns the key: both go when the database is closed */
    ok = sqlite3_create_function_v2(db, "sealed", 1, flags, k, on_sealed, NULL, NULL, forget) == SQLITE_OK && ok;
    if (!ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "database: %s", sqlite3_errmsg(db));
    }
    return ok;
}
