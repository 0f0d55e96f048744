/* audit_chain.h - the form of the audit trail: one JSON object a line, bound to the line before by its hash, and signed.
 * Thread: any; pure.
 *   {"seq":7,"at":1795662000123,"event":"done",...,"prev":"SHA-256 of the line before, hex","sig":"Ed25519, hex"}
 * The signature covers a context string and the line up to `,"sig"`; the hash covers the line without its line end, the first
 * line's `prev` is all zeros. So every record is a signed head of all before it. */
#ifndef SIGNALING_AUDIT_CHAIN_H
#define SIGNALING_AUDIT_CHAIN_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/signing.h"

#define SIG_CHAIN_HASH 64 /* hex digits */
#define SIG_CHAIN_LINE_MAX 16384

typedef struct {
    uint64_t seq; /* of the last line; 0 = none yet */
    char hash[SIG_CHAIN_HASH + 1];
} sig_chain_head;

void sig_chain_begin(sig_chain_head *head);
/* The next line, with its end. `members` is what stands between the braces of a JSON object, without seq, prev and sig, shorter
 * than SIG_CHAIN_LINE_MAX - 512. Moves `head` on. Free with g_free. */
char *sig_chain_line(sig_chain_head *head, const char *members, const uint8_t private_key[MCU_SIGN_KEY]);

/* Whether `line` (without its end) follows `head` and is signed; moves `head` on. Else a word on what is wrong: "signature",
 * "order", "hash", "form". NULL = good. */
const char *sig_chain_check(sig_chain_head *head, const char *line, size_t length, const uint8_t public_key[MCU_SIGN_KEY]);
/* Takes a line for the newest, whatever it is worth: what a writer goes on from. */
void sig_chain_resume(sig_chain_head *head, const char *line, size_t length);

#endif
