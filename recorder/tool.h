/* tool.h - what the commands of tessera-recording share.  Thread: main. */
#ifndef RECORDER_TOOL_H
#define RECORDER_TOOL_H

#include "recorder/movie.h"
#include "recorder/store.h"

typedef struct {
    const char *key, *anchors, *heads, *audit, *recording, *sign, *private_key, *keys, *out, *language, *to_key, *to_private,
        *ends, *kid;        /* option values or NULL */
    int64_t from, to, last; /* bytes; to -1 = the end; last >= 0 = so many before the end instead */
    int segment;            /* -1 = all */
    bool info, json;
    bool whole; /* nothing rather than a part */
    const char *const *paths;
    unsigned n_paths;
} tool_options;

enum { TOOL_TAMPERED = 1, TOOL_USAGE = 2, TOOL_PARTLY = 3 }; /* what the tool ends with */

/* Of the command argv[0]. False = it has said what is wrong. */
bool tool_options_parse(int argc, char **argv, tool_options *o);

/* What the options name, unlocked; the film's `*store` is the caller's and outlives it. `at_once`: by
 * rec_store_open_index(), else what is damaged and all behind it is left out. */
rec_store *tool_open_store(const tool_options *o, bool at_once, GError **error);
rec_movie *tool_open_movie(const tool_options *o, bool at_once, rec_store **store, GError **error);

/* 64 hexadecimal digits, or a file with them. */
bool tool_read_key(const char *text, uint8_t key[32], GError **error);
int tool_trouble(GError *take_error); /* says it; the status to end with */
int tool_verify(const tool_options *o);

/* Opens what the options name; proven against --key when it is given. */
rec_store *tool_open_proven(const tool_options *o, GError **error);
/* What is wrong with it by its chains and by whatever --key, --anchors, --heads and --audit say, a line each; NULL with error. */
GPtrArray *tool_wrongs(const tool_options *o, const rec_store *store, GError **error);
/* Says each of them, then `and_so`. */
void tool_say_wrongs(const GPtrArray *wrongs, const char *and_so);
/* With --whole: why nothing was made of it, an error. True = there is none. */
bool tool_is_whole(const tool_options *o, const GPtrArray *wrongs, GError **error);

int tool_manifest(const tool_options *o);
int tool_recover(const tool_options *o);

/* Heads of the recording (NULL = none) in the gateway's audit trail, added to the array. False = it cannot be read. */
bool tool_trail_heads(json_t *anchors, const char *path, const char *recording, GError **error);
/* Whether each line follows the one before and is signed by the gateway; says so in `findings`. Some 20,000 lines a second. */
bool tool_trail_check(const char *path, const uint8_t key[32], GPtrArray *findings, bool *broken, GError **error);

/* The first picture as JPEG, to the standard output. */
bool tool_poster(rec_movie *movie, GError **error);
/* WebVTT, to the standard output. `language` NULL or unknown = English. Names are known of segments that are unlocked. */
bool tool_chapters(const rec_store *store, const char *language);

/* The segments' keys from --private to --to or to the pair of --to-private, in place. */
bool tool_rewrap(const tool_options *o, GError **error);

/* Plain MP4 with AAC-LC, the pictures as they are. */
bool tool_export(rec_movie *movie, const char *path, GError **error);

#endif
