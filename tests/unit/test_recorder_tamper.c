/* Whoever changes, cuts, swaps or replays anything in a recording is found out; whoever leaves it alone is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>

#include "recorder/manifest.h"
#include "tests/unit/recording_kit.h"

/* A recording of two segments in a folder of its own, with its signed manifest. */
typedef struct {
    kit_keys keys;
    char folder[64], first[96], second[96], manifest[96];
    uint8_t *bytes; /* of the first segment */
    size_t size;
    json_t *anchors;
} world;

static void save(const char *path, const void *data, size_t size)
{
    assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
}

static void save_fd(const char *path, int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    g_autofree uint8_t *all = g_malloc((gsize)st.st_size);
    assert_int_equal(pread(fd, all, (size_t)st.st_size, 0), st.st_size);
    save(path, all, (size_t)st.st_size);
    close(fd);
}

static rec_verdict judge(const world *w, bool anchored)
{
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
    const char *paths[] = {w->folder};
    rec_store *s = rec_store_open(paths, 1, w->keys.gateway_public, NULL);
    rec_verdict verdict =
        s != NULL ? rec_verify(s, w->keys.gateway_public, anchored ? w->anchors : NULL, findings) : REC_VERDICT_TAMPERED;
    rec_store_free(s);
    return verdict;
}

static void sign_manifest(const world *w)
{
    const char *paths[] = {w->folder};
    rec_store *s = rec_store_open(paths, 1, NULL, NULL);
    json_t *m = rec_manifest_make(s, NULL);
    assert_true(mcu_json_sign(m, "gateway", w->keys.gateway) && rec_manifest_write(s, m, NULL));
    json_decref(m);
    rec_store_free(s);
}

