/* tessera-recording: proves, completes, exports and serves sealed recordings (format.md). */
#include <getopt.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mcu/base/media.h"
#include "mcu/base/no_dump.h"
#include "recorder/manifest.h"
#include "recorder/tool.h"

#define EXIT_USAGE 2

static const char usage_text[] =
    "tessera-recording " TESSERA_VERSION "\n"
    "  verify  --key KEY [--anchors FILE] [--audit FILE | --heads FILE] [--json] PATH...   proves a recording without decrypting "
    "it\n"
    "  manifest [--sign FILE] PATH...               the manifest, to the standard output\n"
    "  recover [--sign FILE] PATH...                writes manifest.json from the segments, also after a crash; media is not "
    "touched\n"
    "  export  (--private FILE | --keys FILE) [--segment N] --out FILE PATH...   a plain MP4: H.264 as recorded, sound as AAC;\n"
    "          FILE - is the standard output\n"
    "  rewrap  --private FILE --to KEY --kid NAME PATH...        the segments' keys, from an old pair to a new public key\n"
    "  serve   (--private FILE | --keys FILE) [--segment N] [--from N] [--to N | --last N] [--info] PATH...\n"
    "          to the standard output: a line of JSON {size, from, to, length_ms}, then these bytes of a fragmented MP4\n"
    "  poster  (--private FILE | --keys FILE) [--segment N] PATH...   its first picture as JPEG, to the standard output\n"
    "  chapters (--private FILE | --keys FILE) [--language en|es|fr] PATH...   joins, leaves, arrangements, as WebVTT\n"
    "PATH is the folder of a recording, its manifest.json or a segment. KEY is the gateway's public key or a file with it, in "
    "hexadecimal.\n"
    "--anchors: a JSON array of heads; --audit: the gateway's audit trail, proven too, whose heads of this recording count as\n"
    "anchors; --heads: the same trail for its heads alone, which takes seconds less when it is long.\n"
    "--keys: a JSON object of data keys by segment; /dev/fd/N reads it from a pipe.\n"
    "verify ends with 0: complete; 3: proven as far as it goes, but a segment has no end; 1: changed, cut or incomplete; 2: not "
    "done.\n";

/* Of the store, signed if there is a key for that; NULL with an error, which is not set when signing failed. */
static json_t *make_manifest(const tool_options *o, rec_store *store, GError **error)
{
    uint8_t key[32];
    if (o->sign != NULL && !tool_read_key(o->sign, key, error)) {
        return NULL;
    }
    json_t *manifest = rec_manifest_make(store, error);
    if (manifest != NULL && o->sign != NULL && !mcu_json_sign(manifest, "gateway", key)) {
        json_decref(manifest);
        manifest = NULL;
    }
    OPENSSL_cleanse(key, sizeof key);
    return manifest;
}

static int run_recover(const tool_options *o)
{
    GError *error = NULL;
    rec_store *store = rec_store_open(o->paths, o->n_paths, NULL, &error);
    json_t *manifest = store != NULL ? make_manifest(o, store, &error) : NULL;
    bool ok = manifest != NULL && rec_manifest_write(store, manifest, &error);
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
    return ok ? 0 : tool_trouble(error);
}

static int run_manifest(const tool_options *o)
{
    GError *error = NULL;
    rec_store *store = rec_store_open(o->paths, o->n_paths, NULL, &error);
    json_t *manifest = store != NULL ? make_manifest(o, store, &error) : NULL;
    bool ok = manifest != NULL && json_dumpf(manifest, stdout, JSON_INDENT(1) | JSON_SORT_KEYS) == 0 && fflush(stdout) == 0;
    json_decref(manifest);
    rec_store_free(store);
    return ok ? 0 : tool_trouble(error);
}

static int run_export(const tool_options *o)
{
    GError *error = NULL;
    rec_store *store = NULL;
    if (o->out == NULL) {
        g_set_error(&error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "export needs --out FILE");
        return tool_trouble(error);
    }
    rec_movie *movie = tool_open_movie(o, false, &store, &error);
    bool ok = movie != NULL && tool_export(movie, o->out, &error);
    rec_movie_free(movie);
    rec_store_free(store);
    return ok ? 0 : tool_trouble(error);
}

