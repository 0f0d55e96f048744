#include "recorder/reader.h"

#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

#include "mcu/base/whole_io.h"

#define TORN_MAX (512u * 1024) /* one fragment's write; what came before it was synced */
#define ENTRIES_MAX (4u * 1024 * 1024)

struct rec_reader {
    int fd;
    rec_proof proof;
    GArray *entries;
    rec_seal *seal;
    bool index; /* the chain was not walked */
};

static bool fail(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s", what);
    return false;
}

/* A head is good when the certified key signed exactly this chain. */
static bool head_is_good(rec_proof *p, const rec_record *r, const uint8_t *payload, mcu_chain_head *h,
                         const uint8_t hash[MCU_HASH])
{
    h->segment = p->header.segment;
    g_strlcpy(h->recording, p->header.recording, sizeof h->recording);
    h->record = r->index - 1;
    memcpy(h->hash, hash, MCU_HASH);
    memcpy(h->signature, payload, MCU_SIGNATURE);
    /* Nothing behind the last head vouches for its own bytes, so each of them has its one value. */
    return r->size == MCU_SIGNATURE && r->index > 0 && r->flags == 0 && r->hold_ns == 0 && r->time_ns == h->media_ns &&
           mcu_chain_head_check(h, p->header.certificate.key);
}

typedef struct {
    uint8_t hash[MCU_HASH];
    uint32_t fragments;
    int64_t media_ns;
    bool ended; /* REC_END was seen */
    const char *damage;
    EVP_MD_CTX *sha;
    GByteArray *unproven; /* since the last good head: not hashed into sha256 yet */
} walk;

static void prove(rec_reader *r, walk *w, const mcu_chain_head *h, uint64_t end)
{
    rec_proof *p = &r->proof;
    p->head = *h;
    p->n_proven = r->entries->len;
    p->end = end;
    (void)EVP_DigestUpdate(w->sha, w->unproven->data, w->unproven->len);
    g_byte_array_set_size(w->unproven, 0);
    p->complete = w->ended;
}

/* One record at `at`; false: nothing behind it can be trusted or is there. */
static bool step(rec_reader *r, walk *w, uint64_t at)
{
    rec_proof *p = &r->proof;
    uint8_t head[REC_RECORD_HEAD];
    rec_entry e = {.at = at};
    if (p->bytes - at < sizeof head || mcu_pread_whole(r->fd, head, sizeof head, at) != sizeof head) {
        return false;
    }
    if (!rec_record_parse(head, &e.r) || e.r.index != r->entries->len) {
        w->damage = "a record is damaged";
        return false;
    }
    if (p->bytes - at - sizeof head < e.r.size || r->entries->len == ENTRIES_MAX) {
        return false;
    }
    guint start = w->unproven->len;
    g_byte_array_append(w->unproven, head, sizeof head);
    g_byte_array_set_size(w->unproven, start + (guint)sizeof head + e.r.size);
    uint8_t *payload = w->unproven->data + start + sizeof head;
    if (mcu_pread_whole(r->fd, payload, e.r.size, at + sizeof head) != e.r.size) {
        return false;
    }
    mcu_chain_head h = {.fragments = w->fragments, .media_ns = w->media_ns};
    bool is_head = e.r.type == REC_HEAD;
    if ((is_head && !head_is_good(p, &e.r, payload, &h, w->hash)) || (w->ended && !is_head)) {
        w->damage = "records differ from what was signed";
        return false;
    }
    g_array_append_val(r->entries, e);
    rec_chain(w->hash, w->unproven->data + start, sizeof head + e.r.size);
    w->fragments += e.r.type == REC_FRAGMENT;
    if (e.r.type == REC_FRAGMENT) {
        w->media_ns = MAX(w->media_ns, e.r.time_ns + e.r.hold_ns);
    }
    w->ended = w->ended || e.r.type == REC_END;
    if (is_head) {
        prove(r, w, &h, at + sizeof head + e.r.size);
    }
    return true;
}

/* Whether more than one write stands behind what is proven: each but the last was synced, so no power cut has torn it. */
static bool writes_follow(const rec_reader *r)
{
    const rec_proof *p = &r->proof;
    uint8_t head[REC_RECORD_HEAD];
    rec_record e;
    unsigned heads = 0;
    uint64_t at = p->end;
    for (unsigned i = p->n_proven; heads < 2 && p->bytes - at >= sizeof head; i++) {
        if (mcu_pread_whole(r->fd, head, sizeof head, at) != sizeof head || !rec_record_parse(head, &e) || e.index != i ||
            p->bytes - at - sizeof head < e.size) {
            break;
        }
        heads += e.type == REC_HEAD;
        at += sizeof head + e.size;
    }
    return heads > 1;
}

