/* The disk fills, fails, is slow, hangs, or loses its power: what is there is readable, what is missing is said, media never
 * waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/crypto.h>

#include "mcu/base/clock.h"
#include "recorder/recorder.h"
#include "tests/unit/disk_shim.h"
#include "tests/unit/recording_kit.h"

static int reset(void **state)
{
    (void)state;
    disk_shim_reset();
    return 0;
}

/* A recording of 6 s into `a`, then on the spare disk `b`; `spoil` has been set. */
typedef struct {
    kit_keys keys;
    kit_said said;
    int a, b;
    unsigned told_ms; /* media time at which the room heard of an error */
} run;

static void record(run *r, bool with_spare)
{
    *r = (run){.b = -1};
    kit_keys_make(&r->keys);
    rec_writer *w = rec_writer_new(&r->keys.config, &kit_callbacks, &r->said);
    r->a = kit_file(w, "a", false);
    r->b = with_spare ? kit_file(w, "b", true) : -1;
    kit_item(w, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    for (unsigned ms = 0; ms < 6000; ms += 200) {
        disk_shim.mark = ms;
        kit_feed(w, ms, ms + 200);
        r->told_ms = r->told_ms == 0 && kit_last(&r->said, "error") != NULL ? ms : r->told_ms;
    }
    kit_item(w, (rec_item){.kind = REC_ITEM_END, .flag = true, .text = "stop", .fd = -1});
    rec_writer_free(w);
}

static void done(run *r)
{
    kit_said_clear(&r->said);
    close(r->a);
    if (r->b >= 0) {
        close(r->b);
    }
}

static const char *code(const run *r)
{
    return json_string_value(json_object_get(kit_last(&r->said, "error"), "code"));
}

/* At ENOSPC the segment gets its end, in space that was set aside; the next goes to the spare disk. */
static void test_full(void **state)
{
    (void)state;
    run r;
    disk_shim.full_after = 120000;
    record(&r, true);
    assert_string_equal(code(&r), "disk_full");
    assert_true(json_is_true(json_object_get(kit_last(&r.said, "error"), "next")));
    rec_reader *a = rec_reader_new(r.a, r.keys.gateway_public, NULL);
    assert_null(rec_reader_proof(a)->damage);
    assert_true(rec_reader_proof(a)->complete);
    assert_true(rec_reader_proof(a)->head.media_ns > MCU_NS_PER_SEC);
    rec_reader_free(a);
    assert_int_equal(kit_count(&r.said, "started"), 2);
    assert_true(json_is_true(json_object_get(kit_last(&r.said, "started"), "spare")));
    assert_true(r.told_ms > 0 && r.told_ms <= disk_shim.full_mark + 1000); /* within a second of media */
    assert_int_equal(r.said.keyframes_wanted, 2);
    done(&r);
}

static void test_full_without_spare(void **state)
{
    (void)state;
    run r;
    disk_shim.full_after = 120000;
    record(&r, false);
    assert_non_null(kit_last(&r.said, "stopped"));
    assert_string_equal(code(&r), "no_file");
    rec_reader *a = rec_reader_new(r.a, r.keys.gateway_public, NULL);
    assert_true(rec_reader_proof(a)->complete);
    rec_reader_free(a);
    done(&r);
}

/* A disk that fills is said early, once, and below the reserve nothing begins there. */
static void test_low(void **state)
{
    (void)state;
    run r;
    disk_shim.free_bytes = INT64_C(1500) * 1024 * 1024;
    record(&r, false);
    assert_int_equal(kit_count(&r.said, "disk_low"), 1);
    assert_int_equal(json_integer_value(json_object_get(kit_last(&r.said, "disk_low"), "free")), disk_shim.free_bytes);
    assert_null(kit_last(&r.said, "error"));
    done(&r);
    disk_shim_reset();
    record(&r, false);
    assert_int_equal(kit_count(&r.said, "disk_low"), 0);
    done(&r);
}

static void expect_failed(run *r, const char *what)
{
    assert_string_equal(code(r), what);
    rec_reader *a = rec_reader_new(r->a, r->keys.gateway_public, NULL);
    const rec_proof *p = rec_reader_proof(a);
    assert_null(p->damage);
    assert_false(p->complete);
    assert_true(p->head.media_ns > MCU_NS_PER_SEC);
    const json_t *ended = kit_last(&r->said, "ended");
    for (guint i = 0; i < r->said.messages->len; i++) { /* what was told of the failed one is in it */
        const json_t *m = r->said.messages->pdata[i];
        mcu_chain_head h;
        if (mcu_chain_head_read(&h, m) && h.segment == 0) {
            assert_true(h.record <= p->head.record);
            assert_false(json_is_true(json_object_get(m, "complete")));
        }
    }
    assert_non_null(ended);
    rec_reader_free(a);
    assert_int_equal(kit_count(&r->said, "started"), r->b >= 0 ? 2 : 1);
}

static void test_failed_sync(void **state)
{
    (void)state;
    run r;
    disk_shim.fail_sync = 9;
    record(&r, true);
    expect_failed(&r, "disk_error");
    done(&r);
}

static void test_failed_write(void **state)
{
    (void)state;
    run r;
    disk_shim.fail_write = 9;
    record(&r, true);
    expect_failed(&r, "disk_error");
    done(&r);
}

/* A file system that cannot set space aside: a torn write is the end of the file. */
static void test_full_unannounced(void **state)
{
    (void)state;
    run r;
    disk_shim.no_fallocate = true;
    disk_shim.full_after = 60000;
    record(&r, true);
    expect_failed(&r, "disk_full");
    done(&r);
}

/* ---- power cut ---- */

typedef struct {
    uint8_t *bytes;
    size_t size, room;
} image;

static void apply(image *m, const disk_op *op, bool some, uint32_t *seed)
{
    if (op->what == DISK_RESIZE) {
        m->size = (size_t)op->at;
    }
    if (op->what != DISK_WRITE) {
        return;
    }
    gsize size;
    const uint8_t *data = g_bytes_get_data(op->data, &size);
    for (size_t at = 0; at < size;) { /* 4 KiB pages reach the disk or do not */
        size_t place = (size_t)op->at + at, n = MIN(4096 - place % 4096, size - at);
        *seed = *seed * 1664525u + 1013904223u;
        if (!some || *seed >> 31) {
            memcpy(m->bytes + place, data + at, n);
            m->size = MAX(m->size, place + n);
        }
        at += n;
    }
}

/* Every prefix of the operations: what was synced is there, of what came after any pages are. */
static void test_power_cut(void **state)
{
    (void)state;
    run r;
    disk_shim.log = g_ptr_array_new();
    record(&r, false);
    GPtrArray *log = g_steal_pointer(&disk_shim.log);
    image durable = {.bytes = g_malloc0(4 * 1024 * 1024)}, now = {.bytes = g_malloc0(4 * 1024 * 1024)};
    guint synced = 0;
    unsigned states = 0, promised_ms = 0;
    uint32_t seed = 1;
    int fd = memfd_create("power-cut", MFD_CLOEXEC);
    for (guint n = 0; n <= log->len; n++) {
        for (unsigned variant = 0; variant < 12; variant++, states++) {
            memcpy(now.bytes, durable.bytes, 4 * 1024 * 1024);
            now.size = durable.size;
            for (guint i = synced; i < n; i++) {
                apply(&now, log->pdata[i], variant > 0, &seed);
            }
            assert_true(ftruncate(fd, 0) == 0 && ftruncate(fd, (off_t)now.size) == 0);
            assert_int_equal(pwrite(fd, now.bytes, now.size, 0), now.size);
            rec_reader *reader = rec_reader_new(fd, r.keys.gateway_public, NULL);
            if (promised_ms > 0) {
                const rec_proof *p = reader != NULL ? rec_reader_proof(reader) : NULL;
                unsigned fed_ms = n > 0 ? ((const disk_op *)log->pdata[n - 1])->mark + 200 : 0;
                int64_t proven_ms = p != NULL ? p->head.media_ns / MCU_NS_PER_MS : -1;
                assert_true(p != NULL && p->damage == NULL && proven_ms >= promised_ms);
                assert_true(fed_ms - MIN(fed_ms, proven_ms) <= 2000);
            }
            rec_reader_free(reader);
        }
        const disk_op *op = n < log->len ? log->pdata[n] : NULL;
        if (op != NULL && op->what == DISK_SYNC) {
            for (; synced < n; synced++) {
                apply(&durable, log->pdata[synced], false, &seed);
            }
            rec_reader *reader =
                (assert_true(ftruncate(fd, (off_t)durable.size) == 0),
                 assert_int_equal(pwrite(fd, durable.bytes, durable.size, 0), durable.size), rec_reader_new(fd, NULL, NULL));
            promised_ms = reader != NULL ? (unsigned)(rec_reader_proof(reader)->head.media_ns / MCU_NS_PER_MS) : 0;
            rec_reader_free(reader);
        }
    }
    assert_true(states > 300 && promised_ms > 5900);
    print_message("%u states\n", states);
    close(fd);
    g_free(durable.bytes);
    g_free(now.bytes);
    g_ptr_array_unref(log);
    done(&r);
}

/* ---- the thread ---- */

typedef struct {
    run r;
    rec_recorder *recorder;
    int64_t slowest_ns; /* of a call from the loop */
    unsigned refused[2];
} live;

static void on_loop(live *l)
{
    while (g_main_context_iteration(NULL, FALSE)) {
    }
    (void)l;
}

static void give(live *l, mcu_au *take, bool picture)
{
    int64_t start_ns = mcu_now_ns();
    bool taken = picture ? rec_recorder_picture(l->recorder, take) : rec_recorder_sound(l->recorder, take);
    l->slowest_ns = MAX(l->slowest_ns, mcu_now_ns() - start_ns);
    l->refused[picture] += !taken;
    mcu_au_unref(take);
}

/* Media of `ms`, as fast as it goes: the thread falls behind as if the disk were that slow. */
static void pour(live *l, unsigned from_ms, unsigned to_ms)
{
    for (unsigned ms = from_ms; ms < to_ms; ms += 20) {
        if (ms % 40 == 0) {
            give(l, kit_picture(ms / 40, ms % 4000 == 0, 6000), true);
        }
        give(l, kit_packet(ms / 20, 80), false);
        on_loop(l);
    }
}

static void begin_live(live *l)
{
    *l = (live){0};
    kit_keys_make(&l->r.keys);
    l->recorder = rec_recorder_new(NULL, &l->r.keys.config, &kit_callbacks, &l->r.said, NULL);
    l->r.a = memfd_create("live", MFD_CLOEXEC);
    l->r.b = -1;
    (void)rec_recorder_add_file(l->recorder, dup(l->r.a), "a", false);
    rec_recorder_begin(l->recorder);
    while (kit_last(&l->r.said, "started") == NULL) {
        on_loop(l);
    }
}

static void end_live(live *l)
{
    rec_recorder_end(l->recorder, "stop", true);
    while (kit_last(&l->r.said, "stopped") == NULL) {
        on_loop(l);
    }
    rec_recorder_free(l->recorder, 1000);
}

/* Half a minute of a disk that does not answer: nobody waits; memory stays bounded; pictures give way, sound stays; the gap is
 * said. */
static void test_hung(void **state)
{
    (void)state;
    live l;
    begin_live(&l);
    pour(&l, 0, 2000);
    disk_shim.hang = true;
    pour(&l, 2000, 62000);
    assert_true(l.refused[1] > 500);
    assert_int_equal(l.refused[0], 0);
    assert_in_range(l.slowest_ns, 0, 100 * MCU_NS_PER_MS); /* as long as a busy machine may take its core away */
    disk_shim.hang = false;
    while (kit_count(&l.r.said, "head") < 100) {
        on_loop(&l);
    }
    pour(&l, 64000, 70000);
    end_live(&l);
    const json_t *gap = kit_last(&l.r.said, "gap");
    assert_string_equal(json_string_value(json_object_get(gap, "media")), "video");
    rec_reader *a = rec_reader_new(l.r.a, l.r.keys.gateway_public, NULL);
    assert_true(rec_reader_proof(a)->complete);
    assert_in_range(rec_reader_proof(a)->head.media_ns / MCU_NS_PER_MS, 69900, 70100);
    rec_reader_free(a);
    done(&l.r);
}

/* 512 KiB a second are enough: nothing is left out, nobody waits. */
static void test_slow(void **state)
{
    (void)state;
    live l;
    begin_live(&l);
    disk_shim.bytes_per_s = INT64_C(512) * 1024;
    int64_t start_ns = mcu_now_ns();
    for (unsigned ms = 0; ms < 3000; ms += 20) {
        pour(&l, ms, ms + 20);
        mcu_sleep_until_ns(start_ns + (ms + 20) * MCU_NS_PER_MS);
    }
    assert_int_equal(l.refused[0] + l.refused[1], 0);
    assert_in_range(l.slowest_ns, 0, 100 * MCU_NS_PER_MS);
    end_live(&l);
    assert_null(kit_last(&l.r.said, "gap"));
    rec_reader *a = rec_reader_new(l.r.a, l.r.keys.gateway_public, NULL);
    assert_true(rec_reader_proof(a)->complete);
    assert_in_range(rec_reader_proof(a)->head.media_ns / MCU_NS_PER_MS, 2950, 3050);
    rec_reader_free(a);
    done(&l.r);
}

/* A thread that never comes back is left behind: the room can go. */
static void test_never_back(void **state)
{
    (void)state;
    live l;
    begin_live(&l);
    disk_shim.hang = true;
    pour(&l, 0, 2000);
    int64_t start_ns = mcu_now_ns();
    rec_recorder_free(l.recorder, 200);
    assert_in_range((mcu_now_ns() - start_ns) / MCU_NS_PER_MS, 190, 3000);
    kit_said_clear(&l.r.said);
    close(l.r.a);
    /* It hangs on: what it keeps goes with the process. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_full, reset),         cmocka_unit_test_setup(test_full_without_spare, reset),
        cmocka_unit_test_setup(test_low, reset),          cmocka_unit_test_setup(test_failed_sync, reset),
        cmocka_unit_test_setup(test_failed_write, reset), cmocka_unit_test_setup(test_full_unannounced, reset),
        cmocka_unit_test_setup(test_power_cut, reset),    cmocka_unit_test_setup(test_hung, reset),
        cmocka_unit_test_setup(test_slow, reset),         cmocka_unit_test_setup(test_never_back, reset),
    };
    OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL); /* as the room does: a thread is left behind that is using it */
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    disk_shim.hang = false; /* now, while the program is taken apart */
    return failed;
}
