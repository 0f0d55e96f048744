/* manifest.h - what a recording says about itself, from its files alone, and whether files, manifest and anchors agree.  Thread:
 * any. */
#ifndef RECORDER_MANIFEST_H
#define RECORDER_MANIFEST_H

#include "recorder/store.h"

/* The manifest of format.md, unsigned; what the store's own one lists and is not there is listed as missing. NULL with error when
 * there is no segment, or they are not of one recording. */
json_t *rec_manifest_make(const rec_store *s, GError **error);
/* Into the store's folder: a new file, synced, renamed over the old one, folder synced. */
bool rec_manifest_write(const rec_store *s, const json_t *manifest, GError **error);

typedef enum {
    REC_VERDICT_NONE = 0,
    REC_VERDICT_COMPLETE,    /* everything is there and as it was written */
    REC_VERDICT_OPEN,        /* what is there is so, and nobody else's word was given for where it ends */
    REC_VERDICT_INTERRUPTED, /* what is there is as it was written; a segment has no end, as after a crash */
    REC_VERDICT_TAMPERED,    /* changed, cut below what is known to have been there, taken out, or put in */
} rec_verdict;

typedef struct {
    const uint8_t *gateway; /* the key that has to stand behind it all; NULL = nobody's word counts, only the chains */
    const json_t *anchors;  /* array of heads (mcu_chain_head_json()) that were told to others, or NULL */
    int64_t segment;        /* it alone; -1 = all, their order, manifest and tombstone too */
} rec_question;

/* `findings` gets one line of text for each thing that is wrong, and for each segment how far it is proven. `wrong` (NULL is
 * fine) gets those that speak against the recording; they belong to `findings`. */
rec_verdict rec_judge(const rec_store *s, const rec_question *q, GPtrArray *findings, GPtrArray *wrong);
rec_verdict rec_verify(const rec_store *s, const uint8_t gateway[MCU_SIGN_KEY], const json_t *anchors, GPtrArray *findings);

#endif
