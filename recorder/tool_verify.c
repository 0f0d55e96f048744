/* tool_verify.c - `tessera-recording verify`, and what all its commands say and read. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/hex.h"
#include "recorder/manifest.h"
#include "recorder/tool.h"

enum { EXIT_TAMPERED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 3 };

int tool_trouble(GError *error)
{
    fprintf(stderr, "tessera-recording: %s\n", error != NULL ? error->message : "it did not work");
    g_clear_error(&error);
    return EXIT_USAGE;
}

bool tool_read_key(const char *text, uint8_t key[32], GError **error)
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

/* Of each segment the furthest head: what comes before it is in its chain. */
static void keep_furthest(json_t *heads, json_t *take_head)
{
    char number[24];
    g_snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(take_head, "segment")));
    const json_t *before = json_object_get(heads, number);
    if (before == NULL ||
        json_integer_value(json_object_get(before, "record")) < json_integer_value(json_object_get(take_head, "record"))) {
        json_object_set(heads, number, take_head);
    }
    json_decref(take_head);
}

/* The gateway's countersigned heads of this recording; a last line that a crash tore is none. */
static bool read_trail(json_t *anchors, const char *path, const char *recording, GError **error)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_NOT_FOUND, "%s cannot be read", path);
        return false;
    }
    json_t *heads = json_object();
    char *line = NULL;
    size_t size = 0;
    while (recording != NULL && getline(&line, &size, f) > 0) {
        json_t *m = strstr(line, recording) != NULL ? json_loads(line, 0, NULL) : NULL;
        const char *target = json_string_value(json_object_get(m, "target"));
        if (target != NULL && strcmp(target, recording) == 0 && json_object_get(m, "signature") && json_object_get(m, "hash")) {
            json_object_set_new(m, "recording", json_string(recording));
            keep_furthest(heads, m);
        } else {
            json_decref(m);
        }
    }
    free(line);
    fclose(f);
    const char *key;
    json_t *head;
    json_object_foreach(heads, key, head)
    {
        json_array_append(anchors, head);
    }
    json_decref(heads);
    return true;
}

/* What --anchors and --audit name, one array; NULL with error. */
static json_t *read_anchors(const tool_options *o, const rec_store *store, GError **error)
{
    json_t *anchors = o->anchors != NULL ? json_load_file(o->anchors, 0, NULL) : json_array();
    if (!json_is_array(anchors)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: no JSON array of heads", o->anchors);
    } else if (o->audit == NULL || read_trail(anchors, o->audit, recording_of(store), error)) {
        return anchors;
    }
    json_decref(anchors);
    return NULL;
}

/* ---- the verdict ---- */

static int say(rec_verdict verdict, const GPtrArray *findings, bool as_json)
{
    static const struct {
        const char *word, *sentence;
        int status;
    } table[] = {
        [REC_VERDICT_NONE] = {"tampered", "NOT AS RECORDED", EXIT_TAMPERED},
        [REC_VERDICT_COMPLETE] = {"complete", "complete: everything is as it was recorded", 0},
        [REC_VERDICT_INTERRUPTED] = {"interrupted", "interrupted: what is there is as it was recorded", EXIT_INTERRUPTED},
        [REC_VERDICT_TAMPERED] = {"tampered", "NOT AS RECORDED", EXIT_TAMPERED}};
    json_t *lines = json_array();
    for (guint i = 0; i < findings->len; i++) {
        json_array_append_new(lines, json_string(findings->pdata[i]));
        if (!as_json) {
            puts(findings->pdata[i]);
        }
    }
    if (as_json) {
        json_t *all = json_pack("{ss sO}", "verdict", table[verdict].word, "findings", lines);
        json_dumpf(all, stdout, JSON_COMPACT);
        json_decref(all);
    } else {
        puts(table[verdict].sentence);
    }
    json_decref(lines);
    return table[verdict].status;
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
    json_t *anchors = store != NULL ? read_anchors(o, store, &error) : NULL;
    int status = EXIT_USAGE;
    if (anchors != NULL) {
        g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
        rec_verdict verdict = rec_verify(store, key, anchors, findings);
        status = say(verdict, findings, o->json);
    } else {
        status = tool_trouble(error);
    }
    rec_store_free(store);
    json_decref(anchors);
    return status;
}
