/* audit_file.h - DATA/audit.log on the disk: appends records in groups, each group synced before anybody hears of it.
 * Thread: one at a time; the store's after sig_store_start(). Form of a line: audit_chain.h. */
#ifndef SIGNALING_AUDIT_FILE_H
#define SIGNALING_AUDIT_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "mcu/base/audit_chain.h"

#define SIG_AUDIT_FILE "audit.log"

typedef struct sig_audit_file sig_audit_file;
/* Makes the file (0600) or goes on after its last whole line; half a line at its end, as a crash leaves it, is cut off. The key
 * must live longer. */
sig_audit_file *sig_audit_file_open(const char *folder, const uint8_t private_key[MCU_SIGN_KEY], GError **error);
void sig_audit_file_close(sig_audit_file *f);

/* Adds to the present group; `members` as mcu_audit_line() takes them. Returns the record's number. */
uint64_t sig_audit_file_add(sig_audit_file *f, const char *members);
/* Writes and syncs the group. False = none of it is there: the file ends as it did before. */
bool sig_audit_file_flush(sig_audit_file *f);
/* Of what is on the disk. */
const mcu_audit_head *sig_audit_file_head(const sig_audit_file *f);

/* Checks a whole file; writes what it found to `out`. `head` NULL or "SEQ:HASH", which the file must hold. Half a line at the end
 * is said and is no fault. */
bool sig_audit_verify(const char *path, const uint8_t public_key[MCU_SIGN_KEY], const char *head, FILE *out);

#endif
