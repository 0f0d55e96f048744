/* tool_options.c - what is asked of tessera-recording; what is wrong with it is said by name. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "recorder/tool.h"

/* Texts, then numbers, then flags. */
enum {
    KEY = 1,
    ANCHORS,
    HEADS,
    AUDIT,
    RECORDING,
    SIGN,
    PRIVATE,
    KEYS,
    OUT,
    LANGUAGE,
    KID,
    TO_PRIVATE,
    ENDS,
    SEGMENT,
    FROM,
    TO,
    LAST,
    INFO,
    JSON,
    WHOLE
};

static const struct option options[] = {
    {"key", 1, NULL, KEY},
    {"anchors", 1, NULL, ANCHORS},
    {"heads", 1, NULL, HEADS},
    {"audit", 1, NULL, AUDIT},
    {"recording", 1, NULL, RECORDING},
    {"sign", 1, NULL, SIGN},
    {"private", 1, NULL, PRIVATE},
    {"keys", 1, NULL, KEYS},
    {"out", 1, NULL, OUT},
    {"language", 1, NULL, LANGUAGE},
    {"kid", 1, NULL, KID},
    {"to-private", 1, NULL, TO_PRIVATE},
    {"ends", 1, NULL, ENDS},
    {"segment", 1, NULL, SEGMENT},
    {"from", 1, NULL, FROM},
    {"to", 1, NULL, TO},
    {"last", 1, NULL, LAST},
    {"info", 0, NULL, INFO},
    {"json", 0, NULL, JSON},
    {"whole", 0, NULL, WHOLE},
    {NULL, 0, NULL, 0},
};

static void take_text(tool_options *o, int option, const char *value)
{
    const char **texts[] = {
        [KEY] = &o->key,   [ANCHORS] = &o->anchors,       [HEADS] = &o->heads, [AUDIT] = &o->audit, [RECORDING] = &o->recording,
        [SIGN] = &o->sign, [PRIVATE] = &o->private_key,   [KEYS] = &o->keys,   [OUT] = &o->out,     [LANGUAGE] = &o->language,
        [KID] = &o->kid,   [TO_PRIVATE] = &o->to_private, [ENDS] = &o->ends};
    *texts[option] = value;
}

static bool take_number(tool_options *o, int option, const char *value)
{
    gint64 number = -1;
    if (!g_ascii_string_to_signed(value, 10, 0, option == SEGMENT ? INT32_MAX : INT64_MAX / 2, &number, NULL)) {
        fprintf(stderr, "tessera-recording: --%s %s: a number from 0 is wanted, of %s\n", options[option - 1].name, value,
                option == SEGMENT ? "a segment" : "bytes");
        return false;
    }
    int64_t *const numbers[] = {[FROM - FROM] = &o->from, [TO - FROM] = &o->to, [LAST - FROM] = &o->last};
    if (option == SEGMENT) {
        o->segment = (int)number;
    } else {
        *numbers[option - FROM] = number;
    }
    return true;
}

/* A folder that is gone holds no segment of a recording that was named. */
static void leave_out_missing(tool_options *o, char **paths)
{
    unsigned n = 0;
    for (unsigned i = 0; i < o->n_paths; i++) {
        if (g_file_test(paths[i], G_FILE_TEST_EXISTS)) {
            paths[n++] = paths[i];
        }
    }
    o->n_paths = n;
}

bool tool_options_parse(int argc, char **argv, tool_options *o)
{
    bool rewraps = strcmp(argv[0], "rewrap") == 0; /* there --to is a key, elsewhere a place */
    *o = (tool_options){.to = -1, .last = -1, .segment = -1};
    for (int c = getopt_long(argc, argv, "", options, NULL); c != -1; c = getopt_long(argc, argv, "", options, NULL)) {
        if (c == TO && rewraps) {
            o->to_key = optarg;
        } else if (c >= KEY && c < SEGMENT) {
            take_text(o, c, optarg);
        } else if (c >= SEGMENT && c <= LAST) {
            if (!take_number(o, c, optarg)) {
                return false;
            }
        } else if (c >= INFO && c <= WHOLE) {
            o->info = o->info || c == INFO;
            o->json = o->json || c == JSON;
            o->whole = o->whole || c == WHOLE;
        } else {
            return false; /* getopt has said which */
        }
    }
    o->paths = (const char *const *)argv + optind;
    o->n_paths = (unsigned)(argc - optind);
    if (o->n_paths == 0) {
        fprintf(stderr, "tessera-recording: %s needs a PATH: the folder of a recording, its manifest.json or a segment\n",
                argv[0]);
        return false;
    }
    if (o->recording != NULL) {
        leave_out_missing(o, argv + optind);
    }
    return true;
}
