/* phone_seal.h - telephone numbers as only this server can read them, and PINs as nobody can.  Thread: the gateway's loop.
 * AES-256-GCM and HMAC-SHA-256 with the key in DATA/phone.key (0600). */
#ifndef SIGNALING_PHONE_SEAL_H
#define SIGNALING_PHONE_SEAL_H

#include <glib.h>
#include <stdbool.h>

#include "signaling/dial_plan.h"
#include "signaling/store.h"

typedef struct sig_seal sig_seal;
sig_seal *sig_seal_new(const char *folder, GError **error); /* makes the key at the first start */
void sig_seal_free(sig_seal *s);

bool sig_seal_number(const sig_seal *s, const char *number, char out[SIG_SEALED_MAX + 1]);
bool sig_seal_open(const sig_seal *s, const char *sealed, char number[SIG_NUMBER_MAX + 1]); /* false = not ours, or damaged */
void sig_seal_pin(const sig_seal *s, const char *pin, char key[SIG_KEY_MAX + 1]);

#endif
