#include "mcu/base/seal_key.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/bytes.h"
#include "mcu/base/clock.h"
#include "mcu/base/whole_io.h"

#define TAG 16
#define NONCE 12

static const char slot_magic[8] = "TSKEY01"; /* with its zero */
static const char gone_magic[8] = "TSGONE1";

bool mcu_seal_public(const uint8_t private_key[MCU_SEAL_KEY], uint8_t public_key[MCU_SEAL_KEY])
{
    size_t size = MCU_SEAL_KEY;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, MCU_SEAL_KEY);
    bool ok = key != NULL && EVP_PKEY_get_raw_public_key(key, public_key, &size) == 1 && size == MCU_SEAL_KEY;
    EVP_PKEY_free(key);
    return ok;
}

bool mcu_seal_pair_new(uint8_t private_key[MCU_SEAL_KEY], uint8_t public_key[MCU_SEAL_KEY])
{
    mcu_random(private_key, MCU_SEAL_KEY);
    return mcu_seal_public(private_key, public_key);
}

char *mcu_seal_context(const char *recording, uint32_t segment, char text[MCU_SEAL_CONTEXT])
{
    g_snprintf(text, MCU_SEAL_CONTEXT, "%s/%u", recording, segment);
    return text;
}

/* OpenSSL refuses the all-zero secret of a point of small order (RFC 7748 6.1). */
static bool agree(const uint8_t private_key[MCU_SEAL_KEY], const uint8_t public_key[MCU_SEAL_KEY], uint8_t secret[MCU_SEAL_KEY])
{
    size_t size = MCU_SEAL_KEY;
    EVP_PKEY *own = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, private_key, MCU_SEAL_KEY);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, public_key, MCU_SEAL_KEY);
    EVP_PKEY_CTX *context = own != NULL && peer != NULL ? EVP_PKEY_CTX_new(own, NULL) : NULL;
    bool ok = context != NULL && EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, peer) == 1 &&
              EVP_PKEY_derive(context, secret, &size) == 1 && size == MCU_SEAL_KEY;
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(own);
    EVP_PKEY_free(peer);
    return ok;
}

bool mcu_hkdf(const void *secret, size_t secret_size, const void *salt, size_t salt_size, const char *info, uint8_t *out,
              size_t out_size)
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);
    bool ok = c != NULL && EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_CTX_set_hkdf_md(c, EVP_sha256()) == 1 &&
              EVP_PKEY_CTX_set1_hkdf_salt(c, salt, (int)salt_size) == 1 &&
              EVP_PKEY_CTX_set1_hkdf_key(c, secret, (int)secret_size) == 1 &&
              EVP_PKEY_CTX_add1_hkdf_info(c, (const unsigned char *)info, (int)strlen(info)) == 1 &&
              EVP_PKEY_derive(c, out, &out_size) == 1;
    EVP_PKEY_CTX_free(c);
    return ok;
}

/* The key that wraps: of both sides' public keys and of the place. */
static bool wrapping_key(const uint8_t secret[MCU_SEAL_KEY], const uint8_t ephemeral[MCU_SEAL_KEY],
                         const uint8_t recipient[MCU_SEAL_KEY], const char *context, uint8_t key[MCU_SEAL_KEY])
{
    uint8_t salt[2 * MCU_SEAL_KEY];
    memcpy(salt, ephemeral, MCU_SEAL_KEY);
    memcpy(salt + MCU_SEAL_KEY, recipient, MCU_SEAL_KEY);
    g_autofree char *info = g_strdup_printf("tessera key wrap 1 %s", context);
    return mcu_hkdf(secret, MCU_SEAL_KEY, salt, sizeof salt, info, key, MCU_SEAL_KEY);
}

/* Each wrapping key is used once, so the nonce may be zero. */
static const uint8_t no_nonce[NONCE];

