#include "signaling/upload_plan.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "signaling/recording_files.h"

#define MANIFEST "manifest.json"
#define TOMBSTONE "tombstone.json"

/* ---- what next ---- */

static bool job_of(const sig_recording_facts *r, const sig_segment_facts *s, int what, sig_upload_job *out)
{
    *out = (sig_upload_job){.what = what, .segment = s ? s->segment : -1};
    g_strlcpy(out->recording, r->id, sizeof out->recording);
    g_strlcpy(out->room, r->room, sizeof out->room);
    g_strlcpy(out->file, s ? s->file : "", sizeof out->file);
    return true;
}

static bool next_of(const sig_recording_facts *r, sig_upload_job *out)
{
    for (guint i = 0; i < r->segments->len; i++) {
        const sig_segment_facts *s = &g_array_index(r->segments, sig_segment_facts, i);
        bool stale = strcmp(s->stored, SIG_STORED_STALE) == 0;
        if (r->shredded_ms && (stale || strcmp(s->stored, "stored") == 0)) {
            return job_of(r, s, SIG_UPLOAD_FORGET, out);
        }
        if (!r->shredded_ms && (stale || !*s->stored) && strcmp(s->state, "writing") != 0) {
            return job_of(r, s, SIG_UPLOAD_SEGMENT, out);
        }
    }
    if (r->shredded_ms && strcmp(r->stored, "stored") == 0) {
        return job_of(r, NULL, SIG_UPLOAD_TOMBSTONE, out);
    }
    return !r->shredded_ms && r->ended_ms && r->segments->len > 0 && !*r->stored && job_of(r, NULL, SIG_UPLOAD_MANIFEST, out);
}

bool sig_upload_next(const sig_facts *f, sig_upload_job *out)
{
    GList *all = g_list_reverse(sig_facts_recordings(f)); /* the oldest first */
    bool found = false;
    for (const GList *i = all; i && !found; i = i->next) {
        found = next_of(i->data, out);
    }
    g_list_free(all);
    return found;
}

const char *sig_upload_result(const sig_upload_job *job)
{
    return job->what == SIG_UPLOAD_FORGET || job->what == SIG_UPLOAD_TOMBSTONE ? "deleted" : "stored";
}

/* ---- doing it ---- */

/* In the store every recording is one folder, wherever its files lie here. */
static char *object_of(const sig_upload_job *job)
{
    return g_strdup_printf("%s/%s", job->recording, strrchr(job->file, '/') ? strrchr(job->file, '/') + 1 : job->file);
}

static sig_upload_end put(const sig_upload_place *p, const char *file, const char *object, char why[SIG_S3_WHY])
{
    int fd = openat(p->dir_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return SIG_UPLOAD_LOST;
    }
    bool ok = sig_s3_put(&p->s3, object, fd, why);
    close(fd);
    return ok ? SIG_UPLOAD_DONE : SIG_UPLOAD_AGAIN;
}

/* From the files as they are, signed: what the tool would write for anybody. Not of less than the trail knows. */
static bool make_manifest(const sig_upload_place *p, const char *recording)
{
    g_autofree char *own = g_build_filename(p->folder, recording, NULL);
    g_autofree char *spare = g_build_filename(p->folder, SIG_SPARE_FOLDER, recording, NULL);
    g_autofree char *data = g_path_get_dirname(p->folder), *trail = g_build_filename(data, "audit.log", NULL);
    g_autofree char *public_key = g_build_filename(data, SIG_GATEWAY_KEY ".pub", NULL);
    const char *argv[] = {p->tool,
                          "recover",
                          "--whole",
                          "--sign",
                          p->key,
                          "--key",
                          public_key,
                          "--heads",
                          trail,
                          "--recording",
                          recording,
                          own,
                          g_file_test(spare, G_FILE_TEST_IS_DIR) ? spare : NULL,
                          NULL};
    int status = -1;
    return g_spawn_sync(NULL, (char **)(uintptr_t)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL, NULL,
                        NULL, NULL, &status, NULL) &&
           g_spawn_check_wait_status(status, NULL);
}

static sig_upload_end put_manifest(const sig_upload_place *p, const sig_upload_job *job, char why[SIG_S3_WHY])
{
    g_autofree char *name = g_strdup_printf("%s/" MANIFEST, job->recording);
    return make_manifest(p, job->recording) ? put(p, name, name, why) : SIG_UPLOAD_LOST;
}

static sig_upload_end bury(const sig_upload_place *p, const sig_upload_job *job, char why[SIG_S3_WHY])
{
    g_autofree char *manifest = g_strdup_printf("%s/" MANIFEST, job->recording);
    g_autofree char *stone = g_strdup_printf("%s/" TOMBSTONE, job->recording);
    return sig_s3_delete(&p->s3, manifest, why) ? put(p, stone, stone, why) : SIG_UPLOAD_AGAIN;
}

sig_upload_end sig_upload_run(const sig_upload_place *p, const sig_upload_job *job, char why[SIG_S3_WHY])
{
    g_autofree char *object = object_of(job);
    switch (job->what) {
    case SIG_UPLOAD_SEGMENT:
        return put(p, job->file, object, why);
    case SIG_UPLOAD_FORGET:
        return sig_s3_delete(&p->s3, object, why) ? SIG_UPLOAD_DONE : SIG_UPLOAD_AGAIN;
    case SIG_UPLOAD_MANIFEST:
        return put_manifest(p, job, why);
    case SIG_UPLOAD_TOMBSTONE:
        return bury(p, job, why);
    case SIG_UPLOAD_NONE:
        break;
    }
    return SIG_UPLOAD_LOST;
}

/* ---- place ---- */

bool sig_upload_place_open(sig_upload_place *p, const sig_gateway *g, const atomic_bool *stop, GError **error)
{
    const sig_settings *s = g->settings;
    g_autofree char *program = g_file_read_link("/proc/self/exe", error);
    if (!program || !sig_s3_credentials(&p->s3, s->s3_credentials, error)) {
        return false;
    }
    g_autofree char *bin = g_path_get_dirname(program);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    p->s3.endpoint = g_strdup(s->s3_endpoint);
    p->s3.bucket = g_strdup(s->s3_bucket);
    p->s3.region = g_strdup(s->s3_region);
    p->s3.prefix = g_strdup(s->s3_prefix);
    p->s3.authority_file = g_strdup(s->s3_authority);
    p->s3.stop = stop;
    p->folder = g_build_filename(g->data, "recordings", NULL);
    p->tool = g_build_filename(bin, "tessera-recording", NULL);
    p->key = g_build_filename(g->data, SIG_GATEWAY_KEY ".key", NULL);
    p->dir_fd = g->recordings_dir_fd;
    return true;
}

void sig_upload_place_close(sig_upload_place *p)
{
    sig_s3_clear(&p->s3);
    g_free(p->folder);
    g_free(p->tool);
    g_free(p->key);
}
