/* The audit trail's file: what a crash, a full disk and a forger leave, and what verifying says to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/media.h"
#include "signaling/audit.h"
#include "signaling/audit_file.h"
#include "signaling/key_file.h"

typedef struct {
    char *folder, *log, *copy, *public_path;
    sig_key_pair key;
    uint8_t public_key[SIG_KEY_BYTES]; /* as its file has it */
} box;

static int make_box(void **state)
{
    box *b = g_new0(box, 1);
    b->folder = g_dir_make_tmp("tessera-audit-XXXXXX", NULL);
    b->log = g_build_filename(b->folder, SIG_AUDIT_FILE, NULL);
    b->copy = g_build_filename(b->folder, "copy", NULL);
    b->public_path = g_build_filename(b->folder, "gateway.pub", NULL);
    *state = b;
    bool ok = sig_key_pair_load(&b->key, b->folder, SIG_GATEWAY_KEY, mcu_sign_public, NULL) &&
              sig_public_key_read(b->public_path, b->public_key, NULL);
    return ok ? 0 : -1;
}

static int drop_box(void **state)
{
    box *b = *state;
    g_autofree char *key = g_build_filename(b->folder, "gateway.key", NULL),
                    *names = g_build_filename(b->folder, "names.key", NULL);
    g_unlink(b->log);
    g_unlink(b->copy);
    g_unlink(key);
    g_unlink(names);
    g_unlink(b->public_path);
    g_rmdir(b->folder);
    g_free(b->folder);
    g_free(b->log);
    g_free(b->copy);
    g_free(b->public_path);
    g_free(b);
    return 0;
}

static void add(sig_audit_file *f, unsigned first, unsigned n)
{
    for (unsigned i = first; i < first + n; i++) {
        g_autofree char *members = g_strdup_printf("\"event\":\"done\",\"room\":\"r%u\"", i);
        sig_audit_file_add(f, members);
    }
}

static void write_some(const box *b, unsigned first, unsigned n)
{
    sig_audit_file *f = sig_audit_file_open(b->folder, b->key.private_key, NULL);
    assert_non_null(f);
    add(f, first, n);
    assert_true(sig_audit_file_flush(f));
    sig_audit_file_close(f);
}

/* What verifying says to these bytes; the caller's. */
static char *verdict(const box *b, const char *bytes, size_t length, const char *head, bool *good)
{
    char *text = NULL;
    size_t size = 0;
    FILE *copy = fopen(b->copy, "we"); /* g_file_set_contents() would sync, thousands of times */
    assert_int_equal(fwrite(bytes, 1, length, copy), length);
    fclose(copy);
    FILE *out = open_memstream(&text, &size);
    *good = sig_audit_verify(b->copy, b->public_key, head, out);
    fclose(out);
    return text;
}

static char *read_log(const box *b, gsize *length)
{
    char *bytes = NULL;
    assert_true(g_file_get_contents(b->log, &bytes, length, NULL));
    return bytes;
}

static void a_trail_goes_on_after_a_restart(void **state)
{
    const box *b = *state;
    bool good = false;
    gsize n = 0;
    write_some(b, 1, 3);
    write_some(b, 4, 2);
    g_autofree char *bytes = read_log(b, &n);
    char *said = verdict(b, bytes, n, NULL, &good);
    assert_true(good);
    assert_true(g_str_has_prefix(said, "good: 5 records"));
    free(said);
}

static void what_is_empty_and_what_is_no_head_is_said(void **state)
{
    const box *b = *state;
    bool good = false;
    char *said = verdict(b, "", 0, NULL, &good);
    assert_true(good && strstr(said, "empty") != NULL);
    free(said);
    static const char *const malformed[] = {"700:zz", "700", ":", "x:00", "700:00"};
    for (size_t i = 0; i < G_N_ELEMENTS(malformed); i++) {
        said = verdict(b, "", 0, malformed[i], &good);
        assert_true(!good && strstr(said, "malformed") != NULL && strstr(said, malformed[i]) != NULL);
        free(said);
    }
}

