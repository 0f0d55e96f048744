/* disk.h - the files that segments go to, and how full their disk is.  Thread: the recorder's. */
#ifndef RECORDER_DISK_H
#define RECORDER_DISK_H

#include "recorder/recorder.h"

typedef struct {
    int fd;
    char name[REC_FILE_NAME_MAX + 1];
    bool spare;
} rec_file;

typedef struct {
    rec_file files[REC_FILES_MAX];
    unsigned n;
    bool main_failed; /* only spare ones are used from now on */
} rec_files;

bool rec_files_add(rec_files *f, rec_file take);  /* false: full, it is closed */
bool rec_files_next(rec_files *f, rec_file *out); /* in the order in which they came; false: none that may be used */
void rec_files_clear(rec_files *f);               /* closes them */

typedef struct {
    uint64_t free_bytes;
    bool low; /* below 10 % or 2 GiB */
} rec_space;
rec_space rec_space_of(int fd);

#endif
