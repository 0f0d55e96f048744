/* tool_verify.c - `tessera-recording verify`, and what all its commands say and read. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/hex.h"
#include "recorder/manifest.h"
#include "recorder/tool.h"

int tool_trouble(GError *error)
{
    fprintf(stderr, "tessera-recording: %s\n", error != NULL ? error->message : "it did not work");
    g_clear_error(&error);
    return TOOL_USAGE;
}

bool tool_read_key(const char *text, uint8_t key[32], GError **error)
{
    g_autofree char *content = NULL;
    if (mcu_unhex(text, key, 32)) {
        return true;
    }
    g_autoptr(GError) problem = NULL;
    if (!g_file_get_contents(text, &content, NULL, &problem)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: neither 64 hexadecimal digits nor a file with them (%s)", text,
                    g_strerror(errno));
        return false;
    }
    bool ok = mcu_unhex(g_strstrip(content), key, 32);
    OPENSSL_cleanse(content, strlen(content));
    if (!ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: no key of 64 hexadecimal digits", text);
    }
    return ok;
}

/* ---- heads that others know ---- */

static const char *recording_of(const rec_store *s)
{
    for (unsigned i = 0; i < rec_store_count(s); i++) {
        if (rec_store_at(s, i)->reader != NULL) {
            return rec_reader_proof(rec_store_at(s, i)->reader)->header.recording;
        }
    }
    return NULL;
}

/* What --anchors, --heads and --audit say. */
typedef struct {
    json_t *anchors; /* NULL = they cannot be read */
    bool broken;     /* the trail itself is */
    bool unheld;     /* the trail knows nothing of the recording */
} words;

static bool read_trail(const char *path, const char *recording, words *w, GPtrArray *findings, GError **error)
{
    size_t before = json_array_size(w->anchors);
    if (!tool_trail_heads(w->anchors, path, recording, error)) {
        return false;
    }
    if (json_array_size(w->anchors) == before) {
        w->unheld = true;
        g_ptr_array_add(findings, g_strdup_printf("audit trail: it holds no head of %s: it ends before this recording began, or "
                                                  "is another server's",
                                                  recording != NULL ? recording : "any recording here"));
    }
    return true;
}

/* `key` NULL: a trail is not proven. */
static bool read_words(const tool_options *o, const rec_store *store, const uint8_t *key, GPtrArray *findings, words *w,
                       GError **error)
{
    const char *recording = o->recording != NULL ? o->recording : recording_of(store);
    *w = (words){.anchors = o->anchors != NULL ? json_load_file(o->anchors, 0, NULL) : json_array()};
    if (!json_is_array(w->anchors)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: no JSON array of heads", o->anchors);
    } else if ((o->heads == NULL || read_trail(o->heads, recording, w, findings, error)) &&
               (o->audit == NULL || (read_trail(o->audit, recording, w, findings, error) &&
                                     (key == NULL || tool_trail_check(o->audit, key, findings, &w->broken, error))))) {
        return true;
    }
    json_decref(w->anchors);
    w->anchors = NULL;
    return false;
}

/* ---- what is wrong ---- */

rec_store *tool_open_proven(const tool_options *o, GError **error)
{
    uint8_t key[32];
    return o->key == NULL || tool_read_key(o->key, key, error)
               ? rec_store_open(o->paths, o->n_paths, o->key != NULL ? key : NULL, error)
               : NULL;
}

GPtrArray *tool_wrongs(const tool_options *o, const rec_store *store, GError **error)
{
    uint8_t key[32];
    words w;
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free), wrong = g_ptr_array_new();
    if ((o->key != NULL && !tool_read_key(o->key, key, error)) ||
        !read_words(o, store, o->key != NULL ? key : NULL, findings, &w, error)) {
        return NULL;
    }
    const rec_question q = {.gateway = o->key != NULL ? key : NULL, .anchors = w.anchors, .segment = o->segment};
    (void)rec_judge(store, &q, findings, wrong);
    json_decref(w.anchors);
    GPtrArray *out = g_ptr_array_new_with_free_func(g_free);
    if (w.broken) {
        g_ptr_array_add(out, g_strdup("the audit trail is broken"));
    }
    for (guint i = 0; i < wrong->len; i++) {
        g_ptr_array_add(out, g_strdup(wrong->pdata[i]));
    }
    return out;
}

