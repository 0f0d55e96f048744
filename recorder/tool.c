/* tessera-recording: proves, completes, exports and serves sealed recordings (format.md). */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "mcu/base/media.h"
#include "mcu/base/no_dump.h"
#include "recorder/tool.h"

static const char usage_text[] =
    "tessera-recording " TESSERA_VERSION "\n"
    "  verify  --key KEY [WORDS] [--json] PATH...   proves a recording without decrypting it\n"
    "  manifest [--sign FILE] [--key KEY WORDS] [--whole] PATH...   the manifest, to the standard output\n"
    "  recover [--sign FILE] [--key KEY WORDS] [--whole] PATH...   writes manifest.json from the segments, also after a crash; "
    "media is not "
    "touched\n"
    "  export  (--private FILE | --keys FILE) [--segment N] [--key KEY WORDS] [--whole] --out FILE PATH...   a plain MP4: H.264 "
    "as\n"
    "          recorded, sound as AAC; FILE - is the standard output\n"
    "  rewrap  --private FILE (--to KEY | --to-private FILE) --kid NAME PATH...   the segments' keys, from an old pair to a new "
    "one;\n"
    "          nobody can read them again who has not the private half: --to-private takes it from there\n"
    "  serve   (--private FILE | --keys FILE) [--segment N] [--from N] [--to N | --last N] [--ends LIST] [--info] PATH...\n"
    "          to the standard output: a line of JSON {size, from, to, length_ms}, then these bytes of a fragmented MP4; --to "
    "is\n"
    "          the last one\n"
    "  poster  (--private FILE | --keys FILE) [--segment N] PATH...   its first picture as JPEG, to the standard output\n"
    "  chapters (--private FILE | --keys FILE) [--language en|es|fr] PATH...   joins, leaves, arrangements, as WebVTT\n"
    "PATH is the folder of a recording, its manifest.json or a segment. KEY is the gateway's public key or a file with it, in "
    "hexadecimal.\n"
    "WORDS is what others know of it: --anchors FILE, a JSON array of heads; --audit FILE, the gateway's audit trail, proven "
    "too,\n"
    "whose heads of this recording count; --heads FILE, the same trail for its heads alone, which takes seconds less when it is\n"
    "long; --recording ID, of which recording, when no segment may be there to say it. Without any nobody can tell whether the\n"
    "end is missing.\n"
    "--whole: nothing, and 1, rather than what is left of a damaged recording.\n"
    "--keys: a JSON object of data keys by segment; /dev/fd/N reads it from a pipe.\n"
    "They end with 0: done, nothing wrong was found; 3: proven, or exported, as far as it goes, but a part is missing or "
    "damaged\n"
    "or a segment has no end; 1: changed, cut or incomplete; 2: not done.\n";

/* Where a segment has no end, as a crash leaves it: known, and said. */
static bool say_interrupted(const tool_options *o, const rec_store *store)
{
    bool any = false;
    for (unsigned i = 0; i < rec_store_count(store); i++) {
        const rec_proof *p = rec_reader_proof(rec_store_at(store, i)->reader);
        if ((o->segment < 0 || p->header.segment == (uint32_t)o->segment) && !p->complete && p->damage == NULL) {
            any = true;
            fprintf(stderr,
                    "tessera-recording: segment %u has no end, as after a crash: exported are its %u proven fragments, "
                    "%" G_GINT64_FORMAT " ms\n",
                    p->header.segment, p->head.fragments, p->head.media_ns / MCU_NS_PER_MS);
        }
    }
    return any;
}

static int export(const tool_options *o, const rec_store *store, rec_movie *movie, GError **error)
{
    g_autoptr(GPtrArray) wrongs = tool_wrongs(o, store, error);
    if (wrongs == NULL) {
        return TOOL_USAGE;
    }
    if (!tool_is_whole(o, wrongs, error)) {
        return TOOL_TAMPERED;
    }
    if (!tool_export(movie, o->out, error)) {
        return TOOL_USAGE;
    }
    tool_say_wrongs(wrongs, "exported is what can be proven; what is damaged or missing is left out");
    bool interrupted = say_interrupted(o, store);
    return wrongs->len > 0 || interrupted ? TOOL_PARTLY : 0;
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
    int status = movie != NULL ? export(o, store, movie, &error) : TOOL_USAGE;
    rec_movie_free(movie);
    rec_store_free(store);
    if (error != NULL || status == TOOL_USAGE) {
        (void)tool_trouble(error);
    }
    return status;
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

static const struct {
    const char *name;
    int (*run)(const tool_options *o);
} commands[] = {{"verify", tool_verify}, {"manifest", tool_manifest}, {"recover", tool_recover}, {"export", run_export},
                {"rewrap", run_rewrap},  {"serve", run_serve},        {"poster", run_poster},    {"chapters", run_chapters}};

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
        if (strcmp(argv[1], commands[i].name) == 0) {
            return tool_options_parse(argc - 1, argv + 1, &o) ? commands[i].run(&o) : TOOL_USAGE;
        }
    }
    if (argc > 1) {
        fprintf(stderr, "tessera-recording: there is no command %s\n", argv[1]);
    }
    fputs(usage_text, stderr);
    return TOOL_USAGE;
}