static void every_prefix_verifies_to_its_last_whole_record(void **state)
{
    const box *b = *state;
    gsize n = 0;
    write_some(b, 1, 4);
    g_autofree char *bytes = read_log(b, &n);
    unsigned lines = 0;
    for (size_t cut = 0; cut <= n; cut++) {
        bool good = false;
        lines += cut > 0 && bytes[cut - 1] == '\n';
        g_autofree char *expected = g_strdup_printf("good: %u records", lines);
        char *said = verdict(b, bytes, cut, NULL, &good);
        assert_true(good && g_str_has_prefix(said, expected));
        assert_int_equal(strstr(said, "half a line") != NULL, cut > 0 && bytes[cut - 1] != '\n');
        free(said);
    }
}

static void after_every_cut_the_trail_goes_on_and_verifies(void **state)
{
    const box *b = *state;
    gsize n = 0;
    write_some(b, 1, 3);
    g_autofree char *bytes = read_log(b, &n);
    for (size_t cut = 0; cut <= n; cut += 7) {
        bool good = false;
        gsize after = 0;
        assert_true(g_file_set_contents(b->log, bytes, (gssize)cut, NULL));
        write_some(b, 9, 1);
        g_autofree char *now = read_log(b, &after);
        char *said = verdict(b, now, after, NULL, &good);
        assert_true(good && !strstr(said, "half"));
        free(said);
    }
}

static void every_flipped_bit_is_found(void **state)
{
    const box *b = *state;
    gsize n = 0;
    write_some(b, 1, 3);
    g_autofree char *bytes = read_log(b, &n);
    for (size_t bit = 0; bit < 8 * (n - 1); bit++) { /* without the last line's end: that is half a line, not a lie */
        bool good = false;
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        free(verdict(b, bytes, n, NULL, &good));
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
        assert_false(good);
    }
}

static void lines_left_out_or_swapped_are_found(void **state)
{
    const box *b = *state;
    bool good = true;
    write_some(b, 1, 4);
    gsize n = 0;
    g_autofree char *bytes = read_log(b, &n);
    g_auto(GStrv) l = g_strsplit(bytes, "\n", -1);
    const char *const wrong[][4] = {{l[1], l[2], l[3], NULL},
                                    {l[0], l[2], l[3], NULL},
                                    {l[1], l[0], l[2], l[3]},
                                    {l[0], l[0], l[1], l[2]},
                                    {l[0], l[1], l[1], l[2]}};
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        GString *text = g_string_new(NULL);
        for (unsigned k = 0; k < 4 && wrong[i][k]; k++) {
            g_string_append_printf(text, "%s\n", wrong[i][k]);
        }
        free(verdict(b, text->str, text->len, NULL, &good));
        g_string_free(text, TRUE);
        assert_false(good);
    }
}

static void a_cut_below_a_noted_head_is_found(void **state)
{
    const box *b = *state;
    bool good = false;
    gsize n = 0;
    sig_audit_file *f = sig_audit_file_open(b->folder, b->key.private_key, NULL);
    add(f, 1, 3);
    assert_true(sig_audit_file_flush(f));
    const mcu_audit_head *at = sig_audit_file_head(f);
    g_autofree char *head = g_strdup_printf("%u:%s", (unsigned)at->seq, at->hash);
    sig_audit_file_close(f);
    g_autofree char *bytes = read_log(b, &n);
    free(verdict(b, bytes, n, head, &good));
    assert_true(good);
    *(char *)memrchr(bytes, '\n', n - 1) = '\0';
    bytes[strlen(bytes)] = '\n';
    free(verdict(b, bytes, (size_t)((char *)memrchr(bytes, '\n', n - 1) + 1 - bytes), head, &good));
    assert_false(good);
}

static void a_full_disk_loses_the_group_and_nothing_else(void **state)
{
    const box *b = *state;
    bool good = false;
    gsize n = 0;
    struct rlimit old, small;
    signal(SIGXFSZ, SIG_IGN);
    sig_audit_file *f = sig_audit_file_open(b->folder, b->key.private_key, NULL);
    add(f, 1, 2);
    assert_true(sig_audit_file_flush(f));
    const mcu_audit_head before = *sig_audit_file_head(f);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 900; /* in the middle of the third line */
    setrlimit(RLIMIT_FSIZE, &small);
    add(f, 3, 5);
    assert_false(sig_audit_file_flush(f));
    setrlimit(RLIMIT_FSIZE, &old);
    assert_int_equal(sig_audit_file_head(f)->seq, before.seq);
    add(f, 8, 1);
    assert_true(sig_audit_file_flush(f));
    assert_int_equal(sig_audit_file_head(f)->seq, before.seq + 1);
    sig_audit_file_close(f);
    g_autofree char *bytes = read_log(b, &n);
    free(verdict(b, bytes, n, NULL, &good));
    assert_true(good);
}

