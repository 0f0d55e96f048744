/* writer_private.h - what writer.c and writer_segments.c share.  Thread: the recorder's. */
#ifndef RECORDER_WRITER_PRIVATE_H
#define RECORDER_WRITER_PRIVATE_H

#include "mcu/base/metrics.h"
#include "recorder/cutter.h"
#include "recorder/disk.h"
#include "recorder/segment.h"
#include "recorder/writer.h"

typedef struct {
    mcu_counter *segments, *bytes, *failures, *gaps[2];
    mcu_histogram *commit_seconds;
} writer_metrics;

struct rec_writer {
    rec_config config;
    rec_callbacks callbacks;
    void *user;
    rec_files files;
    rec_file file; /* of the open segment; its descriptor is the segment's */
    rec_segment *segment;
    rec_cutter *cutter;
    json_t *private_facts;
    rec_disk disk;    /* of the last commit */
    bool active;      /* between begin and end */
    bool stopped;     /* for good */
    bool waiting_key; /* one was asked for */
    unsigned commits;
    bool low;
    writer_metrics metrics;
};

/* writer_segments.c. `take` is consumed, `state` a literal. */
void rec_writer_say(rec_writer *w, const char *state, json_t *take);
void rec_writer_next(rec_writer *w); /* begins a segment in the next file that takes it; without one the recording is over */
void rec_writer_end_segment(rec_writer *w, const char *reason);
void rec_writer_give_up(rec_writer *w); /* the file is final, as `disk` says; the next segment begins */
void rec_writer_check_space(rec_writer *w);
void rec_writer_stop(rec_writer *w, const char *reason);
void rec_writer_close(rec_writer *w); /* the open segment, as it is */

#endif
