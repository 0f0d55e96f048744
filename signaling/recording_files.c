/* The files that a room process is handed, in DATA/recordings and, for when that disk fails, in the spare folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "signaling/recording_private.h"
#include "signaling/supervisor.h"

#define SPARE SIG_SPARE_FOLDER

typedef struct {
    sig_gateway *gateway;
    char room[SIG_ID_MAX + 1], recording[SIG_ID_MAX + 1];
    unsigned start, n;
    bool spare;
    sig_recording_file files[SIG_FILES_AHEAD + 1];
    int error;
} order;

/* Of a recording, below `all`; its entry is durable. */
static int open_folder(int all, const char *recording)
{
    bool fresh = mkdirat(all, recording, 0700) == 0;
    int fd = fresh || errno == EEXIST ? openat(all, recording, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (fd >= 0 && fresh && fsync(all) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int make_file(int folder, const char *prefix, const char *recording, char name[SIG_FILE_MAX + 1])
{
    char id[SIG_ID_MAX + 1];
    sig_random_id("", id);
    g_autofree char *file = g_strconcat(id, SIG_SEGMENT_SUFFIX, NULL);
    g_snprintf(name, SIG_FILE_MAX + 1, "%s%s/%s", prefix, recording, file);
    return openat(folder, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

static bool make_in(int all, const char *prefix, const char *recording, sig_recording_file *files, unsigned n)
{
    int folder = open_folder(all, recording);
    bool ok = folder >= 0;
    for (unsigned i = 0; i < n && ok; i++) {
        files[i].fd = make_file(folder, prefix, recording, files[i].name);
        ok = files[i].fd >= 0;
    }
    ok = ok && fsync(folder) == 0;
    if (folder >= 0) {
        close(folder);
    }
    return ok;
}

int sig_recording_spare_fd(int recordings_dir_fd)
{
    return openat(recordings_dir_fd, SPARE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A spare disk that fails is a warning: the other one is still there. */
static void make_spare(order *o)
{
    sig_recording_file *f = &o->files[o->n];
    int all = sig_recording_spare_fd(o->gateway->recordings_dir_fd);
    if (all < 0 || !make_in(all, SPARE "/", o->recording, f, 1)) {
        mcu_warn("recording.spare", "recording=%s error=\"%s\"", o->recording, g_strerror(errno));
    }
    f->spare = true;
    if (all >= 0) {
        close(all);
    }
}

/* On the store's thread: a disk that hangs holds up nobody's signaling. */
static bool make_files(void *arg)
{
    order *o = arg;
    bool ok = o->n == 0 || make_in(o->gateway->recordings_dir_fd, "", o->recording, o->files, o->n);
    o->error = ok ? 0 : errno;
    if (o->spare) {
        make_spare(o);
    }
    return ok;
}

static void free_order(void *arg)
{
    order *o = arg;
    for (unsigned i = 0; i < G_N_ELEMENTS(o->files); i++) {
        if (o->files[i].fd >= 0) {
            close(o->files[i].fd);
        }
    }
    g_free(o);
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

static void remove_soon(const sig_gateway *g, const char *name)
{
    removal *r = g_new0(removal, 1);
    r->folder = g->recordings_dir_fd;
    g_strlcpy(r->name, name, sizeof r->name);
    (void)sig_store_work(g->store, NULL, NULL, remove_file, r, g_free, on_removed, NULL); /* else an empty file stays */
}

/* Those that could be made, closed up. */
static unsigned made(order *o, sig_recording_file *files)
{
    unsigned n = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(o->files); i++) {
        if (o->files[i].fd >= 0) {
            files[n++] = o->files[i];
        }
    }
    return n;
}

static void on_made(void *user, bool ok)
{
    order *o = user;
    const sig_room *room = sig_supervisor_room(o->gateway->supervisor, o->room);
    sig_recording *c = room ? room->recording : NULL;
    bool wanted = c && strcmp(c->id, o->recording) == 0;
    sig_recording_file files[SIG_FILES_AHEAD + 1];
    unsigned n = made(o, files);
    if (!ok) {
        mcu_error_log("recording.file", "recording=%s error=\"%s\"", o->recording, g_strerror(o->error));
    }
    if (ok && wanted && sig_recording_files_made(c, o->start, files, n)) {
        return;
    }
    for (unsigned i = 0; i < n; i++) {
        remove_soon(o->gateway, files[i].name);
    }
    if (!ok && wanted && o->start && o->start == c->starting) {
        sig_recording_end(c, "failed");
    }
}

bool sig_recording_files_make(const sig_recording *c, unsigned n, bool spare, unsigned start)
{
    order *o = g_new0(order, 1);
    o->gateway = c->room->gateway;
    o->n = n;
    o->spare = spare && *o->gateway->settings->recording_spare;
    o->start = start;
    g_strlcpy(o->room, c->room->id, sizeof o->room);
    g_strlcpy(o->recording, c->id, sizeof o->recording);
    for (unsigned i = 0; i < G_N_ELEMENTS(o->files); i++) {
        o->files[i].fd = -1;
    }
    return sig_store_work(o->gateway->store, NULL, NULL, make_files, o, free_order, on_made, o);
}

bool sig_recording_file_is_ours(const sig_recording *c, const char *name)
{
    const char *rest = g_str_has_prefix(name, SPARE "/") ? name + strlen(SPARE "/") : name;
    size_t n = strlen(c->id);
    return strncmp(rest, c->id, n) == 0 && rest[n] == '/' && !strchr(rest + n + 1, '/');
}
