/* verify.c - do files, manifest and anchors agree? Without any key that could read them. */
#include "mcu/base/hex.h"
#include "mcu/base/media.h"
#include "recorder/manifest.h"

#include <string.h>

typedef struct {
    const rec_store *store;
    const uint8_t *gateway;
    GPtrArray *findings, *wrong;      /* `wrong`: those of the findings that speak against it; may be NULL */
    bool tampered, interrupted, open; /* open: nobody else says where it ends */
    bool vouched;                     /* by a signed manifest or tombstone */
} check;

static void note(check *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(check *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(c->findings, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void accuse(check *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void accuse(check *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(c->findings, line);
    if (c->wrong != NULL) {
        g_ptr_array_add(c->wrong, line);
    }
    c->tampered = true;
}

/* How many fragments stand in the file, proven or not. */
static unsigned fragments_in(const rec_store_segment *s)
{
    unsigned n = 0;
    rec_reader *r = rec_reader_new_index(s->fd, NULL);
    for (unsigned i = 0; r != NULL && i < rec_reader_proof(r)->n; i++) {
        n += rec_reader_proof(r)->entries[i].r.type == REC_FRAGMENT;
    }
    rec_reader_free(r);
    return MAX(n, rec_reader_proof(s->reader)->head.fragments);
}

static void check_segment(check *c, const rec_store_segment *s)
{
    if (s->reader == NULL) {
        accuse(c, "%s: %s", s->name, s->why);
        return;
    }
    const rec_proof *p = rec_reader_proof(s->reader);
    if (p->damage != NULL) {
        accuse(c, "%s: segment %u: %s; of %u fragments %u are proven, %" G_GINT64_FORMAT " ms", s->name, p->header.segment,
               p->damage, fragments_in(s), p->head.fragments, p->head.media_ns / MCU_NS_PER_MS);
        return;
    }
    c->interrupted = c->interrupted || !p->complete;
    note(c, "%s: segment %u: %s, %u fragments, %" G_GINT64_FORMAT " ms%s", s->name, p->header.segment,
         p->complete ? "complete" : "interrupted", p->head.fragments, p->head.media_ns / MCU_NS_PER_MS,
         p->key_page == MCU_ENOSUP ? ", its key is shredded" : "");
}

/* Each segment names the hash at which the one before it ended, so none can be taken out between two others. */
static void check_order(check *c)
{
    const rec_proof *before = NULL;
    for (unsigned i = 0; i < rec_store_count(c->store); i++) {
        const rec_store_segment *s = rec_store_at(c->store, i);
        if (s->reader == NULL) {
            continue;
        }
        const rec_proof *p = rec_reader_proof(s->reader);
        uint32_t expected = before != NULL ? before->header.segment + 1 : 0;
        if (before != NULL && strcmp(before->header.recording, p->header.recording) != 0) {
            accuse(c, "%s is of another recording", s->name);
        } else if (p->header.segment != expected) {
            accuse(c, "%s: segment %u is where segment %u has to be", s->name, p->header.segment, expected);
        } else if (before != NULL && before->complete && p->header.has_previous &&
                   memcmp(p->header.previous, before->head.hash, MCU_HASH) != 0) {
            accuse(c, "%s: segment %u does not follow the one before it", s->name, p->header.segment);
        }
        before = p;
    }
}

static const rec_proof *segment_of(const check *c, uint32_t number)
{
    for (unsigned i = 0; i < rec_store_count(c->store); i++) {
        const rec_store_segment *s = rec_store_at(c->store, i);
        if (s->reader != NULL && rec_reader_proof(s->reader)->header.segment == number) {
            return rec_reader_proof(s->reader);
        }
    }
    return NULL;
}

/* A head that somebody else knows: the segment has to be there and to reach as far, with the same hash. */
static void check_anchor(check *c, const json_t *json, const char *whose)
{
    mcu_chain_head h;
    if (!mcu_chain_head_read(&h, json)) {
        accuse(c, "%s: a head is malformed", whose);
        return;
    }
    const rec_proof *p = segment_of(c, h.segment);
    if (p == NULL || strcmp(p->header.recording, h.recording) != 0) {
        accuse(c, "%s: segment %u is not there", whose, h.segment);
    } else if (!mcu_chain_head_check(&h, p->header.certificate.key)) {
        accuse(c, "%s: the head of segment %u is not signed by its room", whose, h.segment);
    } else if (p->n_proven == 0 || h.record > p->head.record) {
        accuse(c, "%s: segment %u is cut: it had %u fragments, %u are proven", whose, h.segment, h.fragments, p->head.fragments);
    } else if (h.record == p->head.record && memcmp(h.hash, p->head.hash, MCU_HASH) != 0) {
        accuse(c, "%s: segment %u is another one", whose, h.segment);
    }
}

static void check_listed(check *c, const json_t *listed, bool is_signed)
{
    char hash[2 * MCU_HASH + 1];
    json_int_t number = json_integer_value(json_object_get(listed, "segment"));
    const rec_proof *p = number >= 0 && number <= UINT32_MAX ? segment_of(c, (uint32_t)number) : NULL;
    const char *state = json_string_value(json_object_get(listed, "state")), *sha256;
    if (p == NULL) {
        accuse(c, "manifest: segment %lld is not there", (long long)number);
        return;
    }
    if (!is_signed) {
        return;
    }
    sha256 = json_string_value(json_object_get(listed, "sha256"));
    if (sha256 == NULL || strcmp(sha256, mcu_hex(p->sha256, sizeof p->sha256, hash)) != 0) {
        accuse(c, "manifest: segment %lld is not as listed", (long long)number);
    }
    if (state == NULL || (strcmp(state, "complete") == 0) != p->complete) {
        accuse(c, "manifest: segment %lld is listed as %s", (long long)number, state != NULL ? state : "nothing");
    }
}

/* Made again from the files, the manifest has to say the same. */
static bool says_the_same(const rec_store *s)
{
    json_t *again = rec_manifest_make(s, NULL), *copy = json_copy(s->manifest);
    json_object_del(copy, "signatures");
    bool same = again != NULL && json_equal(again, copy);
    json_decref(again);
    json_decref(copy);
    return same;
}

static void note_signature(check *c, const json_t *m, bool is_signed)
{
    c->vouched = is_signed && mcu_json_check(m, "gateway", c->gateway);
    if (is_signed && !c->vouched) {
        accuse(c, "manifest: it is not signed by this gateway");
    } else if (!is_signed) {
        note(c, "the manifest is not signed: the segments speak for themselves");
    }
}

/* One that nobody has signed is no evidence: only a segment that it lists and that is not there counts. */
static void check_manifest(check *c)
{
    const json_t *m = c->store->manifest;
    if (m == NULL) {
        note(c, "there is no manifest: the segments speak for themselves");
        return;
    }
    bool is_signed = c->gateway != NULL && json_object_get(m, "signatures") != NULL;
    note_signature(c, m, is_signed);
    size_t i;
    json_t *listed;
    json_array_foreach(json_object_get(m, "segments"), i, listed)
    {
        check_listed(c, listed, is_signed);
    }
    json_array_foreach(json_object_get(m, "wrong"), i, listed)
    {
        const char *line = json_string_value(listed);
        accuse(c, "manifest: when it was made: %s", line != NULL ? line : "?");
    }
    if (is_signed && !says_the_same(c->store)) {
        accuse(c, "manifest: it does not say what the segments say");
    }
}

static void check_buried(check *c, const json_t *listed)
{
    char hash[2 * MCU_HASH + 1];
    json_int_t number = json_integer_value(json_object_get(listed, "segment"));
    const char *head = json_string_value(json_object_get(listed, "head"));
    const rec_proof *p = number >= 0 && number <= UINT32_MAX ? segment_of(c, (uint32_t)number) : NULL;
    if (p == NULL) {
        accuse(c, "tombstone: segment %lld is not there", (long long)number);
        return;
    }
    if (p->complete && head != NULL && head[0] != '\0' && strcmp(head, mcu_hex(p->head.hash, sizeof p->head.hash, hash)) != 0) {
        accuse(c, "tombstone: segment %lld is another one", (long long)number);
    }
}

static void check_keys_gone(check *c)
{
    for (unsigned i = 0; i < rec_store_count(c->store); i++) {
        const rec_store_segment *s = rec_store_at(c->store, i);
        if (s->reader != NULL && rec_reader_proof(s->reader)->key_page != MCU_ENOSUP) {
            accuse(c, "tombstone: %s still has its key", s->name);
        }
    }
}

/* The gateway's word that the keys were overwritten: when, by whom, and of which segments. */
static void check_tombstone(check *c)
{
    const json_t *t = c->store->tombstone;
    size_t i;
    json_t *listed;
    if (t == NULL) {
        return;
    }
    if (!mcu_json_check(t, "gateway", c->gateway)) {
        accuse(c, "tombstone: it is not signed by this gateway");
    } else {
        c->vouched = true;
    }
    json_array_foreach(json_object_get(t, "segments"), i, listed)
    {
        check_buried(c, listed);
    }
    check_keys_gone(c);
    const char *actor = json_string_value(json_object_get(t, "actor")), *reason = json_string_value(json_object_get(t, "reason"));
    note(c, "tombstone: shredded at %lld ms since 1970 by %s, %s",
         (long long)json_integer_value(json_object_get(t, "shredded_ms")), actor != NULL ? actor : "?",
         reason != NULL ? reason : "?");
}

/* ---- the end ---- */

/* Why the segment ended, "" = it does not say. */
static void reason_of(rec_reader *r, char reason[32])
{
    const rec_proof *p = rec_reader_proof(r);
    reason[0] = '\0';
    for (unsigned i = p->n_proven; i > 0 && reason[0] == '\0'; i--) {
        g_autoptr(GByteArray) text = p->entries[i - 1].r.type == REC_EVENT ? rec_reader_payload(r, i - 1, NULL) : NULL;
        json_t *event = text != NULL ? json_loadb((const char *)text->data, text->len, JSON_REJECT_DUPLICATES, NULL) : NULL;
        const char *what = json_string_value(json_object_get(event, "what"));
        const char *why = json_string_value(json_object_get(event, "reason"));
        if (what != NULL && strcmp(what, "ended") == 0 && why != NULL) {
            g_strlcpy(reason, why, 32);
        }
        json_decref(event);
    }
}

/* After these the same recording may go on in another segment. */
static bool goes_on_after(const char *reason)
{
    static const char *const between[] = {"", "pause", "consent", "format"};
    for (size_t i = 0; i < G_N_ELEMENTS(between); i++) {
        if (strcmp(reason, between[i]) == 0) {
            return true;
        }
    }
    return g_str_has_prefix(reason, "disk");
}

/* Segments that were taken away from the end leave no trace in those before them: somebody else has to know of them. */
static void check_end(check *c, bool anchored)
{
    char reason[32];
    unsigned n = rec_store_count(c->store);
    rec_reader *last = n > 0 ? rec_store_at(c->store, n - 1)->reader : NULL;
    if (last == NULL || anchored || c->vouched) {
        return;
    }
    c->open = true;
    note(c, "that nothing is missing at its end can only be proven with an audit trail that holds this recording");
    reason_of(last, reason);
    if (rec_reader_proof(last)->complete && goes_on_after(reason)) {
        c->interrupted = true;
        note(c, "the last segment ends with \"%s\": more of the recording may have followed", reason);
    }
}

static void check_whole(check *c, bool anchored)
{
    if (c->store->whole) {
        check_order(c);
        check_manifest(c);
    }
    if (c->store->whole && c->gateway != NULL) {
        check_tombstone(c);
    }
    if (c->gateway != NULL) {
        check_end(c, anchored);
    }
}

static bool is_asked(const rec_question *q, int64_t segment)
{
    return q->segment < 0 || q->segment == segment;
}

static bool is_meant(const rec_question *q, const rec_store_segment *s)
{
    return q->segment < 0 || (s->reader != NULL && is_asked(q, rec_reader_proof(s->reader)->header.segment));
}

rec_verdict rec_judge(const rec_store *s, const rec_question *q, GPtrArray *findings, GPtrArray *wrong)
{
    check c = {.store = s, .gateway = q->gateway, .findings = findings, .wrong = wrong};
    unsigned meant = 0;
    for (unsigned i = 0; i < rec_store_count(s); i++) {
        if (is_meant(q, rec_store_at(s, i))) {
            meant++;
            check_segment(&c, rec_store_at(s, i));
        }
    }
    if (meant == 0) {
        accuse(&c, "there is no segment");
    }
    if (q->segment < 0) {
        check_whole(&c, json_array_size(q->anchors) > 0);
    }
    size_t i;
    json_t *anchor;
    json_array_foreach(q->anchors, i, anchor)
    {
        if (is_asked(q, json_integer_value(json_object_get(anchor, "segment")))) {
            check_anchor(&c, anchor, "anchor");
        }
    }
    return c.tampered      ? REC_VERDICT_TAMPERED
           : c.interrupted ? REC_VERDICT_INTERRUPTED
           : c.open        ? REC_VERDICT_OPEN
                           : REC_VERDICT_COMPLETE;
}

rec_verdict rec_verify(const rec_store *s, const uint8_t gateway[MCU_SIGN_KEY], const json_t *anchors, GPtrArray *findings)
{
    const rec_question q = {.gateway = gateway, .anchors = anchors, .segment = -1};
    return rec_judge(s, &q, findings, NULL);
}
