#include "mcu/base/signing.h"

#include <glib.h>
#include <openssl/evp.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/hex.h"
#include "mcu/base/media.h"

bool mcu_sign_public(const uint8_t private_key[MCU_SIGN_KEY], uint8_t public_key[MCU_SIGN_KEY])
{
    size_t size = MCU_SIGN_KEY;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, MCU_SIGN_KEY);
    bool ok = key != NULL && EVP_PKEY_get_raw_public_key(key, public_key, &size) == 1 && size == MCU_SIGN_KEY;
    EVP_PKEY_free(key);
    return ok;
}

bool mcu_sign_key_new(uint8_t private_key[MCU_SIGN_KEY], uint8_t public_key[MCU_SIGN_KEY])
{
    mcu_random(private_key, MCU_SIGN_KEY); /* RFC 8032 5.1.5: any 32 bytes */
    return mcu_sign_public(private_key, public_key);
}

bool mcu_sign(const uint8_t private_key[MCU_SIGN_KEY], const void *data, size_t size, uint8_t signature[MCU_SIGNATURE])
{
    size_t length = MCU_SIGNATURE;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, MCU_SIGN_KEY);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = key != NULL && context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestSign(context, signature, &length, data, size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return ok;
}

bool mcu_sign_check(const uint8_t public_key[MCU_SIGN_KEY], const void *data, size_t size, const uint8_t signature[MCU_SIGNATURE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, MCU_SIGN_KEY);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = key != NULL && context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
              EVP_DigestVerify(context, signature, MCU_SIGNATURE, data, size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return ok;
}

/* ---- certificates ---- */

/* What is signed is text with a name of its own: no statement can be taken for one of another kind. */
static char *certificate_text(const mcu_room_certificate *c)
{
    char key[2 * MCU_SIGN_KEY + 1];
    return g_strdup_printf("tessera room certificate 1\n%s\n%s\n%" G_GINT64_FORMAT "\n%s\n", c->recording, c->room, c->issued_ms,
                           mcu_hex(c->key, sizeof c->key, key));
}

bool mcu_room_certificate_sign(mcu_room_certificate *c, const uint8_t gateway_private[MCU_SIGN_KEY])
{
    g_autofree char *text = certificate_text(c);
    return mcu_sign_public(gateway_private, c->issuer) && mcu_sign(gateway_private, text, strlen(text), c->signature);
}

bool mcu_room_certificate_check(const mcu_room_certificate *c, const uint8_t gateway_public[MCU_SIGN_KEY])
{
    g_autofree char *text = certificate_text(c);
    return memcmp(c->issuer, gateway_public, MCU_SIGN_KEY) == 0 &&
           mcu_sign_check(gateway_public, text, strlen(text), c->signature);
}

json_t *mcu_room_certificate_json(const mcu_room_certificate *c)
{
    char key[2 * MCU_SIGN_KEY + 1], issuer[2 * MCU_SIGN_KEY + 1], signature[2 * MCU_SIGNATURE + 1];
    return json_pack("{ss ss sI ss ss ss}", "recording", c->recording, "room", c->room, "issued_ms", (json_int_t)c->issued_ms,
                     "key", mcu_hex(c->key, sizeof c->key, key), "issuer", mcu_hex(c->issuer, sizeof c->issuer, issuer),
                     "signature", mcu_hex(c->signature, sizeof c->signature, signature));
}

static bool read_id(const json_t *json, const char *member, char id[MCU_RECORDING_ID_MAX + 1])
{
    const char *text = json_string_value(json_object_get(json, member));
    return text != NULL && text[0] != '\0' && g_strlcpy(id, text, MCU_RECORDING_ID_MAX + 1) <= MCU_RECORDING_ID_MAX &&
           strchr(text, '\n') == NULL;
}

static bool read_hex(const json_t *json, const char *member, void *data, size_t size)
{
    return mcu_unhex(json_string_value(json_object_get(json, member)), data, size);
}

bool mcu_room_certificate_read(mcu_room_certificate *c, const json_t *json)
{
    *c = (mcu_room_certificate){.issued_ms = json_integer_value(json_object_get(json, "issued_ms"))};
    return read_id(json, "recording", c->recording) && read_id(json, "room", c->room) &&
           json_is_integer(json_object_get(json, "issued_ms")) && read_hex(json, "key", c->key, sizeof c->key) &&
           read_hex(json, "issuer", c->issuer, sizeof c->issuer) &&
           read_hex(json, "signature", c->signature, sizeof c->signature);
}

/* ---- heads ---- */

static char *head_text(const mcu_chain_head *h)
{
    char hash[2 * MCU_HASH + 1];
    return g_strdup_printf("tessera recording head 1\n%s\n%u\n%u\n%u\n%" G_GINT64_FORMAT "\n%s\n", h->recording, h->segment,
                           h->record, h->fragments, h->media_ns / MCU_NS_PER_MS, mcu_hex(h->hash, sizeof h->hash, hash));
}

bool mcu_chain_head_sign(mcu_chain_head *h, const uint8_t room_private[MCU_SIGN_KEY])
{
    g_autofree char *text = head_text(h);
    return mcu_sign(room_private, text, strlen(text), h->signature);
}

bool mcu_chain_head_check(const mcu_chain_head *h, const uint8_t room_public[MCU_SIGN_KEY])
{
    g_autofree char *text = head_text(h);
    return mcu_sign_check(room_public, text, strlen(text), h->signature);
}

json_t *mcu_chain_head_json(const mcu_chain_head *h)
{
    char hash[2 * MCU_HASH + 1], signature[2 * MCU_SIGNATURE + 1];
    return json_pack("{ss sI sI sI sI ss ss}", "recording", h->recording, "segment", (json_int_t)h->segment, "record",
                     (json_int_t)h->record, "fragments", (json_int_t)h->fragments, "media_ms",
                     (json_int_t)(h->media_ns / MCU_NS_PER_MS), "hash", mcu_hex(h->hash, sizeof h->hash, hash), "signature",
                     mcu_hex(h->signature, sizeof h->signature, signature));
}

static bool read_number(const json_t *json, const char *member, uint32_t *out)
{
    const json_t *value = json_object_get(json, member);
    json_int_t n = json_integer_value(value);
    *out = (uint32_t)n;
    return json_is_integer(value) && n >= 0 && n <= UINT32_MAX;
}

bool mcu_chain_head_read(mcu_chain_head *h, const json_t *json)
{
    json_int_t media_ms = json_integer_value(json_object_get(json, "media_ms"));
    *h = (mcu_chain_head){.media_ns = media_ms >= 0 && media_ms <= INT64_MAX / MCU_NS_PER_MS ? media_ms * MCU_NS_PER_MS : -1};
    return h->media_ns >= 0 && read_id(json, "recording", h->recording) && read_number(json, "segment", &h->segment) &&
           read_number(json, "record", &h->record) && read_number(json, "fragments", &h->fragments) &&
           read_hex(json, "hash", h->hash, sizeof h->hash) && read_hex(json, "signature", h->signature, sizeof h->signature);
}

/* ---- signed JSON ---- */

static char *canonical(const json_t *object)
{
    json_t *copy = json_copy((json_t *)object); /* jansson asks for a mutable one and leaves it alone */
    json_object_del(copy, "signatures");
    char *text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    json_decref(copy);
    return text;
}

bool mcu_json_sign(json_t *object, const char *who, const uint8_t private_key[MCU_SIGN_KEY])
{
    uint8_t signature[MCU_SIGNATURE], public_key[MCU_SIGN_KEY];
    char signature_text[2 * MCU_SIGNATURE + 1], key_text[2 * MCU_SIGN_KEY + 1];
    char *text = canonical(object);
    bool ok = text != NULL && mcu_sign_public(private_key, public_key) && mcu_sign(private_key, text, strlen(text), signature);
    free(text);
    if (!ok) {
        return false;
    }
    json_t *all = json_object_get(object, "signatures");
    if (!json_is_object(all)) {
        all = json_object();
        json_object_set_new(object, "signatures", all);
    }
    return json_object_set_new(all, who,
                               json_pack("{ss ss}", "key", mcu_hex(public_key, sizeof public_key, key_text), "signature",
                                         mcu_hex(signature, sizeof signature, signature_text))) == 0;
}

bool mcu_json_check(const json_t *object, const char *who, const uint8_t public_key[MCU_SIGN_KEY])
{
    const json_t *one = json_object_get(json_object_get(object, "signatures"), who);
    uint8_t signature[MCU_SIGNATURE], key[MCU_SIGN_KEY];
    if (!read_hex(one, "key", key, sizeof key) || !read_hex(one, "signature", signature, sizeof signature) ||
        memcmp(key, public_key, sizeof key) != 0) {
        return false;
    }
    char *text = canonical(object);
    bool ok = text != NULL && mcu_sign_check(public_key, text, strlen(text), signature);
    free(text);
    return ok;
}
