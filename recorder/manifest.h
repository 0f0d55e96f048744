/* manifest.h - what a recording says about itself, from its files alone, and whether files, manifest and anchors agree.  Thread:
 * any. */
#ifndef RECORDER_MANIFEST_H
#define RECORDER_MANIFEST_H

#include "recorder/store.h"

/* The manifest of format.md, unsigned. NULL with error when there is no segment, or they are not of one recording. */
json_t *rec_manifest_make(const rec_store *s, GError **error);
/* Into the store's folder: a new file, synced, renamed over the old one, folder synced. */
bool rec_manifest_write(const rec_store *s, const json_t *manifest, GError **error);

typedef enum {
    REC_VERDICT_NONE = 0,
    REC_VERDICT_COMPLETE,    /* everything is there and as it was written */
    REC_VERDICT_INTERRUPTED, /* what is there is as it was written; a segment has no end, as after a crash */
    REC_VERDICT_TAMPERED,    /* changed, cut below what is known to have been there, taken out, or put in */
} rec_verdict;

/* `gateway` is the key that has to stand behind it all. `anchors`: array of heads (mcu_chain_head_json()) that were told to
 * others, or NULL. `findings` gets one line of text for each thing that is wrong, and for each segment how far it is proven. */
rec_verdict rec_verify(const rec_store *s, const uint8_t gateway[MCU_SIGN_KEY], const json_t *anchors, GPtrArray *findings);

#endif