/* A power cut leaves the last write torn: parts of it, zeros, or nothing. That is missing, not changed. */
static void judge_end(rec_reader *r, const char *of_records)
{
    rec_proof *p = &r->proof;
    if (p->complete && p->end < p->bytes) {
        of_records = "something was added behind the end";
    } else if (of_records != NULL && p->bytes - p->end <= TORN_MAX && !writes_follow(r)) {
        of_records = NULL;
    }
    p->damage = p->damage != NULL ? p->damage : of_records;
    p->complete = p->complete && p->damage == NULL;
}

static bool scan(rec_reader *r, size_t header_size, GError **error)
{
    rec_proof *p = &r->proof;
    uint64_t at = MCU_KEY_PAGE + header_size;
    walk w = {.sha = EVP_MD_CTX_new(), .unproven = g_byte_array_new()};
    memcpy(w.hash, p->header_hash, sizeof w.hash);
    g_byte_array_set_size(w.unproven, (guint)header_size);
    bool ok = EVP_DigestInit_ex(w.sha, EVP_sha256(), NULL) == 1 &&
              mcu_pread_whole(r->fd, w.unproven->data, header_size, MCU_KEY_PAGE) == header_size;
    p->end = at;
    while (ok && at < p->bytes && step(r, &w, at)) {
        at += REC_RECORD_HEAD + g_array_index(r->entries, rec_entry, r->entries->len - 1).r.size;
        if (p->complete) {
            break;
        }
    }
    judge_end(r, w.damage);
    ok = ok && EVP_DigestFinal_ex(w.sha, p->sha256, NULL) == 1;
    EVP_MD_CTX_free(w.sha);
    g_byte_array_unref(w.unproven);
    p->entries = (rec_entry *)(void *)r->entries->data;
    p->n = r->entries->len;
    return ok || fail(error, "the file cannot be read");
}

/* The heads of the records alone; up to the last that a room signed, whatever its signature. */
static void scan_index(rec_reader *r, size_t header_size)
{
    rec_proof *p = &r->proof;
    uint8_t head[REC_RECORD_HEAD];
    rec_entry e = {.at = MCU_KEY_PAGE + header_size};
    int64_t media_ns = 0;
    p->end = e.at;
    for (bool ended = false; p->bytes - e.at >= sizeof head && r->entries->len < ENTRIES_MAX;) {
        if (mcu_pread_whole(r->fd, head, sizeof head, e.at) != sizeof head || !rec_record_parse(head, &e.r) ||
            e.r.index != r->entries->len || p->bytes - e.at - sizeof head < e.r.size) {
            break;
        }
        g_array_append_val(r->entries, e);
        e.at += sizeof head + e.r.size;
        ended = ended || e.r.type == REC_END;
        if (e.r.type == REC_FRAGMENT) {
            media_ns = MAX(media_ns, e.r.time_ns + e.r.hold_ns);
        } else if (e.r.type == REC_HEAD) {
            p->n_proven = r->entries->len;
            p->head.media_ns = media_ns;
            p->end = e.at;
            p->complete = ended;
        }
    }
    p->entries = (rec_entry *)(void *)r->entries->data;
    p->n = r->entries->len;
}

static bool prepare(rec_reader *r, const uint8_t *gateway, size_t *header_size, GError **error)
{
    rec_proof *p = &r->proof;
    uint8_t page[MCU_KEY_PAGE];
    mcu_wrapped_key key;
    struct stat st;
    if (fstat(r->fd, &st) != 0 || st.st_size < 0 || mcu_pread_whole(r->fd, page, sizeof page, 0) != sizeof page) {
        return fail(error, "this is no segment of a recording");
    }
    p->bytes = (uint64_t)st.st_size;
    p->key_page = mcu_key_page_check(page) ? mcu_key_page_parse(page, &key) : MCU_EINVAL;
    if (!rec_header_read(r->fd, &p->header, p->header_hash, header_size, error)) {
        return false;
    }
    const mcu_room_certificate *c = &p->header.certificate;
    p->certified = gateway != NULL && strcmp(c->recording, p->header.recording) == 0 && strcmp(c->room, p->header.room) == 0 &&
                   mcu_room_certificate_check(c, gateway);
    if (gateway != NULL && !p->certified) {
        p->damage = "the room's key is not certified by this gateway";
    } else if (p->key_page == MCU_EINVAL) {
        p->damage = "the key page is damaged";
    }
    return true;
}