void tool_say_wrongs(const GPtrArray *wrongs, const char *and_so)
{
    for (guint i = 0; i < wrongs->len; i++) {
        fprintf(stderr, "tessera-recording: %s\n", (const char *)wrongs->pdata[i]);
    }
    if (wrongs->len > 0) {
        fprintf(stderr, "tessera-recording: %s\n", and_so);
    }
}

bool tool_is_whole(const tool_options *o, const GPtrArray *wrongs, GError **error)
{
    if (!o->whole || wrongs->len == 0) {
        return true;
    }
    g_autoptr(GString) all = g_string_new("this is not as it was recorded: ");
    for (guint i = 0; i < wrongs->len; i++) {
        g_string_append_printf(all, "%s%s", i > 0 ? "; " : "", (const char *)wrongs->pdata[i]);
    }
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFLICT, "%s", all->str);
    return false;
}

/* ---- the verdict ---- */

typedef struct {
    const char *word, *sentence;
    int status;
} outcome;

static const outcome outcomes[] = {
    [REC_VERDICT_NONE] = {"tampered", "NOT AS RECORDED", TOOL_TAMPERED},
    [REC_VERDICT_COMPLETE] = {"complete", "complete: everything is as it was recorded", 0},
    [REC_VERDICT_OPEN] = {"complete",
                          "nothing wrong was found, as far as it goes: whether its end is missing cannot be told from here", 0},
    [REC_VERDICT_INTERRUPTED] = {"interrupted", "interrupted: what is there is as it was recorded", TOOL_PARTLY},
    [REC_VERDICT_TAMPERED] = {"tampered", "NOT AS RECORDED", TOOL_TAMPERED}};
static const outcome not_held = {
    "interrupted", "NOT PROVEN: what is there hangs together, but the audit trail does not know this recording", TOOL_PARTLY};

static const outcome *outcome_of(rec_verdict verdict, const words *w)
{
    return w->broken                                      ? &outcomes[REC_VERDICT_TAMPERED]
           : w->unheld && verdict != REC_VERDICT_TAMPERED ? &not_held
                                                          : &outcomes[verdict];
}

static int say(const outcome *end, const GPtrArray *findings, bool as_json)
{
    json_t *lines = json_array();
    for (guint i = 0; i < findings->len; i++) {
        json_array_append_new(lines, json_string(findings->pdata[i]));
        if (!as_json) {
            puts(findings->pdata[i]);
        }
    }
    if (as_json) {
        json_t *all = json_pack("{ss sO}", "verdict", end->word, "findings", lines);
        json_dumpf(all, stdout, JSON_COMPACT);
        json_decref(all);
    } else {
        puts(end->sentence);
    }
    json_decref(lines);
    return end->status;
}

int tool_verify(const tool_options *o)
{
    GError *error = NULL;
    uint8_t key[32];
    if (o->key == NULL) {
        g_set_error(&error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "verify needs --key: the gateway's public key");
        return tool_trouble(error);
    }
    rec_store *store = tool_read_key(o->key, key, &error) ? rec_store_open(o->paths, o->n_paths, key, &error) : NULL;
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
    words w = {0};
    int status = TOOL_USAGE;
    if (store != NULL && read_words(o, store, key, findings, &w, &error)) {
        rec_verdict verdict = rec_verify(store, key, w.anchors, findings);
        status = say(outcome_of(verdict, &w), findings, o->json);
    } else {
        status = tool_trouble(error);
    }
    rec_store_free(store);
    json_decref(w.anchors);
    return status;
}
