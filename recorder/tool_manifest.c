/* tool_manifest.c - the manifest of a recording, made from its files: shown, or written beside them. */
#include <openssl/crypto.h>
#include <stdio.h>

#include "recorder/manifest.h"
#include "recorder/tool.h"

/* What nobody sees from the files alone goes into what is signed. */
static void add_wrongs(json_t *manifest, const GPtrArray *wrongs)
{
    json_t *lines = json_array();
    for (guint i = 0; i < wrongs->len; i++) {
        json_array_append_new(lines, json_string(wrongs->pdata[i]));
    }
    if (wrongs->len > 0) {
        json_object_set(manifest, "wrong", lines);
    }
    json_decref(lines);
}

/* Of the store, signed if there is a key for that; NULL with an error, which is not set when signing failed. */
static json_t *make_manifest(const tool_options *o, const rec_store *store, const GPtrArray *wrongs, GError **error)
{
    uint8_t key[32];
    if (o->sign != NULL && !tool_read_key(o->sign, key, error)) {
        return NULL;
    }
    json_t *manifest = rec_manifest_make(store, error);
    if (manifest != NULL) {
        add_wrongs(manifest, wrongs);
    }
    if (manifest != NULL && o->sign != NULL && !mcu_json_sign(manifest, "gateway", key)) {
        json_decref(manifest);
        manifest = NULL;
    }
    OPENSSL_cleanse(key, sizeof key);
    return manifest;
}

static bool write_down(const rec_store *store, const json_t *manifest, GError **error)
{
    if (!rec_manifest_write(store, manifest, error)) {
        return false;
    }
    for (unsigned i = 0; i < rec_store_count(store); i++) {
        const rec_store_segment *s = rec_store_at(store, i);
        const rec_proof *p = s->reader != NULL ? rec_reader_proof(s->reader) : NULL;
        printf("%s: %s\n", s->name,
               p == NULL           ? s->why
               : p->damage != NULL ? p->damage
               : p->complete       ? "complete"
                                   : "interrupted");
    }
    return true;
}

static bool print(const rec_store *store, const json_t *manifest, GError **error)
{
    (void)store;
    (void)error;
    return json_dumpf(manifest, stdout, JSON_INDENT(1) | JSON_SORT_KEYS) == 0 && fflush(stdout) == 0;
}

/* What is wrong is in it, as a state of the segment, and said. */
static int make(const tool_options *o, bool (*put)(const rec_store *store, const json_t *manifest, GError **error))
{
    GError *error = NULL;
    rec_store *store = tool_open_proven(o, &error);
    g_autoptr(GPtrArray) wrongs = store != NULL ? tool_wrongs(o, store, &error) : NULL;
    bool may = wrongs != NULL && tool_is_whole(o, wrongs, &error);
    json_t *manifest = may ? make_manifest(o, store, wrongs, &error) : NULL;
    bool ok = manifest != NULL && put(store, manifest, &error);
    json_decref(manifest);
    rec_store_free(store);
    if (!ok) {
        int status = tool_trouble(error);
        return wrongs != NULL && !may ? TOOL_TAMPERED : status;
    }
    tool_say_wrongs(wrongs, "the manifest says so too");
    return wrongs->len > 0 ? TOOL_TAMPERED : 0;
}

int tool_manifest(const tool_options *o)
{
    return make(o, print);
}

int tool_recover(const tool_options *o)
{
    return make(o, write_down);
}
