/* seal.h - payloads of one segment under its data key: AES-256-GCM with the record's index and last flag in the nonce.
 * Thread: its owner's. The key is wiped with the object. */
#ifndef RECORDER_SEAL_H
#define RECORDER_SEAL_H

#include <stddef.h>

#include "mcu/base/seal_key.h"
#include "mcu/base/signing.h"
#include "recorder/record.h"

#define REC_SALT 32

typedef struct rec_seal rec_seal;

/* `context` as of mcu_seal_context(). NULL only when OpenSSL fails. */
rec_seal *rec_seal_new(const uint8_t data_key[MCU_SEAL_KEY], const uint8_t salt[REC_SALT], const char *context,
                       const uint8_t header_hash[MCU_HASH]);
void rec_seal_free(rec_seal *s); /* NULL is fine */

/* `out` has r->size bytes, REC_TAG more than `plain`. */
bool rec_seal_close(rec_seal *s, const rec_record *r, const void *plain, uint8_t *out);
/* `out` has r->size - REC_TAG bytes; false: changed, moved, or another key. Nothing of it may be used then. */
bool rec_seal_open(rec_seal *s, const rec_record *r, const uint8_t *sealed, uint8_t *out);

/* The key check value of a header: AES-GCM alone would open under more than one key. */
bool rec_key_check(const uint8_t data_key[MCU_SEAL_KEY], const uint8_t salt[REC_SALT], uint8_t out[MCU_HASH]);

#endif
