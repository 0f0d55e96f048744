/* verify.c - do files, manifest and anchors agree? Without any key that could read them. */
#include "mcu/base/hex.h"
#include "mcu/base/media.h"
#include "recorder/manifest.h"

#include <string.h>

typedef struct {
    const rec_store *store;
    const uint8_t *gateway;
    GPtrArray *findings;
    bool tampered, interrupted;
} check;

static void note(check *c, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void note(check *c, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_ptr_array_add(c->findings, g_strdup_vprintf(format, arguments));
    va_end(arguments);
}

static void check_segment(check *c, const rec_store_segment *s)
{
    if (s->reader == NULL) {
        c->tampered = true;
        note(c, "%s: %s", s->name, s->why);
        return;
    }
    const rec_proof *p = rec_reader_proof(s->reader);
    if (p->damage != NULL) {
        c->tampered = true;
        note(c, "%s: segment %u: %s; proven are %u fragments, %" G_GINT64_FORMAT " ms", s->name, p->header.segment, p->damage,
             p->head.fragments, p->head.media_ns / MCU_NS_PER_MS);
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
            c->tampered = true;
            note(c, "%s is of another recording", s->name);
        } else if (p->header.segment != expected) {
            c->tampered = true;
            note(c, "%s: segment %u is where segment %u has to be", s->name, p->header.segment, expected);
        } else if (before != NULL && before->complete && p->header.has_previous &&
                   memcmp(p->header.previous, before->head.hash, MCU_HASH) != 0) {
            c->tampered = true;
            note(c, "%s: segment %u does not follow the one before it", s->name, p->header.segment);
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
        c->tampered = true;
        note(c, "%s: a head is malformed", whose);
        return;
    }
    const rec_proof *p = segment_of(c, h.segment);
    if (p == NULL || strcmp(p->header.recording, h.recording) != 0) {
        c->tampered = true;
        note(c, "%s: segment %u is not there", whose, h.segment);
    } else if (!mcu_chain_head_check(&h, p->header.certificate.key)) {
        c->tampered = true;
        note(c, "%s: the head of segment %u is not signed by its room", whose, h.segment);
    } else if (p->n_proven == 0 || h.record > p->head.record) {
        c->tampered = true;
        note(c, "%s: segment %u is cut: it had %u fragments, %u are proven", whose, h.segment, h.fragments, p->head.fragments);
    } else if (h.record == p->head.record && memcmp(h.hash, p->head.hash, MCU_HASH) != 0) {
        c->tampered = true;
        note(c, "%s: segment %u is another one", whose, h.segment);
    }
}

static void check_listed(check *c, const json_t *listed)
{
    char hash[2 * MCU_HASH + 1];
    json_int_t number = json_integer_value(json_object_get(listed, "segment"));
    const rec_proof *p = number >= 0 && number <= UINT32_MAX ? segment_of(c, (uint32_t)number) : NULL;
    const char *state = json_string_value(json_object_get(listed, "state")), *sha256;
    if (p == NULL) {
        c->tampered = true;
        note(c, "manifest: segment %lld is not there", (long long)number);
        return;
    }
    sha256 = json_string_value(json_object_get(listed, "sha256"));
    if (sha256 == NULL || strcmp(sha256, mcu_hex(p->sha256, sizeof p->sha256, hash)) != 0) {
        c->tampered = true;
        note(c, "manifest: segment %lld is not as listed", (long long)number);
    }
    if (state == NULL || (strcmp(state, "complete") == 0) != p->complete) {
        c->tampered = true;
        note(c, "manifest: segment %lld is listed as %s", (long long)number, state != NULL ? state : "nothing");
    }
}

/* Made again from the files, the manifest has to say the same. */
static void check_manifest(check *c)
{
    const json_t *m = c->store->manifest;
    if (m == NULL) {
        note(c, "there is no manifest: the segments speak for themselves");
        return;
    }
    if (!mcu_json_check(m, "gateway", c->gateway)) {
        c->tampered = true;
        note(c, "manifest: it is not signed by this gateway");
    }
    size_t i;
    json_t *listed;
    json_array_foreach(json_object_get(m, "segments"), i, listed)
    {
        check_listed(c, listed);
    }
    json_t *again = rec_manifest_make(c->store, NULL), *copy = json_copy((json_t *)(uintptr_t)m);
    json_object_del(copy, "signatures");
    if (again == NULL || !json_equal(again, copy)) {
        c->tampered = true;
        note(c, "manifest: it does not say what the segments say");
    }
    json_decref(again);
    json_decref(copy);
}

static void check_buried(check *c, const json_t *listed)
{
    char hash[2 * MCU_HASH + 1];
    json_int_t number = json_integer_value(json_object_get(listed, "segment"));
    const char *head = json_string_value(json_object_get(listed, "head"));
    const rec_proof *p = number >= 0 && number <= UINT32_MAX ? segment_of(c, (uint32_t)number) : NULL;
    if (p == NULL) {
        c->tampered = true;
        note(c, "tombstone: segment %lld is not there", (long long)number);
        return;
    }
    if (p->complete && head != NULL && head[0] != '\0' && strcmp(head, mcu_hex(p->head.hash, sizeof p->head.hash, hash)) != 0) {
        c->tampered = true;
        note(c, "tombstone: segment %lld is another one", (long long)number);
    }
}

static void check_keys_gone(check *c)
{
    for (unsigned i = 0; i < rec_store_count(c->store); i++) {
        const rec_store_segment *s = rec_store_at(c->store, i);
        if (s->reader != NULL && rec_reader_proof(s->reader)->key_page != MCU_ENOSUP) {
            c->tampered = true;
            note(c, "tombstone: %s still has its key", s->name);
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
        c->tampered = true;
        note(c, "tombstone: it is not signed by this gateway");
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

rec_verdict rec_verify(const rec_store *s, const uint8_t gateway[MCU_SIGN_KEY], const json_t *anchors, GPtrArray *findings)
{
    check c = {.store = s, .gateway = gateway, .findings = findings};
    if (rec_store_count(s) == 0) {
        c.tampered = true;
        note(&c, "there is no segment");
    }
    for (unsigned i = 0; i < rec_store_count(s); i++) {
        check_segment(&c, rec_store_at(s, i));
    }
    if (s->whole) {
        check_order(&c);
        check_manifest(&c);
        check_tombstone(&c);
    }
    size_t i;
    json_t *anchor;
    json_array_foreach(anchors, i, anchor)
    {
        check_anchor(&c, anchor, "anchor");
    }
    return c.tampered ? REC_VERDICT_TAMPERED : c.interrupted ? REC_VERDICT_INTERRUPTED : REC_VERDICT_COMPLETE;
}
