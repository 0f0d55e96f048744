/* tool.h - what the commands of tessera-recording share.  Thread: main. */
#ifndef RECORDER_TOOL_H
#define RECORDER_TOOL_H

#include "recorder/movie.h"
#include "recorder/store.h"

typedef struct {
    const char *key, *anchors, *sign, *private_key, *keys, *out; /* option values or NULL */
    int64_t from, to;                                            /* bytes; to -1 = the end */
    int segment;                                                 /* -1 = all */
    bool info;
    const char *const *paths;
    unsigned n_paths;
} tool_options;

/* The film of what the options name, unlocked; `*store` is the caller's and outlives it. */
rec_movie *tool_open_movie(const tool_options *o, rec_store **store, GError **error);

/* Plain MP4 with AAC-LC, the pictures as they are. */
bool tool_export(rec_movie *movie, const char *path, GError **error);

#endif
