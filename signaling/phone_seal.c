#include "signaling/phone_seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "signaling/secret_file.h"

#define KEY_BYTES 32
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define SEALED_BYTES (NONCE_BYTES + SIG_NUMBER_MAX + TAG_BYTES) /* padded: the length says nothing */

struct sig_seal {
    uint8_t number_key[KEY_BYTES], pin_key[KEY_BYTES];
};

static void derive(const char *secret, const char *purpose, uint8_t out[KEY_BYTES])
{
    unsigned size = KEY_BYTES;
    HMAC(EVP_sha256(), secret, (int)strlen(secret), (const uint8_t *)purpose, strlen(purpose), out, &size);
}

sig_seal *sig_seal_new(const char *folder, GError **error)
{
    char *secret = sig_secret_load(folder, "phone.key", error);
    if (!secret) {
        return NULL;
    }
    sig_seal *s = g_new0(sig_seal, 1);
    derive(secret, "number", s->number_key);
    derive(secret, "pin", s->pin_key);
    sig_secret_free(secret);
    return s;
}

void sig_seal_free(sig_seal *s)
{
    if (s) {
        OPENSSL_cleanse(s, sizeof *s);
        g_free(s);
    }
}

bool sig_seal_number(const sig_seal *s, const char *number, char out[SIG_SEALED_MAX + 1])
{
    uint8_t raw[SEALED_BYTES] = {0}, plain[SIG_NUMBER_MAX] = {0};
    int n = 0;
    out[0] = '\0';
    if (strlen(number) > SIG_NUMBER_MAX) {
        return false;
    }
    memcpy(plain, number, strlen(number));
    mcu_random(raw, NONCE_BYTES);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, s->number_key, raw) == 1 &&
              EVP_EncryptUpdate(c, raw + NONCE_BYTES, &n, plain, sizeof plain) == 1 && EVP_EncryptFinal_ex(c, raw, &n) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, raw + NONCE_BYTES + SIG_NUMBER_MAX) == 1;
    EVP_CIPHER_CTX_free(c);
    OPENSSL_cleanse(plain, sizeof plain);
    if (ok) {
        g_autofree char *text = g_base64_encode(raw, sizeof raw);
        g_strlcpy(out, text, SIG_SEALED_MAX + 1);
    }
    return ok;
}

bool sig_seal_open(const sig_seal *s, const char *sealed, char number[SIG_NUMBER_MAX + 1])
{
    gsize size = 0;
    int n = 0;
    uint8_t plain[SIG_NUMBER_MAX + 1] = {0};
    number[0] = '\0';
    g_autofree guchar *raw = *sealed ? g_base64_decode(sealed, &size) : NULL;
    if (size != SEALED_BYTES) {
        return false;
    }
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, s->number_key, raw) == 1 &&
              EVP_DecryptUpdate(c, plain, &n, raw + NONCE_BYTES, SIG_NUMBER_MAX) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, raw + NONCE_BYTES + SIG_NUMBER_MAX) == 1 &&
              EVP_DecryptFinal_ex(c, plain + n, &n) == 1;
    EVP_CIPHER_CTX_free(c);
    if (ok) {
        g_strlcpy(number, (const char *)plain, SIG_NUMBER_MAX + 1);
    }
    OPENSSL_cleanse(plain, sizeof plain);
    return ok;
}

void sig_seal_pin(const sig_seal *s, const char *pin, char key[SIG_KEY_MAX + 1])
{
    uint8_t mark[KEY_BYTES];
    unsigned size = sizeof mark;
    HMAC(EVP_sha256(), s->pin_key, KEY_BYTES, (const uint8_t *)pin, strlen(pin), mark, &size);
    for (unsigned i = 0; i < KEY_BYTES; i++) {
        g_snprintf(key + 2 * i, 3, "%02x", mark[i]);
    }
}
