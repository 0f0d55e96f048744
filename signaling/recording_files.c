/* The files that a room process is handed, in DATA/recordings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "signaling/recording_private.h"
#include "signaling/supervisor.h"

typedef struct {
    sig_gateway *gateway;
    char room[SIG_ID_MAX + 1], recording[SIG_ID_MAX + 1];
    unsigned start, n;
    sig_recording_file files[SIG_FILES_AHEAD];
    int error;
} order;

static int open_folder(const order *o)
{
    int all = o->gateway->recordings_dir_fd;
    bool fresh = mkdirat(all, o->recording, 0700) == 0;
    int fd = fresh || errno == EEXIST ? openat(all, o->recording, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd >= 0 && fresh && fsync(all) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int make_file(const order *o, int folder, char name[SIG_FILE_MAX + 1])
{
    char id[SIG_ID_MAX + 1];
    sig_random_id("", id);
    g_autofree char *file = g_strconcat(id, ".tsr", NULL);
    g_snprintf(name, SIG_FILE_MAX + 1, "%s/%s", o->recording, file);
    return openat(folder, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* On the store's thread: a disk that hangs holds up nobody's signaling. */
static bool make_files(void *arg)
{
    order *o = arg;
    int folder = open_folder(o);
    bool ok = folder >= 0;
    for (unsigned i = 0; i < o->n && ok; i++) {
        o->files[i].fd = make_file(o, folder, o->files[i].name);
        ok = o->files[i].fd >= 0;
    }
    ok = ok && fsync(folder) == 0;
    o->error = ok ? 0 : errno;
    if (folder >= 0) {
        close(folder);
    }
    return ok;
}

static void free_order(void *arg)
{
    order *o = arg;
    for (unsigned i = 0; i < o->n; i++) {
        if (o->files[i].fd >= 0) {
            close(o->files[i].fd);
        }
    }
    g_free(o);
}

static void on_made(void *user, bool ok)
{
    const order *o = user;
    const sig_room *room = sig_supervisor_room(o->gateway->supervisor, o->room);
    sig_recording *c = room ? room->recording : NULL;
    bool wanted = c && strcmp(c->id, o->recording) == 0;
    if (!ok) {
        mcu_error_log("recording.file", "recording=%s error=\"%s\"", o->recording, g_strerror(o->error));
    }
    if (ok && wanted && sig_recording_files_made(c, o->start, o->files, o->n)) {
        return;
    }
    for (unsigned i = 0; i < o->n; i++) {
        if (o->files[i].fd >= 0) {
            sig_recording_file_remove(o->gateway, o->files[i].name);
        }
    }
    if (!ok && wanted && o->start && o->start == c->starting) {
        sig_recording_end(c, "failed");
    }
}

bool sig_recording_files_make(const sig_recording *c, unsigned n, unsigned start)
{
    order *o = g_new0(order, 1);
    o->gateway = c->room->gateway;
    o->n = n;
    o->start = start;
    g_strlcpy(o->room, c->room->id, sizeof o->room);
    g_strlcpy(o->recording, c->id, sizeof o->recording);
    for (unsigned i = 0; i < n; i++) {
        o->files[i].fd = -1;
    }
    return sig_store_work(o->gateway->store, NULL, NULL, make_files, o, free_order, on_made, o);
}

typedef struct {
    int folder;
    char name[SIG_FILE_MAX + 1];
} removal;

static bool remove_file(void *arg)
{
    const removal *r = arg;
    unlinkat(r->folder, r->name, 0);
    return true;
}

static void on_removed(void *user, bool ok)
{
    (void)user;
    (void)ok;
}

void sig_recording_file_remove(const sig_gateway *g, const char *name)
{
    removal *r = g_new0(removal, 1);
    r->folder = g->recordings_dir_fd;
    g_strlcpy(r->name, name, sizeof r->name);
    (void)sig_store_work(g->store, NULL, NULL, remove_file, r, g_free, on_removed, NULL); /* else an empty file stays */
}

bool sig_recording_disk_ok(const sig_gateway *g)
{
    struct statvfs v;
    int64_t reserve = g->settings->recording_reserve_mib * INT64_C(1048576);
    return fstatvfs(g->recordings_dir_fd, &v) == 0 && (int64_t)v.f_bavail * (int64_t)v.f_frsize > reserve;
}
