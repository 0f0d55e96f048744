/* Preloaded, a disk in trouble, as long as a file is there: while the one that TESSERA_TEST_HANG names exists, no sync ends. In a
 * room's process alone, while NAME.slow is there, writes take their time at 512 KiB/s; NAME.full: the file that is written to has
 * no more space (there is none for much at a time anyway, so that it is asked for each time); NAME.error: it cannot be synced. */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLOW_BYTES_PER_S (512 * 1024)

static bool exists(const char *ending)
{
    char path[4096];
    const char *name = getenv("TESSERA_TEST_HANG");
    return name != NULL && snprintf(path, sizeof path, "%s%s", name, ending) < (int)sizeof path && access(path, F_OK) == 0;
}

static bool in_room(void)
{
    return strcmp(program_invocation_short_name, "tessera-room") == 0;
}

/* The first file that meets it is on that disk; another one is on another. */
static bool fails(const char *ending, atomic_int *bad_fd, int fd)
{
    int none = -1;
    if (!in_room() || !exists(ending)) {
        return false;
    }
    (void)atomic_compare_exchange_strong(bad_fd, &none, fd);
    return atomic_load(bad_fd) == fd;
}

static atomic_int unsynced_fd = -1, full_fd = -1;

static int sync_when_it_answers(long number, int fd)
{
    while (exists("")) {
        usleep(5000);
    }
    if (fails(".error", &unsynced_fd, fd)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(number, fd);
}

int fsync(int fd)
{
    return sync_when_it_answers(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_when_it_answers(SYS_fdatasync, fd);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    if (in_room() && exists(".slow")) {
        usleep((useconds_t)(size * 1000000 / SLOW_BYTES_PER_S));
    }
    return syscall(SYS_pwrite64, fd, data, size, at);
}

int fallocate(int fd, int mode, off_t at, off_t size)
{
    if ((in_room() && size > SLOW_BYTES_PER_S) || fails(".full", &full_fd, fd)) {
        errno = ENOSPC;
        return -1;
    }
    return (int)syscall(SYS_fallocate, fd, mode, at, size);
}
