/* tessera-recording: proves, completes, exports and serves sealed recordings (format.md). */
#include <errno.h>
#include <getopt.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/hex.h"
#include "mcu/base/media.h"
#include "recorder/manifest.h"
#include "recorder/tool.h"

enum { EXIT_TAMPERED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 3 };

static const char usage_text[] =
    "tessera-recording " TESSERA_VERSION "\n"
    "  verify  --key KEY [--anchors FILE] PATH...   proves a recording without decrypting it\n"
    "  recover [--sign FILE] PATH...                writes manifest.json from the segments, also after a crash; media is not "
    "touched\n"
    "  export  (--private FILE | --keys FILE) [--segment N] --out FILE PATH...   a plain MP4: H.264 as recorded, sound as AAC\n"
    "  serve   (--private FILE | --keys FILE) [--segment N] [--from N] [--to N] [--info] PATH...\n"
    "          to the standard output: a line of JSON {size, from, to, length_ms}, then these bytes of a fragmented MP4\n"
    "PATH is the folder of a recording, its manifest.json or a segment. KEY is the gateway's public key or a file with it, in "
    "hexadecimal.\n"
    "--keys: a JSON object of data keys by segment; /dev/fd/N reads it from a pipe.\n"
    "verify ends with 0: complete; 3: proven as far as it goes, but a segment has no end; 1: changed, cut or incomplete; 2: not "
    "done.\n";

static int trouble(GError *error)
{
    fprintf(stderr, "tessera-recording: %s\n", error != NULL ? error->message : "it did not work");
    g_clear_error(&error);
    return EXIT_USAGE;
}

/* 64 hexadecimal digits, or a file with them. */
static bool read_key(const char *text, uint8_t key[32], GError **error)
{
    g_autofree char *content = NULL;
    if (mcu_unhex(text, key, 32)) {
        return true;
    }
    if (!g_file_get_contents(text, &content, NULL, error)) {
        return false;
    }
    bool ok = mcu_unhex(g_strstrip(content), key, 32);
    OPENSSL_cleanse(content, strlen(content));
    if (!ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: no key of 64 hexadecimal digits", text);
    }
    return ok;
}

