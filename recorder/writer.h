/* writer.h - what the recorder's thread does with one item: cut, seal, write, go on in the next file.  Thread: the recorder's;
 * may wait for the disk. No clock and no thread of its own. */
#ifndef RECORDER_WRITER_H
#define RECORDER_WRITER_H

#include "recorder/queue.h"
#include "recorder/recorder.h"

typedef struct rec_writer rec_writer;

/* Callbacks as in recorder.h, on the caller's thread. */
rec_writer *rec_writer_new(const rec_config *config, const rec_callbacks *callbacks, void *user);
void rec_writer_free(rec_writer *w); /* what is not written is lost; the files stay as they are */

void rec_writer_item(rec_writer *w, rec_item *item); /* borrowed; a file and JSON are taken out of it */
void rec_writer_flush(rec_writer *w);                /* nothing came for a while: what there is goes to the disk */
bool rec_writer_waits(const rec_writer *w);          /* for a flush */

#endif
