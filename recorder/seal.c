#include "recorder/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "mcu/base/bytes.h"

#define NONCE 12
#define AAD (REC_RECORD_HEAD + MCU_HASH)

struct rec_seal {
    EVP_CIPHER_CTX *cipher;
    uint8_t key[MCU_SEAL_KEY];
    uint8_t header_hash[MCU_HASH];
};

rec_seal *rec_seal_new(const uint8_t data_key[MCU_SEAL_KEY], const uint8_t salt[REC_SALT], const char *context,
                       const uint8_t header_hash[MCU_HASH])
{
    g_autofree char *info = g_strdup_printf("tessera media 1 %s", context);
    rec_seal *s = g_new0(rec_seal, 1);
    memcpy(s->header_hash, header_hash, MCU_HASH);
    s->cipher = EVP_CIPHER_CTX_new();
    if (s->cipher == NULL || !mcu_hkdf(data_key, MCU_SEAL_KEY, salt, REC_SALT, info, s->key, sizeof s->key)) {
        g_clear_pointer(&s, rec_seal_free);
    }
    return s;
}

void rec_seal_free(rec_seal *s)
{
    if (s != NULL) {
        EVP_CIPHER_CTX_free(s->cipher);
        OPENSSL_cleanse(s->key, sizeof s->key);
        g_free(s);
    }
}

static void nonce_of(const rec_record *r, uint8_t nonce[NONCE])
{
    memset(nonce, 0, NONCE);
    mcu_wr32(nonce + 7, r->index);
    nonce[11] = (r->flags & REC_FLAG_LAST) != 0;
}

static void aad_of(const rec_seal *s, const rec_record *r, uint8_t aad[AAD])
{
    rec_record_pack(r, aad);
    memcpy(aad + REC_RECORD_HEAD, s->header_hash, MCU_HASH);
}

bool rec_seal_close(rec_seal *s, const rec_record *r, const void *plain, uint8_t *out)
{
    uint8_t nonce[NONCE], aad[AAD];
    size_t size = r->size - REC_TAG;
    int n = 0, done = 0;
    nonce_of(r, nonce);
    aad_of(s, r, aad);
    return EVP_EncryptInit_ex2(s->cipher, EVP_aes_256_gcm(), s->key, nonce, NULL) == 1 &&
           EVP_EncryptUpdate(s->cipher, NULL, &n, aad, AAD) == 1 &&
           (size == 0 || EVP_EncryptUpdate(s->cipher, out, &done, plain, (int)size) == 1) &&
           EVP_EncryptFinal_ex(s->cipher, out + done, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, REC_TAG, out + size) == 1;
}

bool rec_seal_open(rec_seal *s, const rec_record *r, const uint8_t *sealed, uint8_t *out)
{
    uint8_t nonce[NONCE], aad[AAD], tag[REC_TAG];
    if (r->size < REC_TAG) {
        return false;
    }
    size_t size = r->size - REC_TAG;
    int n = 0, done = 0;
    nonce_of(r, nonce);
    aad_of(s, r, aad);
    memcpy(tag, sealed + size, REC_TAG);
    return EVP_DecryptInit_ex2(s->cipher, EVP_aes_256_gcm(), s->key, nonce, NULL) == 1 &&
           EVP_DecryptUpdate(s->cipher, NULL, &n, aad, AAD) == 1 &&
           (size == 0 || EVP_DecryptUpdate(s->cipher, out, &done, sealed, (int)size) == 1) &&
           EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_SET_TAG, REC_TAG, tag) == 1 &&
           EVP_DecryptFinal_ex(s->cipher, out + done, &n) == 1;
}

bool rec_key_check(const uint8_t data_key[MCU_SEAL_KEY], const uint8_t salt[REC_SALT], uint8_t out[MCU_HASH])
{
    return mcu_hkdf(data_key, MCU_SEAL_KEY, salt, REC_SALT, "tessera key check 1", out, MCU_HASH);
}
