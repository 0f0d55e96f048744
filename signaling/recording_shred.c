#include "signaling/recording_shred.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "mcu/base/seal_key.h"
#include "mcu/base/signing.h"
#include "mcu/base/status.h"
#include "signaling/audit.h"
#include "signaling/recording_files.h"
#include "signaling/recording_hold.h"
#include "signaling/recording_links.h"
#include "signaling/recording_play.h"
#include "signaling/upload.h"

#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define TOMBSTONE "tombstone.json"

typedef struct {
    int dir_fd;
    char **files; /* as the catalogue has them */
    char *folder, *spare_folder;
    char *tombstone, *tombstone_file;
} burial;

static void free_burial(void *value)
{
    burial *b = value;
    g_strfreev(b->files);
    g_free(b->folder);
    g_free(b->spare_folder);
    g_free(b->tombstone);
    g_free(b->tombstone_file);
    g_free(b);
}

/* One that is missing cannot be read either. */
static bool shred_file(int dir_fd, const char *name)
{
    g_autoptr(GError) error = NULL;
    int fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    bool ok = fd >= 0 ? mcu_key_page_shred(fd, &error) : faccessat(dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    if (!ok) {
        mcu_error_log("recording.shred", "error=\"%s\"", error ? error->message : "cannot open the file");
    }
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* Also what the catalogue does not have: a room's process may have begun a segment that nobody lived to hear of. */
static bool shred_folder(int below, const char *name)
{
    int fd = openat(below, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    bool ok = d || errno == ENOENT;
    struct stat st;
    for (const struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (g_str_has_suffix(e->d_name, SIG_SEGMENT_SUFFIX) && fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_size > 0) {
            ok = shred_file(fd, e->d_name) && ok;
        }
    }
    if (d) {
        closedir(d);
    } else if (fd >= 0) {
        close(fd);
    }
    return ok;
}

static bool write_tombstone(const burial *b)
{
    int fd = openat(b->dir_fd, b->tombstone_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t n = strlen(b->tombstone);
    bool ok = fd >= 0 && write(fd, b->tombstone, n) == (ssize_t)n && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* The store's thread. */
static bool bury(void *arg)
{
    const burial *b = arg;
    bool ok = true;
    for (char **f = b->files; *f; f++) {
        ok = shred_file(b->dir_fd, *f) && ok;
    }
    ok = shred_folder(b->dir_fd, b->folder) && ok;
    ok = shred_folder(b->dir_fd, b->spare_folder) && ok;
    return ok && write_tombstone(b);
}

static json_t *segments_of(const sig_recording_facts *r)
{
    json_t *segments = json_array();
    for (guint i = 0; i < r->segments->len; i++) {
        const sig_segment_facts *s = &g_array_index(r->segments, sig_segment_facts, i);
        json_array_append_new(segments, json_pack("{s:I, s:s, s:s, s:I}", "segment", (json_int_t)s->segment, "file", s->file,
                                                  "head", s->hash, "media_ms", (json_int_t)s->media_ms));
    }
    return segments;
}

static char *tombstone_of(const sig_gateway *g, const sig_recording_facts *r, const char *actor, const char *reason,
                          int64_t at_ms)
{
    json_t *m = json_pack("{s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:o}", "what", "tessera tombstone 1", "recording", r->id, "room",
                          r->room, "created_ms", (json_int_t)r->created_ms, "shredded_ms", (json_int_t)at_ms, "actor", actor,
                          "reason", reason, "segments", segments_of(r));
    char *text = mcu_json_sign(m, "gateway", g->key.private_key) ? json_dumps(m, JSON_INDENT(1)) : NULL;
    json_decref(m);
    char *own = g_strdup(text);
    free(text);
    return own;
}

static burial *burial_of(const sig_gateway *g, const sig_recording_facts *r, const char *actor, const char *reason, int64_t at_ms)
{
    burial *b = g_new0(burial, 1);
    b->dir_fd = g->recordings_dir_fd;
    b->files = g_new0(char *, r->segments->len + 1);
    for (guint i = 0; i < r->segments->len; i++) {
        b->files[i] = g_strdup(g_array_index(r->segments, sig_segment_facts, i).file);
    }
    b->folder = g_strdup(r->id);
    b->spare_folder = g_build_filename(SIG_SPARE_FOLDER, r->id, NULL);
    b->tombstone = tombstone_of(g, r, actor, reason, at_ms);
    b->tombstone_file = g_strdup_printf("%s/%s", r->id, TOMBSTONE);
    return b;
}

/* ---- whose hand is on the keys ---- */

static GHashTable *taken; /* recordings */

bool sig_recording_keys_take(const char *recording)
{
    taken = taken ? taken : g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return !g_hash_table_contains(taken, recording) && g_hash_table_add(taken, g_strdup(recording));
}

void sig_recording_keys_give(const char *recording)
{
    g_hash_table_remove(taken, recording);
}

/* ---- the order ---- */

static GHashTable *dying; /* recordings whose shredding is on its way */

bool sig_recording_dying(const char *recording)
{
    return dying && g_hash_table_contains(dying, recording);
}

typedef struct {
    sig_gateway *gateway;
    sig_change change;
    sig_recording_fn fn;
    void *user;
} order;

static void on_buried(void *user, bool ok)
{
    order *o = user;
    sig_recording_keys_give(o->change.recording);
    g_hash_table_remove(dying, o->change.recording);
    if (ok) {
        sig_links_forget(o->gateway->links, o->change.recording);
        sig_recording_play_end(o->change.recording);
        sig_facts_apply(o->gateway->facts, &o->change);
        sig_upload_changed(o->gateway->upload, &o->change);
    }
    o->fn(o->user, ok ? NULL : mcu_error_name(MCU_ERROR_UNAVAILABLE), "It could not be shredded.");
    g_free(o);
}

static const char *objection(const sig_recording_facts *r)
{
    return sig_recording_held(r) ? "This recording is on hold."
           : !r->ended_ms        ? "This recording has not ended."
           : r->shredded_ms      ? "This recording has been shredded."
                                 : NULL;
}

void sig_recording_shred(sig_gateway *g, const sig_recording_facts *r, const char *actor, const char *reason, int64_t now_ms,
                         sig_recording_fn fn, void *user)
{
    const char *why_not = objection(r);
    if (why_not || sig_store_stalled(g->store)) {
        fn(user, mcu_error_name(why_not ? MCU_ERROR_CONFLICT : MCU_ERROR_UNAVAILABLE), why_not ? why_not : "The disk hangs.");
        return;
    }
    if (!sig_recording_keys_take(r->id)) {
        fn(user, mcu_error_name(MCU_ERROR_CONFLICT), "The keys of this recording are being changed or overwritten.");
        return;
    }
    order *o = g_new0(order, 1);
    *o = (order){g, {.kind = SIG_RECORDING_STATE, .state = "shredded", .at_ms = now_ms}, fn, user};
    dying = dying ? dying : g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_add(dying, g_strdup(r->id));
    g_strlcpy(o->change.recording, r->id, sizeof o->change.recording);
    g_strlcpy(o->change.room, r->room, sizeof o->change.room);
    g_strlcpy(o->change.reason, r->reason, sizeof o->change.reason);
    const sig_audit_entry e = {.room = r->room, .actor = actor, .operation = "shred", .target = r->id, .reason = reason};
    g_autofree char *record = sig_audit_text(&e);
    burial *b = burial_of(g, r, actor, reason, o->change.at_ms);
    if (!b->tombstone) {
        free_burial(b);
        on_buried(o, false);
    } else if (!sig_store_work(g->store, &o->change, record, bury, b, free_burial, on_buried, o)) {
        on_buried(o, false);
    }
}

bool sig_retention_due(const sig_recording_facts *r, int64_t days, int64_t now_ms)
{
    return days > 0 && r->ended_ms && !r->shredded_ms && !sig_recording_held(r) && now_ms - r->ended_ms >= days * DAY_MS;
}

static void on_retired(void *user, const char *code, const char *message)
{
    (void)user;
    if (code) {
        mcu_error_log("recording.retention", "code=%s message=\"%s\"", code, message);
    }
}

void sig_retention_run(sig_gateway *g, int64_t now_ms)
{
    g_autoptr(GList) all = sig_facts_recordings(g->facts);
    for (GList *i = all; i; i = i->next) {
        if (sig_retention_due(i->data, g->settings->recording_retention_days, now_ms)) {
            sig_recording_shred(g, i->data, "policy", "retention", now_ms, on_retired, NULL);
        }
    }
}