static rec_reader *open_reader(int fd, const uint8_t *gateway, bool index, GError **error)
{
    rec_reader *r = g_new0(rec_reader, 1);
    size_t header_size = 0;
    r->fd = fd;
    r->index = index;
    r->entries = g_array_new(FALSE, FALSE, sizeof(rec_entry));
    bool ok = prepare(r, gateway, &header_size, error);
    if (ok && index) {
        scan_index(r, header_size);
    } else if (ok) {
        ok = scan(r, header_size, error);
    }
    if (!ok) {
        g_clear_pointer(&r, rec_reader_free);
    }
    return r;
}

rec_reader *rec_reader_new(int fd, const uint8_t *gateway, GError **error)
{
    return open_reader(fd, gateway, false, error);
}

rec_reader *rec_reader_new_index(int fd, GError **error)
{
    return open_reader(fd, NULL, true, error);
}

void rec_reader_free(rec_reader *r)
{
    if (r != NULL) {
        rec_seal_free(r->seal);
        g_array_unref(r->entries);
        g_free(r);
    }
}

const rec_proof *rec_reader_proof(const rec_reader *r)
{
    return &r->proof;
}

/* Of what one torn write may have spoiled, only what opens counts. */
static void drop_torn(rec_reader *r)
{
    rec_proof *p = &r->proof;
    unsigned i = p->n_proven, n = p->n_proven;
    while (i > 0 && p->entries[i - 1].at + TORN_MAX > p->end) {
        i--;
        g_autoptr(GByteArray) plain = rec_type_is_sealed(p->entries[i].r.type) ? rec_reader_payload(r, i, NULL) : NULL;
        if (rec_type_is_sealed(p->entries[i].r.type) && plain == NULL) {
            n = i;
        }
    }
    if (n < p->n_proven) {
        p->n_proven = n;
        p->complete = false;
        p->head.media_ns = 0;
        for (i = 0; i < n; i++) {
            const rec_record *e = &p->entries[i].r;
            p->head.media_ns = e->type == REC_FRAGMENT ? MAX(p->head.media_ns, e->time_ns + e->hold_ns) : p->head.media_ns;
        }
    }
}

bool rec_reader_unlock(rec_reader *r, const uint8_t data_key[MCU_SEAL_KEY])
{
    const rec_header *h = &r->proof.header;
    uint8_t check[MCU_HASH];
    char context[MCU_SEAL_CONTEXT];
    if (!rec_key_check(data_key, h->salt, check) || memcmp(check, h->check, sizeof check) != 0) {
        return false;
    }
    rec_seal_free(r->seal);
    r->seal = rec_seal_new(data_key, h->salt, mcu_seal_context(h->recording, h->segment, context), r->proof.header_hash);
    if (r->seal != NULL && r->index && !r->proof.complete) {
        drop_torn(r);
    }
    return r->seal != NULL;
}

GByteArray *rec_reader_payload(rec_reader *r, unsigned entry, GError **error)
{
    if (entry >= r->proof.n) {
        fail(error, "no such record");
        return NULL;
    }
    const rec_entry *e = &r->proof.entries[entry];
    g_autoptr(GByteArray) raw = g_byte_array_new();
    g_byte_array_set_size(raw, e->r.size);
    if (mcu_pread_whole(r->fd, raw->data, e->r.size, e->at + REC_RECORD_HEAD) != e->r.size) {
        fail(error, "the file cannot be read");
        return NULL;
    }
    if (!rec_type_is_sealed(e->r.type)) {
        return g_steal_pointer(&raw);
    }
    GByteArray *out = g_byte_array_new();
    g_byte_array_set_size(out, e->r.size - REC_TAG);
    if (r->seal == NULL || !rec_seal_open(r->seal, &e->r, raw->data, out->data)) {
        g_byte_array_unref(out);
        fail(error, r->seal == NULL ? "the segment is locked" : "a sealed record does not open");
        return NULL;
    }
    return out;
}
