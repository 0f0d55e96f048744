/* The folders of recordings: the spare one is reached through a link, and files that nobody used are removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "mcu/base/status.h"
#include "signaling/recording_files.h"
#include "signaling/recording_private.h"
#include "signaling/secret_file.h"

typedef struct {
    int all;
    char recording[SIG_ID_MAX + 1]; /* "" = of every recording that has ended */
    GHashTable *active;
} sweep;

static void free_sweep(void *arg)
{
    sweep *s = arg;
    g_hash_table_destroy(s->active);
    g_free(s);
}

static DIR *list(int below, const char *name)
{
    int fd = openat(below, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    if (!d && fd >= 0) {
        close(fd);
    }
    return d;
}

static void sweep_folder(int below, const char *recording)
{
    DIR *d = list(below, recording);
    struct stat st;
    for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (g_str_has_suffix(e->d_name, SIG_SEGMENT_SUFFIX) && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && st.st_size == 0) {
            unlinkat(dirfd(d), e->d_name, 0);
        }
    }
    if (d) {
        closedir(d);
    }
}

static void sweep_all(const sweep *s, int below)
{
    if (*s->recording) {
        sweep_folder(below, s->recording);
        return;
    }
    DIR *d = list(below, ".");
    for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (e->d_name[0] != '.' && strcmp(e->d_name, SIG_SPARE_FOLDER) != 0 && !g_hash_table_contains(s->active, e->d_name)) {
            sweep_folder(below, e->d_name);
        }
    }
    if (d) {
        closedir(d);
    }
}

static bool run_sweep(void *arg)
{
    const sweep *s = arg;
    int spare = sig_recording_spare_fd(s->all);
    sweep_all(s, s->all);
    if (spare >= 0) {
        sweep_all(s, spare);
        close(spare);
    }
    return true;
}

/* What could not be removed is empty and stays. */
static void on_swept(void *user, bool ok)
{
    (void)user;
    (void)ok;
}

static sweep *sweep_new(const sig_gateway *g, const char *recording)
{
    sweep *s = g_new0(sweep, 1);
    s->all = g->recordings_dir_fd;
    s->active = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_strlcpy(s->recording, recording, sizeof s->recording);
    return s;
}

void sig_recording_drop_unused(const sig_recording *c)
{
    if (*c->id) {
        const sig_gateway *g = c->room->gateway;
        (void)sig_store_work(g->store, NULL, NULL, run_sweep, sweep_new(g, c->id), free_sweep, on_swept, NULL);
    }
}

void sig_recording_files_tidy(const sig_gateway *g)
{
    sweep *s = sweep_new(g, "");
    GList *all = sig_facts_recordings(g->facts);
    for (GList *i = all; i; i = i->next) {
        const sig_recording_facts *r = i->data;
        if (!r->ended_ms) {
            g_hash_table_add(s->active, g_strdup(r->id));
        }
    }
    g_list_free(all);
    (void)sig_store_work(g->store, NULL, NULL, run_sweep, s, free_sweep, on_swept, NULL);
}

/* ---- the disks ---- */

static bool link_spare(int recordings_dir_fd, const char *target)
{
    struct stat st;
    bool there = fstatat(recordings_dir_fd, SIG_SPARE_FOLDER, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (there && !S_ISLNK(st.st_mode)) {
        errno = EEXIST;
        return false;
    }
    return (!there || unlinkat(recordings_dir_fd, SIG_SPARE_FOLDER, 0) == 0) &&
           symlinkat(target, recordings_dir_fd, SIG_SPARE_FOLDER) == 0;
}

bool sig_recording_spare_check(const sig_settings *s, GError **error)
{
    g_autofree char *folder = *s->recording_spare ? g_canonicalize_filename(s->recording_spare, NULL) : NULL;
    g_autofree char *parent = folder ? g_path_get_dirname(folder) : NULL;
    if (parent && !g_file_test(parent, G_FILE_TEST_IS_DIR)) { /* made on the disk that it is to spare */
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG,
                    "[recording] spare: %s is not there: mount the other disk, or make that folder", parent);
        return false;
    }
    return true;
}

bool sig_recording_spare_open(const sig_gateway *g, GError **error)
{
    const char *folder = g->settings->recording_spare;
    if (!*folder) {
        return true; /* a link of an earlier configuration stays: segments may lie there */
    }
    if (!sig_recording_spare_check(g->settings, error) || !sig_make_private_folder(folder, error)) {
        return false;
    }
    g_autofree char *target = g_canonicalize_filename(folder, NULL);
    if (!link_spare(g->recordings_dir_fd, target)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "[recording] spare: recordings/" SIG_SPARE_FOLDER ": %s",
                    g_strerror(errno));
        return false;
    }
    return true;
}

bool sig_recording_disk_ok(const sig_gateway *g)
{
    struct statvfs v;
    int64_t reserve = g->settings->recording_reserve_mib * INT64_C(1048576);
    return fstatvfs(g->recordings_dir_fd, &v) == 0 && (int64_t)v.f_bavail * (int64_t)v.f_frsize > reserve;
}