static int run_verify(const tool_options *o)
{
    GError *error = NULL;
    uint8_t key[32];
    if (o->key == NULL) {
        g_set_error(&error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "verify needs --key: the gateway's public key");
        return trouble(error);
    }
    json_t *anchors = o->anchors != NULL ? json_load_file(o->anchors, 0, NULL) : NULL;
    if (o->anchors != NULL && !json_is_array(anchors)) {
        g_set_error(&error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: no JSON array of heads", o->anchors);
        return trouble(error);
    }
    rec_store *store = read_key(o->key, key, &error) ? rec_store_open(o->paths, o->n_paths, key, &error) : NULL;
    if (store == NULL) {
        json_decref(anchors);
        return trouble(error);
    }
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
    rec_verdict verdict = rec_verify(store, key, anchors, findings);
    for (guint i = 0; i < findings->len; i++) {
        puts(findings->pdata[i]);
    }
    puts(verdict == REC_VERDICT_COMPLETE      ? "complete: everything is as it was recorded"
         : verdict == REC_VERDICT_INTERRUPTED ? "interrupted: what is there is as it was recorded"
                                              : "NOT AS RECORDED");
    rec_store_free(store);
    json_decref(anchors);
    return verdict == REC_VERDICT_COMPLETE ? 0 : verdict == REC_VERDICT_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_TAMPERED;
}

static int run_recover(const tool_options *o)
{
    GError *error = NULL;
    uint8_t key[32];
    if (o->sign != NULL && !read_key(o->sign, key, &error)) {
        return trouble(error);
    }
    rec_store *store = rec_store_open(o->paths, o->n_paths, NULL, &error);
    json_t *manifest = store != NULL ? rec_manifest_make(store, &error) : NULL;
    bool ok = manifest != NULL && (o->sign == NULL || mcu_json_sign(manifest, "gateway", key)) &&
              rec_manifest_write(store, manifest, &error);
    OPENSSL_cleanse(key, sizeof key);
    for (unsigned i = 0; ok && i < rec_store_count(store); i++) {
        const rec_store_segment *s = rec_store_at(store, i);
        const rec_proof *p = s->reader != NULL ? rec_reader_proof(s->reader) : NULL;
        printf("%s: %s\n", s->name,
               p == NULL           ? s->why
               : p->damage != NULL ? p->damage
               : p->complete       ? "complete"
                                   : "interrupted");
    }
    json_decref(manifest);
    rec_store_free(store);
    return ok ? 0 : trouble(error);
}

static int run_export(const tool_options *o)
{
    GError *error = NULL;
    rec_store *store = NULL;
    if (o->out == NULL) {
        g_set_error(&error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "export needs --out FILE");
        return trouble(error);
    }
    rec_movie *movie = tool_open_movie(o, &store, &error);
    bool ok = movie != NULL && tool_export(movie, o->out, &error);
    rec_movie_free(movie);
    rec_store_free(store);
    return ok ? 0 : trouble(error);
}

static bool send_range(rec_movie *movie, uint64_t from, uint64_t to, GError **error)
{
    uint8_t buffer[64 * 1024];
    while (from < to) {
        ssize_t n = rec_movie_read(movie, from, buffer, MIN(sizeof buffer, to - from), error);
        if (n <= 0 || fwrite(buffer, 1, (size_t)n, stdout) != (size_t)n) {
            return false;
        }
        from += (uint64_t)n;
    }
    return fflush(stdout) == 0;
}

static int run_serve(const tool_options *o)
{
    GError *error = NULL;
    rec_store *store = NULL;
    rec_movie *movie = tool_open_movie(o, &store, &error);
    bool ok = movie != NULL;
    if (ok) {
        int64_t size = (int64_t)rec_movie_size(movie), from = MIN(o->from, size), to = o->to >= 0 ? MIN(o->to + 1, size) : size;
        printf("{\"size\":%" G_GINT64_FORMAT ",\"from\":%" G_GINT64_FORMAT ",\"to\":%" G_GINT64_FORMAT
               ",\"length_ms\":%" G_GINT64_FORMAT "}\n",
               size, from, MAX(to, from), rec_movie_length_ns(movie) / MCU_NS_PER_MS);
        ok = o->info ? fflush(stdout) == 0 : send_range(movie, (uint64_t)from, (uint64_t)MAX(to, from), &error);
    }
    rec_movie_free(movie);
    rec_store_free(store);
    return ok ? 0 : trouble(error);
}

static bool parse(int argc, char **argv, tool_options *o)
{
    enum { KEY = 1, ANCHORS, SIGN, PRIVATE, KEYS, OUT, SEGMENT, FROM, TO, INFO };
    static const struct option options[] = {
        {"key", 1, NULL, KEY},   {"anchors", 1, NULL, ANCHORS}, {"sign", 1, NULL, SIGN}, {"private", 1, NULL, PRIVATE},
        {"keys", 1, NULL, KEYS}, {"out", 1, NULL, OUT},         {"from", 1, NULL, FROM}, {"to", 1, NULL, TO},
        {"info", 0, NULL, INFO}, {"segment", 1, NULL, SEGMENT}, {NULL, 0, NULL, 0},
    };
    *o = (tool_options){.to = -1, .segment = -1};
    const char **texts[] = {[KEY] = &o->key,   [ANCHORS] = &o->anchors, [SIGN] = &o->sign, [PRIVATE] = &o->private_key,
                            [KEYS] = &o->keys, [OUT] = &o->out};
    for (int c = getopt_long(argc, argv, "", options, NULL); c != -1; c = getopt_long(argc, argv, "", options, NULL)) {
        gint64 number = -1;
        if (c >= SEGMENT && c <= TO && !g_ascii_string_to_signed(optarg, 10, 0, INT64_MAX / 2, &number, NULL)) {
            return false;
        }
        if (c >= KEY && c <= OUT) {
            *texts[c] = optarg;
        } else if (c == SEGMENT) {
            o->segment = (int)MIN(number, INT32_MAX);
        } else if (c == FROM) {
            o->from = number;
        } else if (c == TO) {
            o->to = number;
        } else if (c == INFO) {
            o->info = true;
        } else {
            return false;
        }
    }
    o->paths = (const char *const *)argv + optind;
    o->n_paths = (unsigned)(argc - optind);
    return o->n_paths > 0;
}

static const struct {
    const char *name;
    int (*run)(const tool_options *o);
} commands[] = {{"verify", run_verify}, {"recover", run_recover}, {"export", run_export}, {"serve", run_serve}};

int main(int argc, char **argv)
{
    tool_options o;
    const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core); /* keys are in this memory */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)umask(077);
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage_text, stdout);
        return 0;
    }
    for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0 && parse(argc - 1, argv + 1, &o)) {
            return commands[i].run(&o);
        }
    }
    fputs(usage_text, stderr);
    return EXIT_USAGE;
}
