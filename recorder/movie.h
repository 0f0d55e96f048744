/* movie.h - the segments of a recording as one plain fragmented MP4 that exists nowhere: its length is known and any part of it
 * can be read, decrypting only the fragments that it touches.  Thread: its owner's. The segments lie end to end: gaps between
 * them are not in the film, but in the manifest. */
#ifndef RECORDER_MOVIE_H
#define RECORDER_MOVIE_H

#include "recorder/reader.h"

typedef struct rec_movie rec_movie;

/* `readers` are unlocked, in order, borrowed until the film is freed. Fails when they differ in picture size: take one of them
 * then. */
rec_movie *rec_movie_new(rec_reader *const *readers, unsigned n, GError **error);
void rec_movie_free(rec_movie *m); /* NULL is fine */

/* How long a segment is in a film: 0 = it has no picture and is left out. */
int64_t rec_movie_hold_ns(const rec_reader *r);

uint64_t rec_movie_size(const rec_movie *m);
int64_t rec_movie_length_ns(const rec_movie *m);
/* Up to `size` bytes from `at`; how many were read, 0 at the end, -1 with error. */
ssize_t rec_movie_read(rec_movie *m, uint64_t at, void *out, size_t size, GError **error);

#endif
