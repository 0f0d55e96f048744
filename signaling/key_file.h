/* key_file.h - the server's own key pairs in the data folder: NAME.key (0600), made at the first start, and NAME.pub beside it
 * for who checks; 32 bytes each, in hexadecimal.  Thread: start only. */
#ifndef SIGNALING_KEY_FILE_H
#define SIGNALING_KEY_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define SIG_KEY_BYTES 32
#define SIG_GATEWAY_KEY "gateway"     /* Ed25519: signs the audit trail, certifies room processes */
#define SIG_RECORDING_KEY "recording" /* X25519: opens what rooms seal */

typedef struct {
    uint8_t private_key[SIG_KEY_BYTES], public_key[SIG_KEY_BYTES];
} sig_key_pair;

/* `derive` makes the public half: mcu_sign_public() or mcu_seal_public(). Wipe with sig_key_pair_clear(). */
bool sig_key_pair_load(sig_key_pair *out, const char *folder, const char *name,
                       bool (*derive)(const uint8_t private_key[SIG_KEY_BYTES], uint8_t public_key[SIG_KEY_BYTES]),
                       GError **error);
/* Only the public half, of a pair that is made at the first start. Without NAME.key, which may be kept elsewhere, NAME.pub is it.
 */
bool sig_key_public_load(uint8_t public_key[SIG_KEY_BYTES], const char *folder, const char *name,
                         bool (*derive)(const uint8_t private_key[SIG_KEY_BYTES], uint8_t public_key[SIG_KEY_BYTES]),
                         GError **error);
void sig_key_pair_clear(sig_key_pair *k);
/* A public key's file. */
bool sig_public_key_read(const char *path, uint8_t public_key[SIG_KEY_BYTES], GError **error);

#endif
