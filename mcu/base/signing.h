/* signing.h - Ed25519 (RFC 8032) as recordings use it: what a room process signs, what the gateway certifies, signed JSON.
 * Thread: any. Keys are raw 32-byte values; who holds a private one wipes it with OPENSSL_cleanse. */
#ifndef MCU_BASE_SIGNING_H
#define MCU_BASE_SIGNING_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MCU_SIGN_KEY 32
#define MCU_SIGNATURE 64
#define MCU_HASH 32
#define MCU_RECORDING_ID_MAX 32

bool mcu_sign_key_new(uint8_t private_key[MCU_SIGN_KEY], uint8_t public_key[MCU_SIGN_KEY]);
bool mcu_sign_public(const uint8_t private_key[MCU_SIGN_KEY], uint8_t public_key[MCU_SIGN_KEY]);
bool mcu_sign(const uint8_t private_key[MCU_SIGN_KEY], const void *data, size_t size, uint8_t signature[MCU_SIGNATURE]);
bool mcu_sign_check(const uint8_t public_key[MCU_SIGN_KEY], const void *data, size_t size,
                    const uint8_t signature[MCU_SIGNATURE]);

/* The gateway's word that `key` belongs to the process that records `recording` in `room`. */
typedef struct {
    char recording[MCU_RECORDING_ID_MAX + 1], room[MCU_RECORDING_ID_MAX + 1];
    int64_t issued_ms; /* wall clock */
    uint8_t key[MCU_SIGN_KEY];
    uint8_t issuer[MCU_SIGN_KEY];
    uint8_t signature[MCU_SIGNATURE];
} mcu_room_certificate;

/* Fills `issuer` and `signature`; everything else is set. */
bool mcu_room_certificate_sign(mcu_room_certificate *c, const uint8_t gateway_private[MCU_SIGN_KEY]);
bool mcu_room_certificate_check(const mcu_room_certificate *c, const uint8_t gateway_public[MCU_SIGN_KEY]);
json_t *mcu_room_certificate_json(const mcu_room_certificate *c);            /* caller's reference */
bool mcu_room_certificate_read(mcu_room_certificate *c, const json_t *json); /* form only: check it afterwards */

/* How far a segment has come: the hash of all up to and with record `record`, signed by the process that wrote it. */
typedef struct {
    char recording[MCU_RECORDING_ID_MAX + 1];
    uint32_t segment, record, fragments;
    int64_t media_ns; /* media in the segment so far */
    uint8_t hash[MCU_HASH];
    uint8_t signature[MCU_SIGNATURE];
} mcu_chain_head;

bool mcu_chain_head_sign(mcu_chain_head *h, const uint8_t room_private[MCU_SIGN_KEY]);
bool mcu_chain_head_check(const mcu_chain_head *h, const uint8_t room_public[MCU_SIGN_KEY]);
json_t *mcu_chain_head_json(const mcu_chain_head *h); /* recording, segment, record, fragments, media_ms, hash, signature */
bool mcu_chain_head_read(mcu_chain_head *h, const json_t *json);

/* Signs an object as it is now, without its member "signatures", in sorted compact form; adds signatures.WHO = {key, signature}.
 */
bool mcu_json_sign(json_t *object, const char *who, const uint8_t private_key[MCU_SIGN_KEY]);
/* Whether signatures.WHO is there, by this key, and over what the object holds. */
bool mcu_json_check(const json_t *object, const char *who, const uint8_t public_key[MCU_SIGN_KEY]);

#endif
