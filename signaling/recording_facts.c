#include "signaling/recording_facts.h"

#include <string.h>

void sig_recording_facts_free(void *recording)
{
    sig_recording_facts *r = recording;
    g_array_free(r->segments, TRUE);
    g_free(r);
}

static void put(GHashTable *recordings, const sig_change *c)
{
    sig_recording_facts *r = g_new0(sig_recording_facts, 1);
    g_strlcpy(r->id, c->recording, sizeof r->id);
    g_strlcpy(r->room, c->room, sizeof r->room);
    g_strlcpy(r->policy, c->policy, sizeof r->policy);
    g_strlcpy(r->tier, c->tier, sizeof r->tier);
    g_strlcpy(r->state, c->state, sizeof r->state);
    r->created_ms = c->at_ms;
    r->segments = g_array_new(FALSE, TRUE, sizeof(sig_segment_facts));
    g_hash_table_insert(recordings, r->id, r);
}

static sig_segment_facts *segment_of(const sig_recording_facts *r, int64_t segment)
{
    for (guint i = 0; i < r->segments->len; i++) {
        sig_segment_facts *one = &g_array_index(r->segments, sig_segment_facts, i);
        if (one->segment == segment) {
            return one;
        }
    }
    return NULL;
}

static void put_segment(sig_recording_facts *r, const sig_change *c)
{
    sig_segment_facts *s = segment_of(r, c->segment);
    if (!s) {
        sig_segment_facts fresh = {.segment = c->segment, .started_ms = c->at_ms};
        g_strlcpy(fresh.file, c->file, sizeof fresh.file);
        g_array_append_val(r->segments, fresh);
        s = &g_array_index(r->segments, sig_segment_facts, r->segments->len - 1);
    }
    g_strlcpy(s->state, c->state, sizeof s->state);
    g_strlcpy(s->hash, c->hash, sizeof s->hash);
    s->media_ms = c->media_ms;
    s->bytes = c->bytes;
}

static void set_stored(sig_recording_facts *r, const sig_change *c)
{
    sig_segment_facts *s = c->kind == SIG_SEGMENT_STORED ? segment_of(r, c->segment) : NULL;
    if (s) {
        g_strlcpy(s->stored, c->stored, sizeof s->stored);
    } else if (c->kind == SIG_RECORDING_STORED) {
        g_strlcpy(r->stored, c->stored, sizeof r->stored);
    }
}

static void set_state(sig_recording_facts *r, const sig_change *c)
{
    g_strlcpy(r->state, c->state, sizeof r->state);
    g_strlcpy(r->reason, c->reason, sizeof r->reason);
    if (strcmp(c->state, "ended") == 0) {
        r->ended_ms = c->at_ms;
    } else if (strcmp(c->state, "shredded") == 0) {
        r->shredded_ms = c->at_ms;
    }
}

void sig_recording_facts_apply(GHashTable *recordings, const sig_change *c)
{
    sig_recording_facts *r = g_hash_table_lookup(recordings, c->recording);
    if (!r && c->kind == SIG_RECORDING_PUT) {
        put(recordings, c);
    } else if (r && c->kind == SIG_RECORDING_STATE) {
        set_state(r, c);
    } else if (r && c->kind == SIG_RECORDING_HOLD) {
        r->hold = c->hold;
    } else if (r && c->kind == SIG_SEGMENT_PUT) {
        put_segment(r, c);
    } else if (r && (c->kind == SIG_SEGMENT_STORED || c->kind == SIG_RECORDING_STORED)) {
        set_stored(r, c);
    }
}

const sig_recording_facts *sig_recording_facts_active(GHashTable *recordings, const char *room)
{
    GHashTableIter i;
    void *value = NULL;
    g_hash_table_iter_init(&i, recordings);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        const sig_recording_facts *r = value;
        if (strcmp(r->room, room) == 0 && !r->ended_ms) {
            return r;
        }
    }
    return NULL;
}

static int newest_first(const void *a, const void *b)
{
    const sig_recording_facts *x = a, *y = b;
    return x->created_ms != y->created_ms ? (x->created_ms > y->created_ms ? -1 : 1) : strcmp(x->id, y->id);
}

GList *sig_recording_facts_list(GHashTable *recordings)
{
    return g_list_sort(g_hash_table_get_values(recordings), newest_first);
}
