/* A segment as the writer leaves it: what is in it, that it opens and proves itself, and what happens when the disk does not take
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mcu/base/bytes.h"
#include "recorder/cutter.h"
#include "recorder/movie.h"
#include "tests/unit/recording_kit.h"

static bool contains(const GByteArray *in, const char *what)
{
    return in != NULL && memmem(in->data, in->len, what, strlen(what)) != NULL;
}

static unsigned count_type(const rec_proof *p, rec_type type)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->n; i++) {
        n += p->entries[i].r.type == type;
    }
    return n;
}

static void test_whole(void **state)
{
    (void)state;
    kit_keys keys;
    int fd = kit_segment(&keys, 9000);
    rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
    assert_non_null(r);
    const rec_proof *p = rec_reader_proof(r);
    assert_null(p->damage);
    assert_true(p->certified && p->complete);
    assert_int_equal(p->key_page, MCU_OK);
    assert_int_equal(p->end, p->bytes);
    assert_string_equal(p->header.recording, "rec1");
    assert_int_equal(count_type(p, REC_INIT), 1);
    assert_int_equal(count_type(p, REC_PRIVATE), 1);
    assert_in_range(p->head.media_ns / MCU_NS_PER_MS, 8990, 9020);
    int64_t at_ns = 0;
    for (unsigned i = 0; i < p->n; i++) { /* fragments lie end to end, none is longer than half a second */
        const rec_record *e = &p->entries[i].r;
        if (e->type == REC_FRAGMENT) {
            assert_int_equal(e->time_ns, at_ns);
            assert_in_range(e->hold_ns, 1, 500 * MCU_NS_PER_MS);
            at_ns += e->hold_ns;
        }
    }
    assert_null(rec_reader_payload(r, 0, NULL));
    assert_true(kit_unlock(r, fd, &keys));
    unsigned next = 0, sound = 0;
    for (unsigned i = 0; i < p->n; i++) {
        if (p->entries[i].r.type != REC_FRAGMENT) {
            continue;
        }
        g_autoptr(GByteArray) fragment = rec_reader_payload(r, i, NULL);
        char text[32];
        for (; g_snprintf(text, sizeof text, "picture %u!", next), contains(fragment, text); next++) {
        }
        for (; g_snprintf(text, sizeof text, "packet %u", sound), contains(fragment, text); sound++) {
        }
    }
    assert_int_equal(next, 225);
    assert_int_equal(sound, 450);
    rec_reader_free(r);
    close(fd);
}

static void test_nothing_in_plain(void **state)
{
    (void)state;
    kit_keys keys;
    int fd = kit_segment(&keys, 3000);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    g_autoptr(GByteArray) all = g_byte_array_new();
    g_byte_array_set_size(all, (guint)st.st_size);
    assert_int_equal(pread(fd, all->data, all->len, 0), all->len);
    assert_false(contains(all, "picture 1") || contains(all, "packet 1") || contains(all, "Person") || contains(all, "moof"));
    assert_true(contains(all, "\"what\":\"ended\""));
    close(fd);
}

static void test_other_key(void **state)
{
    (void)state;
    kit_keys keys, other;
    int fd = kit_segment(&keys, 1000);
    kit_keys_make(&other);
    rec_reader *r = rec_reader_new(fd, other.gateway_public, NULL);
    assert_false(rec_reader_proof(r)->certified);
    assert_non_null(rec_reader_proof(r)->damage);
    assert_false(kit_unlock(r, fd, &other));
    uint8_t wrong[32] = {1};
    assert_false(rec_reader_unlock(r, wrong));
    rec_reader_free(r);
    close(fd);
}

static const uint8_t *box_at(const GByteArray *in, const char *name, guint from)
{
    const uint8_t *at = memmem(in->data + from, in->len - from, name, 4);
    return at != NULL ? at - 4 : in->data; /* the film's first box has none of these names */
}

/* Two segments are one film: the second lies behind the first, the index leads to each keyframe, any byte can be had. */
static void check_film(rec_reader *const readers[2])
{
    rec_movie *m = rec_movie_new(readers, 2, NULL);
    assert_non_null(m);
    int64_t first_ms = rec_reader_proof(readers[0])->head.media_ns / MCU_NS_PER_MS;
    assert_in_range(rec_movie_length_ns(m) / MCU_NS_PER_MS, 6590, 6630);
    g_autoptr(GByteArray) film = g_byte_array_new();
    g_byte_array_set_size(film, (guint)rec_movie_size(m));
    for (guint at = 0; at < film->len;) {
        ssize_t n = rec_movie_read(m, at, film->data + at, film->len - at, NULL);
        assert_true(n > 0);
        at += (guint)n;
    }
    const uint8_t *sidx = box_at(film, "sidx", 0);
    guint at = (guint)(sidx - film->data) + mcu_rd32(sidx) + (guint)mcu_rd64(sidx + 28), entries = mcu_rd16(sidx + 38);
    assert_int_equal(entries, 3); /* a keyframe each */
    const uint64_t begins_ms[] = {0, 4000, (uint64_t)first_ms};
    for (guint i = 0; i < entries; i++) {
        const uint8_t *moof = film->data + at;
        assert_memory_equal(moof + 4, "moof", 4);
        const uint8_t *tfdt = box_at(film, "tfdt", at);
        uint64_t picture_ms = mcu_rd64(tfdt + 12) / 90;
        assert_in_range(picture_ms, begins_ms[i], begins_ms[i] + 1);
        tfdt =
            box_at(film, "tfdt", (guint)(tfdt - film->data) + 8); /* whoever seeks here finds sound that does not begin later */
        uint64_t sound_ms = mcu_rd64(tfdt + 12) / 48;
        assert_in_range(sound_ms, picture_ms - MIN(picture_ms, 25), i == 0 ? 20 : picture_ms - 1);
        at += mcu_rd32(sidx + 40 + 12 * i);
    }
    assert_int_equal(at, film->len);
    rec_movie_free(m);
}

