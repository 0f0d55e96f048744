/* audit_chain.h - the form of the audit trail: one JSON object a line, bound to the line before by its hash, and signed.
 * Thread: any; pure.
 *   {"seq":7,"at":1795662000123,"event":"done",...,"prev":"SHA-256 of the line before, hex","sig":"Ed25519, hex"}
 * The signature covers a context string and the line up to `,"sig"`; the hash covers the line without its line end, the first
 * line's `prev` is all zeros. So every record is a signed head of all before it. */
#ifndef MCU_BASE_AUDIT_CHAIN_H
#define MCU_BASE_AUDIT_CHAIN_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/signing.h"

#define MCU_AUDIT_HASH 64 /* hex digits */
#define MCU_AUDIT_LINE_MAX 16384

typedef struct {
    uint64_t seq; /* of the last line; 0 = none yet */
    char hash[MCU_AUDIT_HASH + 1];
} mcu_audit_head;

void mcu_audit_begin(mcu_audit_head *head);
/* The next line, with its end. `members` is what stands between the braces of a JSON object, without seq, prev and sig, shorter
 * than MCU_AUDIT_LINE_MAX - 512. Moves `head` on. Free with g_free. */
char *mcu_audit_line(mcu_audit_head *head, const char *members, const uint8_t private_key[MCU_SIGN_KEY]);

/* Whether `line` (without its end) follows `head` and is signed; moves `head` on. Else a word on what is wrong: "signature",
 * "order", "hash", "form". NULL = good. */
const char *mcu_audit_check(mcu_audit_head *head, const char *line, size_t length, const uint8_t public_key[MCU_SIGN_KEY]);
/* Takes a line for the newest, whatever it is worth: what a writer goes on from. */
void mcu_audit_resume(mcu_audit_head *head, const char *line, size_t length);

#endif
