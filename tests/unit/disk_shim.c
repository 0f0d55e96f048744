#include "tests/unit/disk_shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

disk_shim_state disk_shim = {.full_after = -1, .bad_fd = -1, .free_bytes = -1};

static void op_free(gpointer data)
{
    disk_op *op = data;
    g_clear_pointer(&op->data, g_bytes_unref);
    g_free(op);
}

void disk_shim_reset(void)
{
    g_clear_pointer(&disk_shim.log, g_ptr_array_unref);
    disk_shim = (disk_shim_state){.full_after = -1, .bad_fd = -1, .free_bytes = -1};
}

static void note(disk_what what, int64_t at, const void *data, size_t size)
{
    if (disk_shim.log != NULL) {
        disk_op *op = g_new(disk_op, 1);
        *op = (disk_op){what, at, data != NULL ? g_bytes_new(data, size) : NULL, disk_shim.mark};
        g_ptr_array_set_free_func(disk_shim.log, op_free);
        g_ptr_array_add(disk_shim.log, op);
    }
}

static int counted(int *left)
{
    *left -= *left > 1;
    return *left == 1;
}

static int no_space(void)
{
    disk_shim.full_mark = disk_shim.mark;
    errno = ENOSPC;
    return -1;
}

static bool fails(int *countdown, int fd)
{
    return fd == disk_shim.bad_fd && *countdown > 0 && (*countdown == 1 || (counted(countdown), false));
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    disk_shim.bad_fd = disk_shim.bad_fd < 0 ? fd : disk_shim.bad_fd;
    if (fails(&disk_shim.fail_write, fd)) {
        (void)syscall(SYS_pwrite64, fd, data, size / 2, at);
        errno = EIO;
        return -1;
    }
    if (disk_shim.no_fallocate && disk_shim.full_after >= 0 && fd == disk_shim.bad_fd) {
        if (disk_shim.full_after == 0) {
            return no_space();
        }
        size = MIN(size, (size_t)disk_shim.full_after);
        disk_shim.full_after -= (int64_t)size;
    }
    if (disk_shim.bytes_per_s > 0) {
        g_usleep((gulong)((int64_t)size * 1000000 / disk_shim.bytes_per_s));
    }
    note(DISK_WRITE, at, data, size);
    return syscall(SYS_pwrite64, fd, data, size, at);
}

static int sync_with(long number, int fd)
{
    if (fails(&disk_shim.fail_sync, fd)) {
        errno = EIO;
        return -1;
    }
    while (disk_shim.hang) {
        g_usleep(1000);
    }
    note(DISK_SYNC, 0, NULL, 0);
    return (int)syscall(number, fd);
}

int fsync(int fd)
{
    return sync_with(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return sync_with(SYS_fdatasync, fd);
}

int fallocate(int fd, int mode, off_t at, off_t size)
{
    if (disk_shim.no_fallocate) {
        errno = EOPNOTSUPP;
        return -1;
    }
    disk_shim.bad_fd = disk_shim.bad_fd < 0 ? fd : disk_shim.bad_fd;
    if (disk_shim.full_after >= 0 && fd == disk_shim.bad_fd && at + size > disk_shim.full_after) {
        return no_space();
    }
    return (int)syscall(SYS_fallocate, fd, mode, at, size);
}

int fstatvfs(int fd, struct statvfs *s)
{
    (void)fd;
    *s = (struct statvfs){.f_frsize = 1, .f_blocks = 1u << 31};
    s->f_bavail = disk_shim.free_bytes >= 0 ? (fsblkcnt_t)disk_shim.free_bytes : UINT64_C(1) << 40;
    return 0;
}

int ftruncate(int fd, off_t size)
{
    note(DISK_RESIZE, size, NULL, 0);
    return (int)syscall(SYS_ftruncate, fd, size);
}
