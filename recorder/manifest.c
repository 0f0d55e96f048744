#include "recorder/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/hex.h"
#include "mcu/base/media.h"

static json_t *events_of(rec_reader *r)
{
    const rec_proof *p = rec_reader_proof(r);
    json_t *events = json_array();
    for (unsigned i = 0; i < p->n_proven; i++) {
        if (p->entries[i].r.type != REC_EVENT) {
            continue;
        }
        g_autoptr(GByteArray) text = rec_reader_payload(r, i, NULL);
        json_t *event = text != NULL ? json_loadb((const char *)text->data, text->len, JSON_REJECT_DUPLICATES, NULL) : NULL;
        if (json_is_object(event)) {
            json_array_append_new(events, event);
        } else {
            json_decref(event);
        }
    }
    return events;
}

static const char *state_of(const rec_proof *p)
{
    return p->damage != NULL ? "damaged" : p->complete ? "complete" : "interrupted";
}

static json_t *segment_json(const rec_store_segment *s)
{
    const rec_proof *p = rec_reader_proof(s->reader);
    const rec_header *h = &p->header;
    char hash[2 * MCU_HASH + 1];
    json_t *o = json_pack("{sI ss ss sI sI sI sI ss so so so}", "segment", (json_int_t)h->segment, "file", s->name, "sha256",
                          mcu_hex(p->sha256, sizeof p->sha256, hash), "bytes", (json_int_t)p->end, "started_ms",
                          (json_int_t)h->started_ms, "media_ms", (json_int_t)(p->head.media_ns / MCU_NS_PER_MS), "fragments",
                          (json_int_t)p->head.fragments, "state", state_of(p), "head", mcu_chain_head_json(&p->head),
                          "certificate", mcu_room_certificate_json(&h->certificate), "events", events_of(s->reader));
    json_object_set_new(o, "policy", json_string(h->policy));
    json_object_set_new(o, "tier",
                        json_pack("{ss si si si si}", "name", h->tier.name, "width", h->tier.width_px, "height",
                                  h->tier.height_px, "fps", h->tier.fps, "bitrate", h->tier.bitrate_bps));
    return o;
}

/* When a segment's media began and ended, wall clock: by its event `started`, which is exact, else by its header. */
static int64_t wall_of(const json_t *segment, bool end)
{
    size_t i;
    json_t *event;
    int64_t from_ms = json_integer_value(json_object_get(segment, "started_ms"));
    json_array_foreach(json_object_get(segment, "events"), i, event)
    {
        json_int_t wall_ms = json_integer_value(json_object_get(event, "wall_ms"));
        from_ms = wall_ms > 0 ? wall_ms : from_ms;
    }
    return from_ms + (end ? json_integer_value(json_object_get(segment, "media_ms")) : 0);
}

static const char *reason_of(const json_t *segment)
{
    size_t i;
    json_t *event;
    const char *reason = "interrupted";
    json_array_foreach(json_object_get(segment, "events"), i, event)
    {
        const char *ended = json_string_value(json_object_get(event, "reason"));
        reason = ended != NULL ? ended : reason;
    }
    return reason;
}

static json_t *gaps_between(const json_t *segments)
{
    json_t *gaps = json_array();
    for (size_t i = 1; i < json_array_size(segments); i++) {
        const json_t *before = json_array_get(segments, i - 1), *after = json_array_get(segments, i);
        json_array_append_new(gaps, json_pack("{sI sI ss}", "from_ms", (json_int_t)wall_of(before, true), "to_ms",
                                              (json_int_t)wall_of(after, false), "why", reason_of(before)));
    }
    return gaps;
}

static bool is_there(const rec_store *s, json_int_t segment)
{
    for (unsigned i = 0; i < rec_store_count(s); i++) {
        const rec_reader *r = rec_store_at(s, i)->reader;
        if (r != NULL && rec_reader_proof(r)->header.segment == segment) {
            return true;
        }
    }
    return false;
}

static gint by_segment(gconstpointer a, gconstpointer b)
{
    json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "segment"));
    json_int_t y = json_integer_value(json_object_get(*(json_t *const *)b, "segment"));
    return x < y ? -1 : x > y;
}

/* Once a manifest has listed a segment, no later one forgets it. */
static json_t *with_missing(const rec_store *s, json_t *take_segments)
{
    size_t i;
    json_t *one, *listed = json_object_get(s->manifest, "segments"), *out = json_array();
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    json_array_foreach(take_segments, i, one)
    {
        g_ptr_array_add(all, json_incref(one));
    }
    json_array_foreach(listed, i, one)
    {
        if (json_is_object(one) && !is_there(s, json_integer_value(json_object_get(one, "segment")))) {
            json_t *missing = json_copy(one);
            json_object_set_new(missing, "state", json_string("missing"));
            g_ptr_array_add(all, missing);
        }
    }
    g_ptr_array_sort(all, by_segment);
    for (guint n = 0; n < all->len; n++) {
        json_array_append_new(out, all->pdata[n]);
    }
    json_decref(take_segments);
    return out;
}

static json_t *unreadable(const rec_store *s)
{
    json_t *out = json_array();
    for (unsigned i = 0; i < rec_store_count(s); i++) {
        const rec_store_segment *one = rec_store_at(s, i);
        if (one->reader == NULL) {
            json_array_append_new(out, json_pack("{ss ss}", "file", one->name, "why", one->why));
        }
    }
    return out;
}

json_t *rec_manifest_make(const rec_store *s, GError **error)
{
    const rec_header *first = NULL;
    json_t *segments = json_array();
    for (unsigned i = 0; i < rec_store_count(s); i++) {
        const rec_store_segment *one = rec_store_at(s, i);
        if (one->reader == NULL) {
            continue;
        }
        const rec_header *h = &rec_reader_proof(one->reader)->header;
        first = first != NULL ? first : h;
        if (strcmp(first->recording, h->recording) != 0) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s is of another recording", one->name);
            json_decref(segments);
            return NULL;
        }
        json_array_append_new(segments, segment_json(one));
    }
    if (first == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_NOT_FOUND, "there is no segment");
        json_decref(segments);
        return NULL;
    }
    segments = with_missing(s, segments);
    json_t *m = json_pack("{ss ss ss so so}", "recording", first->recording, "room", first->room, "software", first->software,
                          "gaps", gaps_between(segments), "segments", segments);
    json_t *lost = unreadable(s);
    if (json_array_size(lost) > 0) {
        json_object_set(m, "unreadable", lost);
    }
    json_decref(lost);
    return m;
}

static bool sync_path(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

bool rec_manifest_write(const rec_store *s, const json_t *manifest, GError **error)
{
    g_autofree char *path = g_build_filename(s->folder, "manifest.json", NULL), *fresh = g_strconcat(path, ".new", NULL);
    bool ok = json_dump_file(manifest, fresh, JSON_INDENT(1) | JSON_SORT_KEYS) == 0 && sync_path(fresh) &&
              rename(fresh, path) == 0 && sync_path(s->folder);
    if (!ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "%s: %s", path, g_strerror(errno));
    }
    return ok;
}
