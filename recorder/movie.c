#include "recorder/movie.h"

#include <string.h>
#include <sys/types.h>

#include "recorder/fmp4.h"

/* One fragment of the film. */
typedef struct {
    rec_reader *reader;
    unsigned entry;
    uint64_t at; /* in the film */
    uint32_t size;
    int64_t shift_ns; /* where its segment begins in the film */
} piece;

struct rec_movie {
    GByteArray *head; /* init of the first segment, and index; each keyframe brings its own parameter sets */
    rec_tier tier;
    GArray *pieces;
    uint64_t size;
    int64_t length_ns;
    GByteArray *cached; /* the fragment read last, shifted */
    guint cached_index;
};

static bool fail(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s", what);
    return false;
}

/* The entry of its init; n_proven = it never got a picture. */
static unsigned find_init(const rec_proof *p)
{
    unsigned i = 0;
    while (i < p->n_proven && p->entries[i].r.type != REC_INIT) {
        i++;
    }
    return i;
}

int64_t rec_movie_hold_ns(const rec_reader *r)
{
    const rec_proof *p = rec_reader_proof(r);
    return find_init(p) < p->n_proven ? (p->head.media_ns + 999999) / 1000000 * 1000000 : 0;
}

/* Adds a segment's fragments; the film grows by its length, in whole milliseconds. Sizes are counted from the first fragment on.
 */
static bool add_segment(rec_movie *m, rec_reader *r, GError **error)
{
    const rec_proof *p = rec_reader_proof(r);
    unsigned first = find_init(p);
    if (first == p->n_proven) {
        return true; /* a segment that never got a picture */
    }
    g_autoptr(GByteArray) init = rec_reader_payload(r, first, error);
    if (init == NULL) {
        return false;
    }
    if (m->head->len == 0) {
        g_byte_array_append(m->head, init->data, init->len);
        m->tier = p->header.tier;
    } else if (m->tier.width_px != p->header.tier.width_px || m->tier.height_px != p->header.tier.height_px) {
        return fail(error, "the segments differ in picture size: take one at a time");
    }
    for (unsigned i = 0; i < p->n_proven; i++) {
        const rec_record *e = &p->entries[i].r;
        if (e->type == REC_FRAGMENT) {
            piece one = {.reader = r, .entry = i, .at = m->size, .size = e->size - REC_TAG, .shift_ns = m->length_ns};
            g_array_append_val(m->pieces, one);
            m->size += one.size;
        }
    }
    m->length_ns += rec_movie_hold_ns(r);
    return true;
}

static const rec_record *record_of(const piece *p)
{
    return &rec_reader_proof(p->reader)->entries[p->entry].r;
}

/* Where piece `i` begins in the film's time; behind the last one its end. */
static int64_t begins_ns(const rec_movie *m, guint i)
{
    const piece *p = &g_array_index(m->pieces, piece, i);
    return i < m->pieces->len ? p->shift_ns + record_of(p)->time_ns : m->length_ns;
}

/* An entry for each fragment, or for each that begins with a keyframe. */
static GArray *index_of(const rec_movie *m, bool keys_only)
{
    GArray *entries = g_array_new(FALSE, FALSE, sizeof(rec_index_entry));
    for (guint i = 0; i < m->pieces->len; i++) {
        const piece *p = &g_array_index(m->pieces, piece, i);
        if (i == 0 || !keys_only || (record_of(p)->flags & REC_FLAG_KEY) != 0) {
            g_array_append_val(entries, ((rec_index_entry){0}));
        }
        rec_index_entry *e = &g_array_index(entries, rec_index_entry, entries->len - 1);
        e->bytes += p->size;
        e->length_ns += begins_ns(m, i + 1) - begins_ns(m, i);
    }
    return entries;
}

static void add_index(rec_movie *m)
{
    g_autoptr(GArray) keys = index_of(m, true), all = index_of(m, false);
    rec_fmp4_index(m->head, (const rec_index_entry *)(const void *)keys->data, keys->len,
                   (const rec_index_entry *)(const void *)all->data, all->len);
}

rec_movie *rec_movie_new(rec_reader *const *readers, unsigned n, GError **error)
{
    rec_movie *m = g_new0(rec_movie, 1);
    m->head = g_byte_array_new();
    m->pieces = g_array_new(FALSE, FALSE, sizeof(piece));
    m->cached_index = G_MAXUINT;
    bool ok = true;
    for (unsigned i = 0; ok && i < n; i++) {
        ok = add_segment(m, readers[i], error);
    }
    if (ok && (m->pieces->len == 0 || !rec_fmp4_set_length(m->head->data, m->head->len, m->length_ns))) {
        ok = fail(error, "there is no picture in it");
    }
    if (!ok) {
        rec_movie_free(m);
        return NULL;
    }
    add_index(m);
    for (guint i = 0; i < m->pieces->len; i++) {
        g_array_index(m->pieces, piece, i).at += m->head->len;
    }
    m->size += m->head->len;
    return m;
}

void rec_movie_free(rec_movie *m)
{
    if (m != NULL) {
        g_byte_array_unref(m->head);
        g_array_unref(m->pieces);
        g_clear_pointer(&m->cached, g_byte_array_unref);
        g_free(m);
    }
}

uint64_t rec_movie_size(const rec_movie *m)
{
    return m->size;
}

int64_t rec_movie_length_ns(const rec_movie *m)
{
    return m->length_ns;
}

/* The piece that holds byte `at`, which is behind the head and before the end. */
static guint find(const rec_movie *m, uint64_t at)
{
    guint low = 0, high = m->pieces->len;
    while (high - low > 1) {
        guint middle = low + (high - low) / 2;
        if (g_array_index(m->pieces, piece, middle).at <= at) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool load(rec_movie *m, guint index, GError **error)
{
    const piece *p = &g_array_index(m->pieces, piece, index);
    if (m->cached_index == index) {
        return true;
    }
    g_clear_pointer(&m->cached, g_byte_array_unref);
    m->cached_index = G_MAXUINT;
    m->cached = rec_reader_payload(p->reader, p->entry, error);
    if (m->cached == NULL) {
        return false;
    }
    if (!rec_fmp4_shift(m->cached->data, m->cached->len, index + 1, p->shift_ns)) {
        return fail(error, "a fragment is not as the recorder writes it");
    }
    if (index > 0 && p->reader != (p - 1)->reader) {
        rec_fmp4_sound_from_key(m->cached->data, m->cached->len);
    }
    m->cached_index = index;
    return true;
}

ssize_t rec_movie_read(rec_movie *m, uint64_t at, void *out, size_t size, GError **error)
{
    if (at >= m->size || size == 0) {
        return 0;
    }
    const uint8_t *from = m->head->data + at;
    size_t left = at < m->head->len ? m->head->len - (size_t)at : 0;
    if (left == 0) {
        guint index = find(m, at);
        if (!load(m, index, error)) {
            return -1;
        }
        size_t into = (size_t)(at - g_array_index(m->pieces, piece, index).at);
        from = m->cached->data + into;
        left = m->cached->len - into;
    }
    size = MIN(size, left);
    memcpy(out, from, size);
    return (ssize_t)size;
}
