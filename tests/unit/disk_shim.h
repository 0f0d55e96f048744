/* disk_shim.h - stands between the code under test and the disk: pwrite, fsync, fdatasync, fallocate and ftruncate of this
 * program go through here, and are written down, fail, or take their time as the test says.  Thread: any; set up while nobody
 * writes. */
#ifndef TESTS_UNIT_DISK_SHIM_H
#define TESTS_UNIT_DISK_SHIM_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { DISK_NONE = 0, DISK_WRITE, DISK_SYNC, DISK_RESIZE } disk_what;

typedef struct {
    disk_what what;
    int64_t at; /* WRITE: offset; RESIZE: new size */
    GBytes *data;
    unsigned mark; /* the value of disk_shim.mark then */
} disk_op;

typedef struct {
    GPtrArray *log;      /* disk_op; NULL = nothing is written down */
    unsigned mark;       /* what the test wants to find in the log */
    int64_t full_after;  /* bytes that still fit, -1 = no end; then ENOSPC */
    int fail_sync;       /* the n-th sync from now on fails with EIO and all after it; 0 = none */
    int fail_write;      /* the same of writes: half of it is written, then EIO */
    bool no_fallocate;   /* the file system cannot */
    int64_t bytes_per_s; /* 0 = as fast as it is */
    _Atomic bool hang;   /* syncs wait until it is false */
    int bad_fd;          /* the first file's; -1 = none yet */
    int64_t free_bytes;  /* what is said to be free, -1 = more than enough */
    unsigned full_mark;  /* `mark` when it was last out of space */
} disk_shim_state;

/* Faults are the first file's that is written after a reset: another one is on another disk. */
extern disk_shim_state disk_shim;
void disk_shim_reset(void);

#endif
