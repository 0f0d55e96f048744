/* store.h - the files of one recording as they lie in folders, opened, proven and in order.  Thread: its owner's. */
#ifndef RECORDER_STORE_H
#define RECORDER_STORE_H

#include "recorder/reader.h"

typedef struct {
    char *path, *name;
    int fd;
    rec_reader *reader; /* NULL: it is no segment that can be read; `why` says why */
    char *why;
} rec_store_segment;

typedef struct {
    GArray *segments;  /* rec_store_segment by segment number; unreadable ones at the end */
    json_t *manifest;  /* NULL = none */
    json_t *tombstone; /* that says the keys were shredded; NULL = none */
    bool index;        /* opened by rec_store_open_index() */
    bool whole;        /* a folder was named: all segments have to be there */
    char *folder;      /* of the first path that is a folder, or of the first file; where a manifest is or goes */
} rec_store;

/* Each path is a folder (its *.tsr), a segment or a manifest.json (its folder). Empty files are left out: they were never used.
 */
rec_store *rec_store_open(const char *const *paths, unsigned n, const uint8_t *gateway, GError **error);
/* The same with rec_reader_new_index(): at once, however long it is, and proves nothing. */
rec_store *rec_store_open_index(const char *const *paths, unsigned n, GError **error);
void rec_store_free(rec_store *s);

rec_store_segment *rec_store_at(const rec_store *s, unsigned i);
unsigned rec_store_count(const rec_store *s);

#endif