bool mcu_key_wrap(mcu_wrapped_key *out, const uint8_t public_key[MCU_SEAL_KEY], const char *kid, const char *context,
                  const uint8_t key[MCU_SEAL_KEY])
{
    uint8_t own[MCU_SEAL_KEY], secret[MCU_SEAL_KEY], with[MCU_SEAL_KEY];
    memset(out->kid, 0, sizeof out->kid);
    g_strlcpy(out->kid, kid, sizeof out->kid);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = c != NULL && mcu_seal_pair_new(own, out->ephemeral) && agree(own, public_key, secret) &&
              wrapping_key(secret, out->ephemeral, public_key, context, with) &&
              EVP_EncryptInit_ex2(c, EVP_aes_256_gcm(), with, no_nonce, NULL) == 1 &&
              EVP_EncryptUpdate(c, out->sealed, &n, key, MCU_SEAL_KEY) == 1 && EVP_EncryptFinal_ex(c, out->sealed + n, &n) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, TAG, out->sealed + MCU_SEAL_KEY) == 1;
    EVP_CIPHER_CTX_free(c);
    OPENSSL_cleanse(own, sizeof own);
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(with, sizeof with);
    return ok;
}

bool mcu_key_unwrap(const mcu_wrapped_key *w, const uint8_t private_key[MCU_SEAL_KEY], const char *context,
                    uint8_t key[MCU_SEAL_KEY])
{
    uint8_t own[MCU_SEAL_KEY], secret[MCU_SEAL_KEY], with[MCU_SEAL_KEY], tag[TAG];
    memcpy(tag, w->sealed + MCU_SEAL_KEY, TAG);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int n = 0;
    bool ok = c != NULL && mcu_seal_public(private_key, own) && agree(private_key, w->ephemeral, secret) &&
              wrapping_key(secret, w->ephemeral, own, context, with) &&
              EVP_DecryptInit_ex2(c, EVP_aes_256_gcm(), with, no_nonce, NULL) == 1 &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, TAG, tag) == 1 &&
              EVP_DecryptUpdate(c, key, &n, w->sealed, MCU_SEAL_KEY) == 1 && EVP_DecryptFinal_ex(c, key + n, &n) == 1;
    EVP_CIPHER_CTX_free(c);
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(with, sizeof with);
    if (!ok) {
        OPENSSL_cleanse(key, MCU_SEAL_KEY);
    }
    return ok;
}

/* ---- the page ----
 * A slot: magic 8, generation 4, kid 32 (zero-padded), ephemeral 32, sealed 48, SHA-256 of all that, zeros. */
enum { AT_GENERATION = 8, AT_KID = 12, AT_EPHEMERAL = 44, AT_SEALED = 76, AT_HASH = 124 };

static uint64_t slot_of(uint32_t generation)
{
    return generation % 2 == 1 ? 0 : MCU_KEY_SLOT;
}

bool mcu_key_page_write(int fd, const mcu_wrapped_key *w)
{
    uint8_t slot[MCU_KEY_SLOT] = {0};
    memcpy(slot, slot_magic, sizeof slot_magic);
    mcu_wr32(slot + AT_GENERATION, w->generation);
    memcpy(slot + AT_KID, w->kid, MCU_SEAL_KID_MAX);
    memcpy(slot + AT_EPHEMERAL, w->ephemeral, sizeof w->ephemeral);
    memcpy(slot + AT_SEALED, w->sealed, sizeof w->sealed);
    SHA256(slot, AT_HASH, slot + AT_HASH);
    return mcu_pwrite_whole(fd, slot, sizeof slot, slot_of(w->generation));
}

static bool parse_slot(const uint8_t *slot, mcu_wrapped_key *w)
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256(slot, AT_HASH, hash);
    if (memcmp(slot, slot_magic, sizeof slot_magic) != 0 || memcmp(hash, slot + AT_HASH, sizeof hash) != 0) {
        return false;
    }
    *w = (mcu_wrapped_key){.generation = mcu_rd32(slot + AT_GENERATION)};
    memcpy(w->kid, slot + AT_KID, MCU_SEAL_KID_MAX);
    memcpy(w->ephemeral, slot + AT_EPHEMERAL, sizeof w->ephemeral);
    memcpy(w->sealed, slot + AT_SEALED, sizeof w->sealed);
    return true;
}

