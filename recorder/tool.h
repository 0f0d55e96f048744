/* tool.h - what the commands of tessera-recording share.  Thread: main. */
#ifndef RECORDER_TOOL_H
#define RECORDER_TOOL_H

#include "recorder/movie.h"
#include "recorder/store.h"

typedef struct {
    const char *key, *anchors, *heads, *audit, *sign, *private_key, *keys, *out, *language, *to_key,
        *kid;               /* option values or NULL */
    int64_t from, to, last; /* bytes; to -1 = the end; last >= 0 = so many before the end instead */
    int segment;            /* -1 = all */
    bool info, json;
    const char *const *paths;
    unsigned n_paths;
} tool_options;

/* What the options name, unlocked; the film's `*store` is the caller's and outlives it. `at_once`: by
 * rec_store_open_index(), else what is damaged and all behind it is left out. */
rec_store *tool_open_store(const tool_options *o, bool at_once, GError **error);
rec_movie *tool_open_movie(const tool_options *o, bool at_once, rec_store **store, GError **error);

/* 64 hexadecimal digits, or a file with them. */
bool tool_read_key(const char *text, uint8_t key[32], GError **error);
int tool_trouble(GError *take_error); /* says it; the status to end with */
int tool_verify(const tool_options *o);

/* Heads of the recording (NULL = none) in the gateway's audit trail, added to the array. False = it cannot be read. */
bool tool_trail_heads(json_t *anchors, const char *path, const char *recording, GError **error);
/* Whether each line follows the one before and is signed by the gateway; says so in `findings`. Some 20,000 lines a second. */
bool tool_trail_check(const char *path, const uint8_t key[32], GPtrArray *findings, bool *broken, GError **error);

/* The first picture as JPEG, to the standard output. */
bool tool_poster(rec_movie *movie, GError **error);
/* WebVTT, to the standard output. `language` NULL or unknown = English. Names are known of segments that are unlocked. */
bool tool_chapters(const rec_store *store, const char *language);

/* The segments' keys from --private to --to, in place. */
bool tool_rewrap(const tool_options *o, GError **error);

/* Plain MP4 with AAC-LC, the pictures as they are. */
bool tool_export(rec_movie *movie, const char *path, GError **error);

#endif
