/* tool_keys.c - data keys for the segments: unwrapped here with a private key, or handed in by who unwrapped them. */
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/hex.h"
#include "mcu/base/media.h"
#include "recorder/tool.h"

static bool fail(GError **error, const char *what, uint32_t segment)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_FORBIDDEN, "segment %u: %s", segment, what);
    return false;
}

static bool unwrap(const rec_store_segment *s, const uint8_t private_key[MCU_SEAL_KEY], uint8_t key[MCU_SEAL_KEY], GError **error)
{
    const rec_header *h = &rec_reader_proof(s->reader)->header;
    char context[MCU_SEAL_CONTEXT];
    mcu_wrapped_key w;
    mcu_status page = mcu_key_page_read(s->fd, &w);
    if (page != MCU_OK) {
        return fail(error, page == MCU_ENOSUP ? "its key was shredded, nobody can read it" : "its key page is damaged",
                    h->segment);
    }
    return mcu_key_unwrap(&w, private_key, mcu_seal_context(h->recording, h->segment, context), key) ||
           fail(error, "it is sealed to another key", h->segment);
}

static bool given(const json_t *keys, uint32_t segment, uint8_t key[MCU_SEAL_KEY], GError **error)
{
    char number[16];
    g_snprintf(number, sizeof number, "%u", segment);
    return mcu_unhex(json_string_value(json_object_get(keys, number)), key, MCU_SEAL_KEY) ||
           fail(error, "no key was given for it", segment);
}

static bool unlock(const rec_store_segment *s, const uint8_t *private_key, const json_t *keys, GError **error)
{
    uint8_t key[MCU_SEAL_KEY];
    uint32_t segment = rec_reader_proof(s->reader)->header.segment;
    bool ok = private_key != NULL ? unwrap(s, private_key, key, error) : given(keys, segment, key, error);
    if (ok && !rec_reader_unlock(s->reader, key)) {
        ok = fail(error, "this is not its key", segment);
    }
    OPENSSL_cleanse(key, sizeof key);
    return ok;
}

static bool is_meant(const tool_options *o, const rec_store_segment *s)
{
    return o->segment < 0 || (s->reader != NULL && rec_reader_proof(s->reader)->header.segment == (uint32_t)o->segment);
}

static bool unlock_all(const tool_options *o, rec_store *store, const uint8_t *private_key, const json_t *keys, GError **error)
{
    for (unsigned i = 0; i < rec_store_count(store); i++) {
        const rec_store_segment *s = rec_store_at(store, i);
        if (is_meant(o, s) && s->reader == NULL) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: %s", s->name, s->why);
            return false;
        }
        if (is_meant(o, s) && !unlock(s, private_key, keys, error)) {
            return false;
        }
    }
    return true;
}

static int64_t length_ms(const rec_store *store, gint64 segment)
{
    for (unsigned i = 0; i < rec_store_count(store); i++) {
        const rec_reader *r = rec_store_at(store, i)->reader;
        if (r != NULL && rec_reader_proof(r)->header.segment == segment) {
            return rec_reader_proof(r)->head.media_ns / MCU_NS_PER_MS;
        }
    }
    return -1;
}

/* Whether each segment that --ends names is there and as long; proves nothing, and takes no time. */
static bool check_ends(const tool_options *o, const rec_store *store, GError **error)
{
    g_auto(GStrv) all = g_strsplit(o->ends != NULL ? o->ends : "", ",", -1);
    for (unsigned i = 0; all[i] != NULL; i++) {
        char *rest = NULL;
        gint64 segment = g_ascii_strtoll(all[i], &rest, 10), wanted = *rest == ':' ? g_ascii_strtoll(rest + 1, NULL, 10) : 0;
        int64_t there = length_ms(store, segment);
        if (there < 0) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFLICT, "segment %" G_GINT64_FORMAT " is not there", segment);
            return false;
        }
        if (there < wanted) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFLICT,
                        "segment %" G_GINT64_FORMAT " is cut: of %" G_GINT64_FORMAT " ms %" G_GINT64_FORMAT " are there", segment,
                        wanted, there);
            return false;
        }
    }
    return true;
}

/* {"SEGMENT": "KEY IN HEXADECIMAL", ...} from a file or, as /dev/fd/N, from a pipe. */
static json_t *read_keys(const char *path, GError **error)
{
    json_t *keys = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
    if (keys == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s: no JSON object of keys", path);
    }
    return keys;
}

rec_store *tool_open_store(const tool_options *o, bool at_once, GError **error)
{
    uint8_t private_key[MCU_SEAL_KEY];
    if ((o->private_key == NULL) == (o->keys == NULL)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "give --private FILE or --keys FILE");
        return NULL;
    }
    if (o->private_key != NULL && !tool_read_key(o->private_key, private_key, error)) {
        return NULL;
    }
    json_t *keys = o->keys != NULL ? read_keys(o->keys, error) : NULL;
    rec_store *store = NULL;
    if (o->keys == NULL || keys != NULL) {
        store = at_once ? rec_store_open_index(o->paths, o->n_paths, error) : tool_open_proven(o, error);
    }
    if (store != NULL && !unlock_all(o, store, o->private_key != NULL ? private_key : NULL, keys, error)) {
        g_clear_pointer(&store, rec_store_free);
    }
    OPENSSL_cleanse(private_key, sizeof private_key);
    json_decref(keys);
    return store;
}

rec_movie *tool_open_movie(const tool_options *o, bool at_once, rec_store **store, GError **error)
{
    *store = tool_open_store(o, at_once, error);
    if (*store == NULL || !check_ends(o, *store, error)) {
        return NULL;
    }
    g_autofree rec_reader **readers = g_new0(rec_reader *, rec_store_count(*store) + 1);
    unsigned n = 0;
    for (unsigned i = 0; i < rec_store_count(*store); i++) {
        if (is_meant(o, rec_store_at(*store, i))) {
            readers[n++] = rec_store_at(*store, i)->reader;
        }
    }
    if (n == 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_NOT_FOUND,
                    o->segment < 0 ? "there is no segment" : "--segment %d: there is none of that number", o->segment);
        return NULL;
    }
    return rec_movie_new(readers, n, error);
}