static int run_rewrap(const tool_options *o)
{
    GError *error = NULL;
    return tool_rewrap(o, &error) ? 0 : tool_trouble(error);
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
    rec_movie *movie = tool_open_movie(o, true, &store, &error);
    bool ok = movie != NULL;
    if (ok) {
        int64_t size = (int64_t)rec_movie_size(movie), to = o->to >= 0 && o->last < 0 ? MIN(o->to + 1, size) : size;
        int64_t from = o->last >= 0 ? MAX(size - o->last, 0) : MIN(o->from, size);
        printf("{\"size\":%" G_GINT64_FORMAT ",\"from\":%" G_GINT64_FORMAT ",\"to\":%" G_GINT64_FORMAT
               ",\"length_ms\":%" G_GINT64_FORMAT "}\n",
               size, from, MAX(to, from), rec_movie_length_ns(movie) / MCU_NS_PER_MS);
        ok = o->info ? fflush(stdout) == 0 : send_range(movie, (uint64_t)from, (uint64_t)MAX(to, from), &error);
    }
    rec_movie_free(movie);
    rec_store_free(store);
    return ok ? 0 : tool_trouble(error);
}

static int run_poster(const tool_options *o)
{
    GError *error = NULL;
    rec_store *store = NULL;
    rec_movie *movie = tool_open_movie(o, true, &store, &error);
    bool ok = movie != NULL && tool_poster(movie, &error);
    rec_movie_free(movie);
    rec_store_free(store);
    return ok ? 0 : tool_trouble(error);
}

static int run_chapters(const tool_options *o)
{
    GError *error = NULL;
    rec_store *store = tool_open_store(o, true, &error);
    bool ok = store != NULL && tool_chapters(store, o->language);
    rec_store_free(store);
    return ok ? 0 : tool_trouble(error);
}

static bool parse(int argc, char **argv, tool_options *o)
{
    enum { KEY = 1, ANCHORS, HEADS, AUDIT, SIGN, PRIVATE, KEYS, OUT, LANGUAGE, KID, SEGMENT, FROM, TO, LAST, INFO, JSON };
    bool rewraps = strcmp(argv[0], "rewrap") == 0; /* there --to is a key, elsewhere a place */
    static const struct option options[] = {
        {"key", 1, NULL, KEY},
        {"anchors", 1, NULL, ANCHORS},
        {"heads", 1, NULL, HEADS},
        {"audit", 1, NULL, AUDIT},
        {"sign", 1, NULL, SIGN},
        {"private", 1, NULL, PRIVATE},
        {"keys", 1, NULL, KEYS},
        {"out", 1, NULL, OUT},
        {"language", 1, NULL, LANGUAGE},
        {"from", 1, NULL, FROM},
        {"to", 1, NULL, TO},
        {"last", 1, NULL, LAST},
        {"info", 0, NULL, INFO},
        {"json", 0, NULL, JSON},
        {"segment", 1, NULL, SEGMENT},
        {"kid", 1, NULL, KID},
        {NULL, 0, NULL, 0},
    };
    *o = (tool_options){.to = -1, .last = -1, .segment = -1};
    const char **texts[] = {[KEY] = &o->key,     [ANCHORS] = &o->anchors, [HEADS] = &o->heads,
                            [AUDIT] = &o->audit, [SIGN] = &o->sign,       [PRIVATE] = &o->private_key,
                            [KEYS] = &o->keys,   [OUT] = &o->out,         [LANGUAGE] = &o->language,
                            [KID] = &o->kid};
    for (int c = getopt_long(argc, argv, "", options, NULL); c != -1; c = getopt_long(argc, argv, "", options, NULL)) {
        gint64 number = -1;
        if (c == TO && rewraps) {
            o->to_key = optarg;
            continue;
        }
        if (c >= SEGMENT && c <= LAST && !g_ascii_string_to_signed(optarg, 10, 0, INT64_MAX / 2, &number, NULL)) {
            return false;
        }
        if (c >= KEY && c <= KID) {
            *texts[c] = optarg;
        } else if (c == SEGMENT) {
            o->segment = (int)MIN(number, INT32_MAX);
        } else if (c == FROM) {
            o->from = number;
        } else if (c == TO) {
            o->to = number;
        } else if (c == LAST) {
            o->last = number;
        } else if (c == INFO) {
            o->info = true;
        } else if (c == JSON) {
            o->json = true;
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
} commands[] = {{"verify", tool_verify}, {"manifest", run_manifest}, {"recover", run_recover}, {"export", run_export},
                {"rewrap", run_rewrap},  {"serve", run_serve},       {"poster", run_poster},   {"chapters", run_chapters}};

int main(int argc, char **argv)
{
    tool_options o;
    mcu_no_dump();
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