/* Pause and resume: two segments, another key each, the second names the first's end. */
static void test_segments(void **state)
{
    (void)state;
    kit_keys keys;
    kit_said said = {0};
    kit_keys_make(&keys);
    rec_writer *w = rec_writer_new(&keys.config, &kit_callbacks, &said);
    int first = kit_file(w, "a", false), second = kit_file(w, "b", false);
    kit_item(w, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    kit_feed(w, 0, 4600);
    kit_item(w, (rec_item){.kind = REC_ITEM_END, .text = "pause", .fd = -1});
    assert_null(kit_last(&said, "stopped"));
    kit_feed(w, 4600, 5600); /* paused: goes nowhere */
    kit_item(w, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    kit_feed(w, 8000, 10000);
    kit_item(w, (rec_item){.kind = REC_ITEM_END, .flag = true, .text = "stop", .fd = -1});
    assert_int_equal(kit_count(&said, "started"), 2);
    assert_int_equal(kit_count(&said, "ended"), 2);
    assert_string_equal(json_string_value(json_object_get(kit_last(&said, "stopped"), "reason")), "stop");
    assert_int_equal(said.keyframes_wanted, 2);
    rec_reader *a = rec_reader_new(first, keys.gateway_public, NULL), *b = rec_reader_new(second, keys.gateway_public, NULL);
    const rec_proof *pa = rec_reader_proof(a), *pb = rec_reader_proof(b);
    assert_true(pa->complete && pb->complete);
    assert_int_equal(pb->header.segment, 1);
    assert_true(pb->header.has_previous);
    assert_memory_equal(pb->header.previous, pa->head.hash, 32);
    assert_memory_not_equal(pa->header.check, pb->header.check, 32);
    assert_true(kit_unlock(a, first, &keys) && kit_unlock(b, second, &keys));
    check_film((rec_reader *const[]){a, b});
    rec_reader_free(a);
    rec_reader_free(b);
    rec_writer_free(w);
    kit_said_clear(&said);
    close(first);
    close(second);
}

/* Without a file nothing is recorded, and it is said. */
static void test_no_file(void **state)
{
    (void)state;
    kit_keys keys;
    kit_said said = {0};
    kit_keys_make(&keys);
    rec_writer *w = rec_writer_new(&keys.config, &kit_callbacks, &said);
    kit_item(w, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    assert_string_equal(json_string_value(json_object_get(kit_last(&said, "error"), "code")), "no_file");
    assert_non_null(kit_last(&said, "stopped"));
    kit_feed(w, 0, 500);
    rec_writer_free(w);
    kit_said_clear(&said);
}

/* Below the reserve it does not begin; a spare disk would be next. */
static void test_reserve(void **state)
{
    (void)state;
    kit_keys keys;
    kit_said said = {0};
    kit_keys_make(&keys);
    keys.config.reserve_bytes = UINT64_MAX;
    rec_writer *w = rec_writer_new(&keys.config, &kit_callbacks, &said);
    int fd = kit_file(w, "a", false);
    kit_item(w, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    assert_int_equal(kit_count(&said, "started"), 0);
    assert_string_equal(json_string_value(json_object_get(said.messages->pdata[0], "code")), "disk_full");
    assert_non_null(kit_last(&said, "stopped"));
    rec_writer_free(w);
    kit_said_clear(&said);
    close(fd);
}

/* Parameter sets that change stay in the segment; a picture of another size begins the next. */
static void test_format(void **state)
{
    (void)state;
    kit_keys keys;
    kit_said said = {0};
    kit_keys_make(&keys);
    rec_writer *w = rec_writer_new(&keys.config, &kit_callbacks, &said);
    int first = kit_file(w, "a", false), second = kit_file(w, "b", false);
    kit_item(w, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    kit_feed(w, 0, 1000);
    mcu_au *other = kit_picture(25, true, 500);
    other->width_px = 640;
    mcu_au *level = kit_picture(24, true, 500); /* late by a tick, of another level */
    level->data[4 + 3] = 0x20;
    kit_item(w, (rec_item){.kind = REC_ITEM_PICTURE, .au = level, .fd = -1});
    assert_int_equal(kit_count(&said, "started"), 1);
    kit_item(w, (rec_item){.kind = REC_ITEM_PICTURE, .au = other, .fd = -1});
    kit_feed(w, 1040, 1500);
    kit_item(w, (rec_item){.kind = REC_ITEM_END, .flag = true, .text = "stop", .fd = -1});
    rec_reader *a = rec_reader_new(first, keys.gateway_public, NULL), *b = rec_reader_new(second, keys.gateway_public, NULL);
    assert_true(rec_reader_proof(a)->complete && rec_reader_proof(b)->complete);
    assert_in_range(rec_reader_proof(b)->head.media_ns / MCU_NS_PER_MS, 440, 520);
    rec_reader_free(a);
    rec_reader_free(b);
    rec_writer_free(w);
    kit_said_clear(&said);
    close(first);
    close(second);
}

static void count_picture(void *user, const rec_record *r, const GByteArray *payload)
{
    unsigned *found = user;
    for (unsigned n = 0; r->type == REC_FRAGMENT && n < 32; n++) {
        char text[32];
        g_snprintf(text, sizeof text, "picture %u!", n);
        *found |= contains(payload, text) ? 1u << n : 0;
    }
}

/* One encoder takes over from another on the same tick, or is a tick behind: every picture of it is there, in its order. */
static void test_take_over(void **state)
{
    (void)state;
    unsigned found = 0;
    rec_cutter *c = rec_cutter_new((rec_cutter_sink){count_picture, &found}, 0);
    const struct {
        unsigned number;
        bool key;
        int at_ms;
    } pictures[] = {{0, true, 0}, {1, false, 40}, {2, false, 80}, {3, true, 80}, {4, true, 40}, {5, false, 80}, {6, false, 120}};
    for (size_t i = 0; i < G_N_ELEMENTS(pictures); i++) {
        mcu_au *au = kit_picture(pictures[i].number, pictures[i].key, 60);
        au->time_ns = KIT_START_NS + pictures[i].at_ms * MCU_NS_PER_MS;
        assert_int_equal(rec_cutter_picture(c, au), REC_TAKEN);
        mcu_au_unref(au);
    }
    assert_in_range(rec_cutter_end_ns(c) / MCU_NS_PER_MS, 120, 125);
    rec_cutter_flush(c);
    assert_int_equal(found, 127);
    mcu_au *old = kit_picture(7, true, 60);
    old->time_ns = KIT_START_NS - MCU_NS_PER_SEC;
    assert_int_equal(rec_cutter_picture(c, old), REC_SKIPPED);
    mcu_au_unref(old);
    rec_cutter_free(c);
}

/* The same film as by the whole proof; what a crash has torn at the end is left out, what was changed does not open. */
static void test_index(void **state)
{
    (void)state;
    kit_keys keys;
    int fd = kit_segment(&keys, 9000);
    rec_reader *whole = rec_reader_new(fd, NULL, NULL), *index = rec_reader_new_index(fd, NULL);
    const rec_proof *p = rec_reader_proof(whole), *q = rec_reader_proof(index);
    assert_true(kit_unlock(whole, fd, &keys) && kit_unlock(index, fd, &keys));
    assert_true(q->complete);
    assert_int_equal(q->n_proven, p->n_proven);
    assert_int_equal(q->head.media_ns, p->head.media_ns);
    assert_memory_equal(q->entries, p->entries, p->n * sizeof *p->entries);

    unsigned torn = p->n_proven / 2;
    while (p->entries[torn].r.type != REC_FRAGMENT) {
        torn++;
    }
    const rec_entry *e = &p->entries[torn];
    int cut = kit_copy(fd);
    assert_int_equal(ftruncate(cut, (off_t)(p->entries[torn + 2].at)), 0); /* the fragment and its head are there */
    assert_int_equal(pwrite(cut, "torn", 4, (off_t)(e->at + REC_RECORD_HEAD + 100)), 4);
    rec_reader *after = rec_reader_new_index(cut, NULL);
    assert_true(kit_unlock(after, cut, &keys));
    assert_int_equal(rec_reader_proof(after)->n_proven, torn);
    assert_false(rec_reader_proof(after)->complete);
    assert_in_range(rec_reader_proof(after)->head.media_ns, e->r.time_ns, e->r.time_ns);
    rec_reader_free(after);

    int changed = kit_copy(fd);
    assert_int_equal(pwrite(changed, "torn", 4, (off_t)(e->at + REC_RECORD_HEAD + 100)), 4);
    after = rec_reader_new_index(changed, NULL);
    assert_true(kit_unlock(after, changed, &keys));
    assert_null(rec_reader_payload(after, torn, NULL));
    rec_reader_free(after);
    rec_reader_free(whole);
    rec_reader_free(index);
    close(fd);
    close(cut);
    close(changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),    cmocka_unit_test(test_nothing_in_plain), cmocka_unit_test(test_other_key),
        cmocka_unit_test(test_segments), cmocka_unit_test(test_no_file),          cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_format),   cmocka_unit_test(test_take_over),        cmocka_unit_test(test_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
