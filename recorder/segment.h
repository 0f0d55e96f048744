/* segment.h - writes one segment file: key page, header, chained records, signed heads.  Thread: the recorder's; may wait for the
 * disk. A failed write or sync is final for the file: what is there stays as it is, nothing is tried again. */
#ifndef RECORDER_SEGMENT_H
#define RECORDER_SEGMENT_H

#include "recorder/header.h"

typedef enum { REC_DISK_OK = 0, REC_DISK_FULL, REC_DISK_ERROR } rec_disk;

typedef struct rec_segment rec_segment;

/* Everything in `h` but salt, check and certificate.signature's checks is the caller's; the data key is made here and kept
 * nowhere else. Key page and header are synced when it returns. NULL: *disk says why. `fd` is taken in any case. */
rec_segment *rec_segment_open(int take_fd, const rec_header *h, const uint8_t recipient[MCU_SEAL_KEY], const char *kid,
                              const uint8_t room_private[MCU_SIGN_KEY], rec_disk *disk);
void rec_segment_free(rec_segment *s); /* closes the file as it is */

/* Queue a record; it is written by the next rec_segment_commit(). `r` has type, flags, time and hold. */
void rec_segment_add(rec_segment *s, const rec_record *r, const void *payload, size_t size);
void rec_segment_add_event(rec_segment *s, int64_t at_ns, json_t *take); /* the member at_ms is set here */
/* A signed head behind what was added, one write, one sync. */
rec_disk rec_segment_commit(rec_segment *s);
/* Drops what was not committed; event `ended`, the last record, a head: then the file is complete. Fits on a full disk: space for
 * it was set aside. */
rec_disk rec_segment_finish(rec_segment *s, int64_t at_ns, const char *reason);

const mcu_chain_head *rec_segment_head(const rec_segment *s); /* the last that is synced */
uint64_t rec_segment_bytes(const rec_segment *s);
int rec_segment_fd(const rec_segment *s); /* borrowed */

#endif
