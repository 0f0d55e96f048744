/* dialog.h - what it takes to go on speaking in a dialog after this process has ended: Call-ID, tags, where to, by which way
 * (RFC 3261 12).  Thread: the loop's. The gateway keeps it as JSON, which is opaque to it; the numbers in it are written nowhere.
 */
#ifndef SIGNALING_PHONE_DIALOG_H
#define SIGNALING_PHONE_DIALOG_H

#include <jansson.h>
#include <sofia-sip/sip.h>
#include <stdbool.h>

/* From what the other side sent first: the caller's INVITE, or the callee's 200. Replaces *dialog. */
void tel_dialog_note_way(json_t **dialog, const sip_t *sip, bool caller);
/* From the message that has both tags: the ACK of a caller, or the 200. */
void tel_dialog_note_names(json_t *dialog, const sip_t *sip, bool caller);
bool tel_dialog_is_whole(const json_t *dialog);

#endif
