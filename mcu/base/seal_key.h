/* seal_key.h - the key of a sealed segment, wrapped to an X25519 public key: ephemeral ECDH, HKDF-SHA-256, AES-256-GCM.
 * Thread: any. A segment file begins with its key page: two slots, the valid one of the higher generation counts. So a key can be
 * wrapped anew or shredded without touching media, and a power cut leaves one whole slot. */
#ifndef MCU_BASE_SEAL_KEY_H
#define MCU_BASE_SEAL_KEY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/status.h"

#define MCU_SEAL_KEY 32
#define MCU_SEAL_KID_MAX 32
#define MCU_KEY_SLOT 4096
#define MCU_KEY_PAGE (2 * MCU_KEY_SLOT)

typedef struct {
    char kid[MCU_SEAL_KID_MAX + 1]; /* which public key: the owner's name for it */
    uint32_t generation;            /* 1 = as recorded, one more each time it is wrapped anew */
    uint8_t ephemeral[MCU_SEAL_KEY];
    uint8_t sealed[MCU_SEAL_KEY + 16];
} mcu_wrapped_key;

bool mcu_seal_pair_new(uint8_t private_key[MCU_SEAL_KEY], uint8_t public_key[MCU_SEAL_KEY]);
bool mcu_seal_public(const uint8_t private_key[MCU_SEAL_KEY], uint8_t public_key[MCU_SEAL_KEY]);

/* RFC 5869 with SHA-256. */
bool mcu_hkdf(const void *secret, size_t secret_size, const void *salt, size_t salt_size, const char *info, uint8_t *out,
              size_t out_size);

/* "RECORDING/SEGMENT": binds a wrapped key to its place. `text` has room for MCU_SEAL_CONTEXT. */
#define MCU_SEAL_CONTEXT 48
char *mcu_seal_context(const char *recording, uint32_t segment, char text[MCU_SEAL_CONTEXT]);

/* False when `public_key` is no usable point. `generation` is left to the caller. */
bool mcu_key_wrap(mcu_wrapped_key *out, const uint8_t public_key[MCU_SEAL_KEY], const char *kid, const char *context,
                  const uint8_t key[MCU_SEAL_KEY]);
/* False: wrapped for somebody else, for another place, or damaged. */
bool mcu_key_unwrap(const mcu_wrapped_key *w, const uint8_t private_key[MCU_SEAL_KEY], const char *context,
                    uint8_t key[MCU_SEAL_KEY]);

/* The page at the beginning of an open file. Write: into the slot of its generation, not synced. */
bool mcu_key_page_write(int fd, const mcu_wrapped_key *w);
/* MCU_OK; MCU_ENOSUP: shredded; MCU_EINVAL: no valid slot. */
mcu_status mcu_key_page_read(int fd, mcu_wrapped_key *w);
/* Whether every byte of both slots is as one of these functions leaves it. */
bool mcu_key_page_check(const uint8_t page[MCU_KEY_PAGE]);
mcu_status mcu_key_page_parse(const uint8_t page[MCU_KEY_PAGE], mcu_wrapped_key *w);
/* Unwraps with the old private key, wraps to the new public one, syncs, then wipes the old slot and syncs. */
bool mcu_key_page_rewrap(int fd, const uint8_t old_private[MCU_SEAL_KEY], const uint8_t new_public[MCU_SEAL_KEY],
                         const char *new_kid, const char *context, GError **error);
/* Overwrites both slots and syncs: nobody can read the segment again. The chain of the media stays provable. */
bool mcu_key_page_shred(int fd, GError **error);

#endif