static int setup(void **state)
{
    world *w = g_new0(world, 1);
    kit_said said = {0};
    kit_keys_make(&w->keys);
    strcpy(w->folder, "/tmp/tessera-tamper-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    g_snprintf(w->first, sizeof w->first, "%s/a.tsr", w->folder);
    g_snprintf(w->second, sizeof w->second, "%s/b.tsr", w->folder);
    g_snprintf(w->manifest, sizeof w->manifest, "%s/manifest.json", w->folder);
    rec_writer *writer = rec_writer_new(&w->keys.config, &kit_callbacks, &said);
    int first = kit_file(writer, "a", false), second = kit_file(writer, "b", false);
    kit_item(writer, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    kit_feed(writer, 0, 5000);
    kit_item(writer, (rec_item){.kind = REC_ITEM_END, .text = "pause", .fd = -1});
    w->anchors = json_pack("[O]", kit_last(&said, "head"));
    kit_item(writer, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    kit_feed(writer, 8000, 10000);
    kit_item(writer, (rec_item){.kind = REC_ITEM_END, .text = "stop", .flag = true, .fd = -1});
    json_array_append(w->anchors, (json_t *)(uintptr_t)kit_last(&said, "head"));
    rec_writer_free(writer);
    kit_said_clear(&said);
    save_fd(w->first, first);
    save_fd(w->second, second);
    assert_true(g_file_get_contents(w->first, (char **)&w->bytes, &w->size, NULL));
    sign_manifest(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    unlink(w->first);
    unlink(w->second);
    unlink(w->manifest);
    rmdir(w->folder);
    json_decref(w->anchors);
    g_free(w->bytes);
    g_free(w);
    return 0;
}

static void test_untouched(void **state)
{
    assert_int_equal(judge(*state, true), REC_VERDICT_COMPLETE);
}

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) /* everything takes several times as long */
#define FLIPS 1000
#else
#define FLIPS 10000
#endif

/* FLIPS of the bits of one segment, spread over all of it, one at a time; judged without manifest and anchors. */
static void test_bits(void **state)
{
    (void)state;
    kit_keys keys;
    struct stat st;
    int fd = kit_segment(&keys, 600);
    assert_int_equal(fstat(fd, &st), 0);
    size_t size = (size_t)st.st_size;
    g_autofree uint8_t *bytes = g_malloc(size);
    assert_int_equal(pread(fd, bytes, size, 0), size);
    unsigned found = 0;
    for (unsigned i = 0; i < FLIPS; i++) {
        size_t bit = MIN((size_t)i * (size * 8) / FLIPS + i % 8, size * 8 - 1);
        uint8_t bent = (uint8_t)(bytes[bit / 8] ^ 1u << bit % 8);
        assert_int_equal(pwrite(fd, &bent, 1, (off_t)(bit / 8)), 1);
        rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
        const rec_proof *p = r != NULL ? rec_reader_proof(r) : NULL;
        if (p == NULL || p->damage != NULL || !p->complete) {
            found++;
        } else {
            print_message("bit %zu of byte %zu was not noticed\n", bit % 8, bit / 8);
        }
        rec_reader_free(r);
        assert_int_equal(pwrite(fd, &bytes[bit / 8], 1, (off_t)(bit / 8)), 1);
    }
    assert_int_equal(found, FLIPS);
    rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
    assert_true(rec_reader_proof(r)->complete);
    rec_reader_free(r);
    close(fd);
}

/* Cut at every record's border: never complete; with anchors always found to be cut, unless only what was never told is gone. */
static void test_cut(void **state)
{
    world *w = *state;
    int fd = kit_copy(open(w->first, O_RDONLY));
    rec_reader *whole = rec_reader_new(fd, w->keys.gateway_public, NULL);
    const rec_proof *p = rec_reader_proof(whole);
    mcu_chain_head told;
    assert_true(mcu_chain_head_read(&told, json_array_get(w->anchors, 0)));
    for (unsigned i = 0; i < p->n; i++) {
        save(w->first, w->bytes, p->entries[i].at);
        assert_int_not_equal(judge(w, false), REC_VERDICT_COMPLETE); /* the manifest knows */
        unlink(w->manifest);
        rec_verdict anchored = judge(w, true);
        sign_manifest(w);
        rec_verdict forged = judge(w, true); /* even a manifest that fits does not help */
        assert_int_equal(anchored, i <= told.record + 1 ? REC_VERDICT_TAMPERED : REC_VERDICT_INTERRUPTED);
        assert_int_equal(forged, anchored);
    }
    rec_reader_free(whole);
    close(fd);
}

static void test_swapped_and_replayed(void **state)
{
    world *w = *state;
    int fd = kit_copy(open(w->first, O_RDONLY));
    rec_reader *whole = rec_reader_new(fd, w->keys.gateway_public, NULL);
    const rec_proof *p = rec_reader_proof(whole);
    for (unsigned i = 0; i + 2 < p->n; i++) {
        const rec_entry *a = &p->entries[i], *b = &p->entries[i + 1];
        size_t size_a = REC_RECORD_HEAD + a->r.size, size_b = REC_RECORD_HEAD + b->r.size;
        g_autofree uint8_t *bent = g_memdup2(w->bytes, w->size);
        memcpy(bent + a->at, w->bytes + b->at, size_b);
        memcpy(bent + a->at + size_b, w->bytes + a->at, size_a);
        save(w->first, bent, w->size);
        assert_int_equal(judge(w, false), REC_VERDICT_TAMPERED);
        g_autofree uint8_t *twice = g_malloc(w->size + size_a); /* record i again, behind itself */
        memcpy(twice, w->bytes, b->at);
        memcpy(twice + b->at, w->bytes + a->at, size_a);
        memcpy(twice + b->at + size_a, w->bytes + b->at, w->size - b->at);
        save(w->first, twice, w->size + size_a);
        assert_int_equal(judge(w, false), REC_VERDICT_TAMPERED);
    }
    g_autofree uint8_t *longer = g_malloc0(w->size + 100);
    memcpy(longer, w->bytes, w->size);
    save(w->first, longer, w->size + 100);
    assert_int_equal(judge(w, false), REC_VERDICT_TAMPERED);
    rec_reader_free(whole);
    close(fd);
}

static void test_segments(void **state)
{
    world *w = *state;
    g_autofree char *second = NULL;
    gsize size = 0;
    assert_true(g_file_get_contents(w->second, &second, &size, NULL));
    unlink(w->second);
    assert_int_equal(judge(w, false), REC_VERDICT_TAMPERED); /* the manifest lists it */
    sign_manifest(w);
    assert_int_equal(judge(w, false), REC_VERDICT_TAMPERED); /* and a new one does not forget it */
    unlink(w->manifest);
    sign_manifest(w);
    assert_int_equal(judge(w, false), REC_VERDICT_COMPLETE); /* nobody else knows of it ... */
    assert_int_equal(judge(w, true), REC_VERDICT_TAMPERED);  /* ... but who has its head */
    save(w->second, second, size);
    unlink(w->first);
    unlink(w->manifest);
    assert_int_equal(judge(w, false), REC_VERDICT_TAMPERED); /* a recording begins with segment 0 */
    save(w->first, second, size);
    assert_int_equal(judge(w, false), REC_VERDICT_TAMPERED); /* the same segment twice */
}

static void edit_to(const world *w, void (*change)(json_t *manifest), rec_verdict expected)
{
    json_t *m = json_load_file(w->manifest, 0, NULL);
    json_t *was = json_deep_copy(m);
    change(m);
    json_dump_file(m, w->manifest, 0);
    assert_int_equal(judge(w, false), expected);
    json_dump_file(was, w->manifest, 0);
    assert_int_equal(judge(w, false), REC_VERDICT_COMPLETE);
    json_decref(m);
    json_decref(was);
}

static void edit(const world *w, void (*change)(json_t *manifest))
{
    edit_to(w, change, REC_VERDICT_TAMPERED);
}

static void change_media(json_t *m)
{
    json_object_set_new(json_array_get(json_object_get(m, "segments"), 0), "media_ms", json_integer(1));
}

static void change_gaps(json_t *m)
{
    json_array_clear(json_object_get(m, "gaps"));
}

static void change_events(json_t *m)
{
    json_array_remove(json_object_get(json_array_get(json_object_get(m, "segments"), 0), "events"), 0);
}

static void drop_signature(json_t *m)
{
    json_object_del(m, "signatures");
}

/* Signed by somebody who is not the gateway. */
static void sign_again(json_t *m)
{
    uint8_t other[32] = {5};
    change_gaps(m);
    mcu_json_sign(m, "gateway", other);
}

static void test_manifest(void **state)
{
    edit(*state, change_media);
    edit(*state, change_gaps);
    edit(*state, change_events);
    edit_to(*state, drop_signature, REC_VERDICT_OPEN); /* no word of anybody: as if there were none */
    edit(*state, sign_again);
}

static const char *state_in_manifest(const world *w, size_t segment)
{
    static char text[32];
    json_t *m = json_load_file(w->manifest, 0, NULL), *one = json_array_get(json_object_get(m, "segments"), segment);
    g_strlcpy(text, json_string_value(json_object_get(one, "state")), sizeof text);
    json_decref(m);
    return text;
}

/* A manifest that is made of what is damaged or gone says so, whoever signs it. */
static void test_manifest_of_damage(void **state)
{
    world *w = *state;
    w->bytes[w->size / 2] ^= 1;
    save(w->first, w->bytes, w->size);
    unlink(w->second);
    sign_manifest(w);
    assert_string_equal(state_in_manifest(w, 0), "damaged");
    assert_string_equal(state_in_manifest(w, 1), "missing");
    assert_int_equal(judge(w, false), REC_VERDICT_TAMPERED);
    unlink(w->first);
    assert_int_equal(symlink("/dev/null", w->first), 0);
    assert_int_equal(judge(w, false), REC_VERDICT_TAMPERED); /* a finding, no trouble */
}

/* Nothing in the segments before it says that the last one was there. */
static void test_end(void **state)
{
    world *w = *state;
    unlink(w->manifest);
    assert_int_equal(judge(w, false), REC_VERDICT_OPEN);
    assert_int_equal(judge(w, true), REC_VERDICT_COMPLETE);
    unlink(w->second);
    assert_int_equal(judge(w, false), REC_VERDICT_INTERRUPTED); /* after a pause it may have gone on */
    assert_int_equal(judge(w, true), REC_VERDICT_TAMPERED);
}

/* A key that was wrapped anew or shredded changes nothing of the proof. */
static void test_keys(void **state)
{
    world *w = *state;
    uint8_t fresh[32], fresh_public[32];
    assert_true(mcu_seal_pair_new(fresh, fresh_public));
    int fd = open(w->first, O_RDWR);
    assert_true(mcu_key_page_rewrap(fd, w->keys.recipient, fresh_public, "k2", "rec1/0", NULL));
    assert_int_equal(judge(w, true), REC_VERDICT_COMPLETE);
    assert_true(mcu_key_page_shred(fd, NULL));
    assert_int_equal(judge(w, true), REC_VERDICT_COMPLETE);
    mcu_wrapped_key gone;
    assert_int_equal(mcu_key_page_read(fd, &gone), MCU_ENOSUP);
    close(fd);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(test_untouched), cmocka_unit_test(test_bits), WITH_WORLD(test_cut),  WITH_WORLD(test_swapped_and_replayed),
        WITH_WORLD(test_segments),  WITH_WORLD(test_manifest),   WITH_WORLD(test_keys), WITH_WORLD(test_manifest_of_damage),
        WITH_WORLD(test_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