mcu_status mcu_key_page_parse(const uint8_t page[MCU_KEY_PAGE], mcu_wrapped_key *w)
{
    mcu_wrapped_key second;
    bool has_first = parse_slot(page, w), has_second = parse_slot(page + MCU_KEY_SLOT, &second);
    if (has_second && (!has_first || second.generation > w->generation)) {
        *w = second;
    }
    if (has_first || has_second) {
        return MCU_OK;
    }
    bool gone =
        memcmp(page, gone_magic, sizeof gone_magic) == 0 || memcmp(page + MCU_KEY_SLOT, gone_magic, sizeof gone_magic) == 0;
    return gone ? MCU_ENOSUP : MCU_EINVAL;
}

static bool only_zeros(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool slot_is_clean(const uint8_t *slot)
{
    mcu_wrapped_key w;
    if (parse_slot(slot, &w)) {
        return only_zeros(slot + AT_HASH + SHA256_DIGEST_LENGTH, MCU_KEY_SLOT - AT_HASH - SHA256_DIGEST_LENGTH);
    }
    bool gone = memcmp(slot, gone_magic, sizeof gone_magic) == 0;
    return only_zeros(slot + (gone ? sizeof gone_magic : 0), MCU_KEY_SLOT - (gone ? sizeof gone_magic : 0));
}

bool mcu_key_page_check(const uint8_t page[MCU_KEY_PAGE])
{
    return slot_is_clean(page) && slot_is_clean(page + MCU_KEY_SLOT);
}

mcu_status mcu_key_page_read(int fd, mcu_wrapped_key *w)
{
    uint8_t page[MCU_KEY_PAGE];
    if (mcu_pread_whole(fd, page, sizeof page, 0) != sizeof page) {
        return MCU_EINVAL;
    }
    return mcu_key_page_parse(page, w);
}

static bool fail(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "%s", what);
    return false;
}

/* Overwritten with random bytes, then with the mark and zeros: what stands there in the end can be checked. */
static bool wipe_slot(int fd, off_t at)
{
    uint8_t slot[MCU_KEY_SLOT];
    mcu_random(slot, sizeof slot);
    if (!mcu_pwrite_whole(fd, slot, sizeof slot, at) || fdatasync(fd) != 0) {
        return false;
    }
    memset(slot, 0, sizeof slot);
    memcpy(slot, gone_magic, sizeof gone_magic);
    return mcu_pwrite_whole(fd, slot, sizeof slot, at);
}

bool mcu_key_page_rewrap(int fd, const uint8_t old_private[MCU_SEAL_KEY], const uint8_t new_public[MCU_SEAL_KEY],
                         const char *new_kid, const char *context, GError **error)
{
    mcu_wrapped_key old, fresh = {0};
    uint8_t key[MCU_SEAL_KEY];
    if (mcu_key_page_read(fd, &old) != MCU_OK || !mcu_key_unwrap(&old, old_private, context, key)) {
        return fail(error, "the segment's key cannot be unwrapped with this private key");
    }
    bool wrapped = mcu_key_wrap(&fresh, new_public, new_kid, context, key);
    OPENSSL_cleanse(key, sizeof key);
    fresh.generation = old.generation + 1;
    if (!wrapped) {
        return fail(error, "the new public key is unusable");
    }
    if (!mcu_key_page_write(fd, &fresh) || fdatasync(fd) != 0 || !wipe_slot(fd, slot_of(old.generation)) || fdatasync(fd) != 0) {
        return fail(error, "the key page could not be written");
    }
    return true;
}

bool mcu_key_page_shred(int fd, GError **error)
{
    if (!wipe_slot(fd, 0) || !wipe_slot(fd, MCU_KEY_SLOT) || fsync(fd) != 0) {
        return fail(error, "the key page could not be overwritten");
    }
    return true;
}
