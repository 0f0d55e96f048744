#include "recorder/disk.h"

#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LOW_BYTES (UINT64_C(2) * 1024 * 1024 * 1024)

bool rec_files_add(rec_files *f, rec_file take)
{
    if (f->n == REC_FILES_MAX) {
        close(take.fd);
        return false;
    }
    f->files[f->n++] = take;
    return true;
}

bool rec_files_next(rec_files *f, rec_file *out)
{
    for (unsigned i = 0; i < f->n; i++) {
        if (f->files[i].spare == f->main_failed) {
            *out = f->files[i];
            memmove(&f->files[i], &f->files[i + 1], (--f->n - i) * sizeof f->files[0]);
            return true;
        }
    }
    return false;
}

void rec_files_clear(rec_files *f)
{
    for (unsigned i = 0; i < f->n; i++) {
        close(f->files[i].fd);
    }
    f->n = 0;
}

rec_space rec_space_of(int fd)
{
    struct statvfs s;
    if (fstatvfs(fd, &s) != 0) {
        return (rec_space){0};
    }
    uint64_t free_bytes = (uint64_t)s.f_bavail * s.f_frsize, all = (uint64_t)s.f_blocks * s.f_frsize;
    return (rec_space){free_bytes, free_bytes < all / 10 || free_bytes < LOW_BYTES};
}
