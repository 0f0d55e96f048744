#include "signaling/key_file.h"

#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/hex.h"
#include "mcu/base/seal_key.h"
#include "mcu/base/signing.h"
#include "mcu/base/status.h"
#include "signaling/secret_file.h"

_Static_assert(SIG_KEY_BYTES == MCU_SIGN_KEY && SIG_KEY_BYTES == MCU_SEAL_KEY && 2 * SIG_KEY_BYTES == SIG_SECRET_HEX,
               "all keys are 32 bytes");

static bool write_public(const sig_key_pair *k, const char *folder, const char *name, GError **error)
{
    char text[2 * SIG_KEY_BYTES + 2];
    g_autofree char *file = g_strconcat(name, ".pub", NULL), *path = g_build_filename(folder, file, NULL);
    uint8_t there[SIG_KEY_BYTES];
    if (sig_public_key_read(path, there, NULL) && memcmp(there, k->public_key, sizeof there) == 0) {
        return true;
    }
    mcu_hex(k->public_key, SIG_KEY_BYTES, text);
    text[2 * SIG_KEY_BYTES] = '\n';
    return sig_write_private(folder, file, text, 2 * SIG_KEY_BYTES + 1, error);
}

bool sig_key_pair_load(sig_key_pair *out, const char *folder, const char *name,
                       bool (*derive)(const uint8_t private_key[SIG_KEY_BYTES], uint8_t public_key[SIG_KEY_BYTES]),
                       GError **error)
{
    g_autofree char *file = g_strconcat(name, ".key", NULL);
    char *secret = sig_secret_load(folder, file, error);
    if (!secret) {
        return false;
    }
    bool ok = mcu_unhex(secret, out->private_key, SIG_KEY_BYTES) && derive(out->private_key, out->public_key);
    sig_secret_free(secret);
    if (!ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s/%s is no key", folder, file);
    }
    return ok && write_public(out, folder, name, error);
}

bool sig_key_public_load(uint8_t public_key[SIG_KEY_BYTES], const char *folder, const char *name,
                         bool (*derive)(const uint8_t private_key[SIG_KEY_BYTES], uint8_t public_key[SIG_KEY_BYTES]),
                         GError **error)
{
    g_autofree char *key = g_strconcat(folder, "/", name, ".key", NULL), *pub = g_strconcat(folder, "/", name, ".pub", NULL);
    if (access(key, F_OK) != 0 && access(pub, F_OK) == 0) {
        return sig_public_key_read(pub, public_key, error);
    }
    sig_key_pair pair = {0};
    bool ok = sig_key_pair_load(&pair, folder, name, derive, error);
    memcpy(public_key, pair.public_key, SIG_KEY_BYTES);
    sig_key_pair_clear(&pair);
    return ok;
}

void sig_key_pair_clear(sig_key_pair *k)
{
    OPENSSL_cleanse(k, sizeof *k);
}

bool sig_public_key_read(const char *path, uint8_t public_key[SIG_KEY_BYTES], GError **error)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, error)) {
        return false;
    }
    if (!mcu_unhex(g_strchomp(text), public_key, SIG_KEY_BYTES)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s is no public key: 64 digits in hexadecimal are", path);
        return false;
    }
    return true;
}
