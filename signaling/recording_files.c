/* The files that a room process is handed, in DATA/recordings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mcu/base/status.h"
#include "signaling/recording_private.h"

static bool fail(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "%s: %s", what, g_strerror(errno));
    return false;
}

static int open_folder(const sig_gateway *g, const char *recording, GError **error)
{
    bool fresh = mkdirat(g->recordings_dir_fd, recording, 0700) == 0;
    int fd =
        fresh || errno == EEXIST ? openat(g->recordings_dir_fd, recording, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd < 0 || (fresh && fsync(g->recordings_dir_fd) != 0)) {
        fail(error, "the recording's folder cannot be made");
        if (fd >= 0) {
            close(fd);
        }
        return -1;
    }
    return fd;
}

int sig_recording_file_make(const sig_gateway *g, const char *recording, char name[SIG_FILE_MAX + 1], GError **error)
{
    char id[SIG_ID_MAX + 1];
    sig_random_id("", id);
    g_autofree char *file = g_strconcat(id, ".tsr", NULL);
    int dir = open_folder(g, recording, error);
    if (dir < 0) {
        return -1;
    }
    int fd = openat(dir, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fsync(dir) != 0) {
        fail(error, "a file for the recording cannot be made");
        if (fd >= 0) {
            close(fd);
        }
        fd = -1;
    }
    close(dir);
    g_snprintf(name, SIG_FILE_MAX + 1, "%s/%s", recording, file);
    return fd;
}

void sig_recording_file_remove(const sig_gateway *g, const char *name)
{
    unlinkat(g->recordings_dir_fd, name, 0);
}

bool sig_recording_disk_ok(const sig_gateway *g)
{
    struct statvfs v;
    int64_t reserve = g->settings->recording_reserve_mib * INT64_C(1048576);
    return fstatvfs(g->recordings_dir_fd, &v) == 0 && (int64_t)v.f_bavail * (int64_t)v.f_frsize > reserve;
}
