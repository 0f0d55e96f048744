#include "recorder/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENTS_MAX 4096
#define MANIFEST "manifest.json"
#define TOMBSTONE "tombstone.json"

static void clear_segment(gpointer data)
{
    rec_store_segment *s = data;
    rec_reader_free(s->reader);
    if (s->fd >= 0) {
        close(s->fd);
    }
    g_free(s->path);
    g_free(s->name);
    g_free(s->why);
}

static bool fail(GError **error, const char *path, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: %s", path, what);
    return false;
}

/* `listed`: it was there a moment ago. The gateway removes empty ones that it handed out and nobody used. */
static bool add_file(rec_store *s, const char *path, bool listed, const uint8_t *gateway, GError **error)
{
    struct stat st;
    rec_store_segment one = {.path = g_strdup(path), .name = g_path_get_basename(path)};
    one.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (one.fd < 0 || fstat(one.fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        const char *why = one.fd < 0 && errno != ELOOP ? g_strerror(errno) : "not a regular file";
        bool gone = one.fd < 0 && errno == ENOENT && listed;
        if (listed && !gone) { /* a finding, not the end of all reading */
            one.why = g_strdup(why);
            g_array_append_val(s->segments, one);
            return true;
        }
        bool ok = gone || fail(error, path, why);
        clear_segment(&one);
        return ok;
    }
    if (st.st_size == 0) {
        clear_segment(&one);
        return true;
    }
    g_autoptr(GError) problem = NULL;
    one.reader = s->index ? rec_reader_new_index(one.fd, &problem) : rec_reader_new(one.fd, gateway, &problem);
    one.why = problem != NULL ? g_strdup(problem->message) : NULL;
    g_array_append_val(s->segments, one);
    return true;
}

static bool add_folder(rec_store *s, const char *path, const uint8_t *gateway, GError **error)
{
    GDir *dir = g_dir_open(path, 0, error);
    if (dir == NULL) {
        return false;
    }
    bool ok = true;
    for (const char *name = g_dir_read_name(dir); ok && name != NULL; name = g_dir_read_name(dir)) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        if (g_str_has_suffix(name, ".tsr")) {
            ok = s->segments->len < SEGMENTS_MAX ? add_file(s, file, true, gateway, error)
                                                 : fail(error, path, "too many segments");
        }
    }
    g_dir_close(dir);
    return ok;
}

static uint64_t order_of(const rec_store_segment *s)
{
    return s->reader != NULL ? rec_reader_proof(s->reader)->header.segment : UINT64_MAX;
}

static gint by_number(gconstpointer a, gconstpointer b)
{
    uint64_t x = order_of(a), y = order_of(b);
    return x < y ? -1 : x > y ? 1 : strcmp(((const rec_store_segment *)a)->name, ((const rec_store_segment *)b)->name);
}

/* The folder that a path names. */
static char *folder_of(const char *path)
{
    return g_file_test(path, G_FILE_TEST_IS_DIR) ? g_strdup(path) : g_path_get_dirname(path);
}

static bool add_path(rec_store *s, const char *path, const uint8_t *gateway, GError **error)
{
    g_autofree char *folder = folder_of(path), *name = g_path_get_basename(path);
    if (s->folder == NULL) {
        s->folder = g_strdup(folder);
    }
    bool folder_meant = g_file_test(path, G_FILE_TEST_IS_DIR) || strcmp(name, MANIFEST) == 0;
    s->whole = s->whole || folder_meant;
    return folder_meant ? add_folder(s, folder, gateway, error) : add_file(s, path, false, gateway, error);
}

/* True without one, too. */
static bool load(const rec_store *s, const char *name, json_t **out, GError **error)
{
    g_autofree char *path = s->folder != NULL ? g_build_filename(s->folder, name, NULL) : NULL;
    if (path == NULL || !g_file_test(path, G_FILE_TEST_EXISTS)) {
        return true;
    }
    *out = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    return json_is_object(*out) || fail(error, path, "this is no JSON object");
}

static rec_store *open_store(const char *const *paths, unsigned n, const uint8_t *gateway, bool index, GError **error)
{
    rec_store *s = g_new0(rec_store, 1);
    s->index = index;
    s->segments = g_array_new(FALSE, FALSE, sizeof(rec_store_segment));
    g_array_set_clear_func(s->segments, clear_segment);
    bool ok = true;
    for (unsigned i = 0; ok && i < n; i++) {
        ok = add_path(s, paths[i], gateway, error);
    }
    if (!ok || !load(s, MANIFEST, &s->manifest, error) || !load(s, TOMBSTONE, &s->tombstone, error)) {
        rec_store_free(s);
        return NULL;
    }
    g_array_sort(s->segments, by_number);
    return s;
}

rec_store *rec_store_open(const char *const *paths, unsigned n, const uint8_t *gateway, GError **error)
{
    return open_store(paths, n, gateway, false, error);
}

rec_store *rec_store_open_index(const char *const *paths, unsigned n, GError **error)
{
    return open_store(paths, n, NULL, true, error);
}

void rec_store_free(rec_store *s)
{
    if (s != NULL) {
        g_array_unref(s->segments);
        json_decref(s->manifest);
        json_decref(s->tombstone);
        g_free(s->folder);
        g_free(s);
    }
}

rec_store_segment *rec_store_at(const rec_store *s, unsigned i)
{
    return &g_array_index(s->segments, rec_store_segment, i);
}

unsigned rec_store_count(const rec_store *s)
{
    return s->segments->len;
}
