/* A segment that was kept opens as it did then, and the film of it is the same to the byte. TESSERA_KEEP=1 keeps a new one. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mcu/base/hex.h"
#include "recorder/movie.h"
#include "tests/unit/recording_kit.h"

#define FOLDER TESSERA_SOURCE_DIR "/tests/golden/recording/"

static char *film_sum(rec_reader *r)
{
    rec_movie *m = rec_movie_new(&r, 1, NULL);
    assert_non_null(m);
    g_autoptr(GByteArray) all = g_byte_array_new();
    g_byte_array_set_size(all, (guint)rec_movie_size(m));
    for (guint at = 0; at < all->len;) {
        ssize_t n = rec_movie_read(m, at, all->data + at, MIN(all->len - at, 1000), NULL);
        assert_true(n > 0);
        at += (guint)n;
    }
    assert_int_equal(rec_movie_read(m, all->len, all->data, 10, NULL), 0);
    g_autofree uint8_t *part = g_malloc(5000); /* any part is the same as of the whole */
    for (guint at = 0; at + 5000 < all->len; at += 3777) {
        ssize_t n = rec_movie_read(m, at, part, 5000, NULL);
        assert_true(n > 0);
        assert_memory_equal(part, all->data + at, (size_t)n);
    }
    rec_movie_free(m);
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, all->data, all->len);
}

static void keep(void)
{
    kit_keys keys;
    struct stat st;
    char gateway[65], recipient[65];
    int fd = kit_segment(&keys, 1200);
    assert_int_equal(fstat(fd, &st), 0);
    g_autofree char *all = g_malloc((gsize)st.st_size);
    assert_int_equal(pread(fd, all, (size_t)st.st_size, 0), st.st_size);
    rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
    assert_true(kit_unlock(r, fd, &keys));
    g_autofree char *sum = film_sum(r);
    g_autofree char *text =
        g_strdup_printf("%s\n%s\n%s\n", mcu_hex(keys.gateway_public, 32, gateway), mcu_hex(keys.recipient, 32, recipient), sum);
    assert_true(g_file_set_contents(FOLDER "segment.tsr", all, st.st_size, NULL));
    assert_true(g_file_set_contents(FOLDER "segment.txt", text, -1, NULL));
    rec_reader_free(r);
    close(fd);
}

static void test_kept(void **state)
{
    (void)state;
    if (g_getenv("TESSERA_KEEP") != NULL) {
        keep();
    }
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(FOLDER "segment.txt", &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    kit_keys keys = {0};
    assert_true(mcu_unhex(lines[0], keys.gateway_public, 32) && mcu_unhex(lines[1], keys.recipient, 32));
    int fd = open(FOLDER "segment.tsr", O_RDONLY);
    rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
    assert_non_null(r);
    assert_true(rec_reader_proof(r)->complete && rec_reader_proof(r)->certified);
    assert_true(kit_unlock(r, fd, &keys));
    g_autofree char *sum = film_sum(r);
    assert_string_equal(sum, lines[2]);
    rec_reader_free(r);
    close(fd);
}

/* What the recorder writes today makes the same film. */
static void test_same_today(void **state)
{
    (void)state;
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(FOLDER "segment.txt", &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    kit_keys keys;
    int fd = kit_segment(&keys, 1200);
    rec_reader *r = rec_reader_new(fd, keys.gateway_public, NULL);
    assert_true(kit_unlock(r, fd, &keys));
    g_autofree char *sum = film_sum(r);
    assert_string_equal(sum, lines[2]);
    rec_reader_free(r);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kept), cmocka_unit_test(test_same_today)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