static void note_end(void *user, bool ok)
{
    *(int *)user = ok ? 1 : -1;
}

/* Nobody sends anything to a server that is not ready: it has to find out by itself. */
static void a_change_that_a_full_disk_refused_leaves_the_server_ready_again(void **state)
{
    const box *b = *state;
    struct rlimit old, small;
    int end = 0;
    g_autofree char *path = g_build_filename(b->folder, "store.db", NULL), *wal = g_strconcat(path, "-wal", NULL);
    sig_audit_file *f = sig_audit_file_open(b->folder, b->key.private_key, NULL);
    sig_gateway g = {.base = event_base_new()};
    sig_commits_init(&g);
    g.store = sig_store_open(path, f, 1, NULL);
    assert_non_null(g.store);
    assert_true(sig_store_start(g.store, g.base, NULL));
    g.audit = sig_audit_new(&g);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 10; /* not one record */
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    const sig_change change = {.kind = SIG_ROOM_PUT, .room = "r", .name = "R"};
    const sig_audit_entry entry = {.room = "r", .operation = "create"};
    assert_true(sig_commit(&g, &change, 1, &entry, note_end, &end));
    while (end == 0) {
        event_base_loop(g.base, EVLOOP_ONCE);
    }
    assert_int_equal(end, -1);
    assert_false(sig_store_healthy(g.store));
    setrlimit(RLIMIT_FSIZE, &old);
    for (int64_t until_ns = mcu_now_ns() + 5 * MCU_NS_PER_SEC; !sig_store_healthy(g.store) && mcu_now_ns() < until_ns;) {
        event_base_loop(g.base, EVLOOP_NONBLOCK);
        g_usleep(10000);
    }
    assert_true(sig_store_healthy(g.store));
    sig_store_close(g.store);
    sig_commits_clear(&g);
    sig_audit_free(g.audit);
    event_base_free(g.base);
    g_unlink(wal);
    g_unlink(path);
}

static void another_key_signs_nothing_here(void **state)
{
    const box *b = *state;
    gsize n = 0;
    write_some(b, 1, 1);
    g_autofree char *bytes = read_log(b, &n);
    uint8_t stranger[2][SIG_KEY_BYTES];
    mcu_audit_head head;
    assert_true(mcu_sign_key_new(stranger[0], stranger[1]));
    mcu_audit_begin(&head);
    assert_string_equal(mcu_audit_check(&head, bytes, n - 1, stranger[1]), "signature");
    assert_null(mcu_audit_check(&head, bytes, n - 1, b->public_key));
}

static void a_private_key_is_private_and_stays(void **state)
{
    const box *b = *state;
    g_autofree char *path = g_build_filename(b->folder, "gateway.key", NULL);
    sig_key_pair again;
    GStatBuf st;
    assert_int_equal(g_stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(sig_key_pair_load(&again, b->folder, SIG_GATEWAY_KEY, mcu_sign_public, NULL));
    assert_memory_equal(&again, &b->key, sizeof again);
    assert_memory_equal(again.public_key, b->public_key, sizeof again.public_key);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_box, drop_box)

int main(void)
{
    const struct CMUnitTest tests[] = {CASE(a_trail_goes_on_after_a_restart),
                                       CASE(what_is_empty_and_what_is_no_head_is_said),
                                       CASE(every_prefix_verifies_to_its_last_whole_record),
                                       CASE(after_every_cut_the_trail_goes_on_and_verifies),
                                       CASE(every_flipped_bit_is_found),
                                       CASE(lines_left_out_or_swapped_are_found),
                                       CASE(a_cut_below_a_noted_head_is_found),
                                       CASE(a_full_disk_loses_the_group_and_nothing_else),
                                       CASE(a_change_that_a_full_disk_refused_leaves_the_server_ready_again),
                                       CASE(another_key_signs_nothing_here),
                                       CASE(a_private_key_is_private_and_stays)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
