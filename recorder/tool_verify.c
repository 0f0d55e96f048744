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

/* What --anchors, --heads and --audit name, one array; NULL with error. `broken`: the trail itself is. */
static json_t *read_anchors(const tool_options *o, const rec_store *store, const uint8_t key[32], GPtrArray *findings,
                            bool *broken, GError **error)
{
    json_t *anchors = o->anchors != NULL ? json_load_file(o->anchors, 0, NULL) : json_array();
    const char *recording = recording_of(store);
    if (!json_is_array(anchors)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: no JSON array of heads", o->anchors);
    } else if ((o->heads == NULL || tool_trail_heads(anchors, o->heads, recording, error)) &&
               (o->audit == NULL || (tool_trail_heads(anchors, o->audit, recording, error) &&
                                     tool_trail_check(o->audit, key, findings, broken, error)))) {
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
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
    bool broken = false;
    json_t *anchors = store != NULL ? read_anchors(o, store, key, findings, &broken, &error) : NULL;
    int status = EXIT_USAGE;
    if (anchors != NULL) {
        rec_verdict verdict = rec_verify(store, key, anchors, findings);
        status = say(broken ? REC_VERDICT_TAMPERED : verdict, findings, o->json);
    } else {
        status = tool_trouble(error);
    }
    rec_store_free(store);
    json_decref(anchors);
    return status;
}
