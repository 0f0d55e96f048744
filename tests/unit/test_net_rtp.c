#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mcu/net/opus_rtp.h"
#include "mcu/net/rtp_stats.h"
#include "mcu/net/rtpext.h"

#define MS INT64_C(1000000)

/* ---- packets ---- */

static void test_parse_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t bytes[32];
        size_t size;
        mcu_status status;
        size_t payload, ext, padding;
    } rows[] = {
        {"plain", {0x80, 0xe0, 1, 2, 0, 0, 0, 5, 9, 8, 7, 6, 0xaa}, 13, MCU_OK, 1, 0, 0},
        {"empty payload", {0x80, 96}, 12, MCU_OK, 0, 0, 0},
        {"csrc", {0x82, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0xaa}, 21, MCU_OK, 1, 0, 0},
        {"extension", {0x90, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, 1, 2, 3, 4, 0xaa}, 21, MCU_OK, 1, 4, 0},
        {"empty extension", {0x90, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 0, 0xaa}, 17, MCU_OK, 1, 0, 0},
        {"padding", {0xa0, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa, 0, 0, 3}, 16, MCU_OK, 1, 0, 3},
        {"only padding", {0xa0, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4}, 16, MCU_OK, 0, 0, 4},
        {"too short", {0x80, 96}, 11, MCU_EINVAL, 0, 0, 0},
        {"nothing", {0}, 0, MCU_EINVAL, 0, 0, 0},
        {"version 1", {0x40, 96}, 12, MCU_EINVAL, 0, 0, 0},
        {"csrc past the end", {0x8f, 96}, 20, MCU_EINVAL, 0, 0, 0},
        {"extension header past the end", {0x90, 96}, 14, MCU_EINVAL, 0, 0, 0},
        {"extension past the end",
         {0x90, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 2, 1, 2, 3, 4},
         20,
         MCU_EINVAL,
         0,
         0,
         0},
        {"padding 0", {0xa0, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa, 0}, 14, MCU_EINVAL, 0, 0, 0},
        {"padding longer than payload", {0xa0, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaa, 3}, 14, MCU_EINVAL, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcu_rtp r;
        mcu_status s = mcu_rtp_parse(rows[i].bytes, rows[i].size, &r);
        if (s != rows[i].status) {
            fail_msg("%s: status %d", rows[i].name, (int)s);
        }
        if (s == MCU_OK) {
            assert_int_equal(r.payload_size, rows[i].payload);
            assert_int_equal(r.ext_size, rows[i].ext);
            assert_int_equal(r.padding, rows[i].padding);
            assert_true(r.payload_size == 0 || r.payload[0] == 0xaa);
        }
    }
}

static void test_write_then_parse(void **state)
{
    (void)state;
    static const uint8_t ext[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t packet[64];
    mcu_rtp in = {.marker = true,
                  .pt = 111,
                  .seq = 0xfffe,
                  .ts = 0x80000001,
                  .ssrc = 0xdeadbeef,
                  .ext_profile = 0xbede,
                  .ext = ext,
                  .ext_size = sizeof ext,
                  .payload = (const uint8_t *)"hello",
                  .payload_size = 5};
    mcu_rtp out;
    assert_int_equal(mcu_rtp_write(packet, 12 + 4 + 8 + 4, &in), 0); /* one byte short */
    size_t n = mcu_rtp_write(packet, sizeof packet, &in);
    assert_int_equal(n, 12 + 4 + 8 + 5);
    assert_int_equal(mcu_rtp_parse(packet, n, &out), MCU_OK);
    assert_true(out.marker);
    assert_int_equal(out.pt, 111);
    assert_int_equal(out.seq, 0xfffe);
    assert_int_equal(out.ts, 0x80000001);
    assert_int_equal(out.ssrc, 0xdeadbeef);
    assert_memory_equal(out.ext, ext, 8);
    assert_memory_equal(out.payload, "hello", 5);
    mcu_rtp_set_seq(packet, 7);
    assert_int_equal(mcu_rtp_get_seq(packet), 7);
    in.ext_size = 7;
    assert_int_equal(mcu_rtp_write(packet, sizeof packet, &in), 0);
}

static void test_sequence_arithmetic(void **state)
{
    (void)state;
    assert_int_equal(mcu_seq_diff(1, 0xffff), 2);
    assert_int_equal(mcu_seq_diff(0xffff, 1), -2);
    assert_int_equal(mcu_seq_diff(0x8000, 0), -0x8000);
    assert_int_equal(mcu_ts_diff(5, 0xfffffffb), 10);

    mcu_unwrap u = {0};
    assert_int_equal(mcu_unwrap16(&u, 2), 0x10002);
    assert_int_equal(mcu_unwrap16(&u, 0xffff), 0xffff); /* reordered across the wrap: before the first, not 65533 after */
    assert_int_equal(mcu_unwrap16(&u, 3), 0x10003);
    int64_t expect = 0x10003;
    for (uint16_t seq = 4; expect < 5 * 0x10000; seq += 999) { /* four turns */
        int64_t got = mcu_unwrap16(&u, seq);
        assert_true(got > expect && got - expect <= 999);
        assert_int_equal(got & 0xffff, seq);
        expect = got;
    }
    mcu_unwrap t = {0};
    mcu_unwrap32(&t, 0xfffffff0);
    assert_int_equal(mcu_unwrap32(&t, 0x10) - mcu_unwrap32(&t, 0xfffffff0), 0x20);
}

/* ---- header extensions ---- */

static const mcu_rtpext_map map = {.id = {[MCU_RTPEXT_MID] = 1,
                                          [MCU_RTPEXT_RID] = 2,
                                          [MCU_RTPEXT_AUDIO_LEVEL] = 3,
                                          [MCU_RTPEXT_ABS_SEND_TIME] = 4,
                                          [MCU_RTPEXT_TWCC] = 5,
                                          [MCU_RTPEXT_PLAYOUT_DELAY] = 14}};

static mcu_rtpext_values all_values(void)
{
    mcu_rtpext_values v = {.voice = true,
                           .level_dbov = 42,
                           .abs_send_time = 0xabcdef,
                           .twcc = 0x1234,
                           .playout_min_ms = 100,
                           .playout_max_ms = 40950};
    memset(v.has + 1, true, MCU_RTPEXT_COUNT - 1);
    strcpy(v.mid, "0123456789abcdef");
    strcpy(v.rid, "h");
    return v;
}

static void check_values(const mcu_rtpext_values *v)
{
    for (int e = 1; e < MCU_RTPEXT_COUNT; e++) {
        assert_true(v->has[e]);
    }
    assert_string_equal(v->mid, "0123456789abcdef");
    assert_string_equal(v->rid, "h");
    assert_true(v->voice);
    assert_int_equal(v->level_dbov, 42);
    assert_int_equal(v->abs_send_time, 0xabcdef);
    assert_int_equal(v->twcc, 0x1234);
    assert_int_equal(v->playout_min_ms, 100);
    assert_int_equal(v->playout_max_ms, 40950);
}

static void test_extension_block(void **state)
{
    (void)state;
    mcu_rtpext_values in = all_values();
    for (int two = 0; two <= 1; two++) {
        mcu_rtpext_map m = map;
        m.id[MCU_RTPEXT_TWCC] = two ? 200 : 5;
        mcu_rtpext_block b;
        uint8_t packet[200];
        mcu_rtp r = {.pt = 96, .payload = (const uint8_t *)"x", .payload_size = 1};
        mcu_rtpext_values out;
        mcu_rtpext_block_init(&b, &m, &in);
        assert_int_equal(b.profile, two ? 0x1000 : 0xbede);
        mcu_rtpext_block_apply(&b, &r);
        size_t n = mcu_rtp_write(packet, sizeof packet, &r);
        assert_int_equal(mcu_rtp_parse(packet, n, &r), MCU_OK);
        mcu_rtpext_read(&r, &m, &out);
        check_values(&out);

        assert_true(mcu_rtpext_patch_twcc(&b, packet, 0xfedc));
        assert_true(mcu_rtpext_patch_audio_level(&b, packet, false, 127));
        assert_true(mcu_rtpext_patch_abs_send_time(&b, packet, 65 * INT64_C(1000000000)));
        mcu_rtpext_read(&r, &m, &out);
        assert_int_equal(out.twcc, 0xfedc);
        assert_int_equal(out.level_dbov, 127);
        assert_false(out.voice);
        assert_int_equal(out.abs_send_time, 1 << 18); /* 65 s is 1 s on the 64 s circle */
        assert_string_equal(out.mid, "0123456789abcdef");
        assert_int_equal(packet[n - 1], 'x');
    }
}

static void test_extension_block_leaves_out(void **state)
{
    (void)state;
    mcu_rtpext_values v = all_values();
    mcu_rtpext_map none = {0}, reserved = {.id = {[MCU_RTPEXT_TWCC] = 15}};
    mcu_rtpext_block b;
    mcu_rtp r = {0};
    uint8_t packet[32] = {0};
    mcu_rtpext_block_init(&b, &none, &v);
    mcu_rtpext_block_apply(&b, &r);
    assert_null(r.ext);
    assert_false(mcu_rtpext_patch_twcc(&b, packet, 1));
    mcu_rtpext_block_init(&b, &reserved, &v);
    assert_int_equal(b.size, 0);
    v.has[MCU_RTPEXT_TWCC] = false;
    mcu_rtpext_block_init(&b, &map, &v);
    assert_false(mcu_rtpext_patch_twcc(&b, packet, 1));
    for (int e = 1; e < MCU_RTPEXT_COUNT; e++) {
        assert_int_equal(mcu_rtpext_from_uri(mcu_rtpext_uri((mcu_rtpext)e)), e);
    }
    assert_int_equal(mcu_rtpext_from_uri("urn:x"), MCU_RTPEXT_NONE);
}

static void test_hostile_extensions(void **state)
{
    (void)state;
    static const struct {
        uint16_t profile;
        uint8_t bytes[8];
        bool found;
    } rows[] = {
        {0xbede, {0x51, 0xab, 0xcd, 0}, true},
        {0xbede, {0, 0, 0, 0, 0x51, 0xab, 0xcd, 0}, true}, /* padding in front */
        {0xbede, {0x5f, 1, 2, 3}, false},                  /* longer than the block */
        {0xbede, {0xf0, 0, 0x51, 0xab, 0xcd}, false},      /* id 15 ends it */
        {0xbede, {0, 0, 0, 0, 0, 0, 0, 0x51}, false},
        {0x1003, {5, 2, 0xab, 0xcd}, true},
        {0x1003, {9, 0, 5, 2, 0xab, 0xcd}, true}, /* an empty element is legal here */
        {0x1000, {0, 0, 0, 0, 0, 0, 0, 5}, false},
        {0x1000, {5, 255, 0, 0}, false},
        {0x1234, {0x51, 0xab, 0xcd, 0}, false}, /* foreign profile */
        {0xbede, {0x50, 0xab, 0, 0}, false},    /* wrong length: treated as missing */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcu_rtp r = {.ext_profile = rows[i].profile, .ext = rows[i].bytes, .ext_size = sizeof rows[i].bytes};
        mcu_rtpext_values v;
        mcu_rtpext_read(&r, &map, &v);
        if (v.has[MCU_RTPEXT_TWCC] != rows[i].found || (rows[i].found && v.twcc != 0xabcd)) {
            fail_msg("row %zu", i);
        }
    }
}

/* ---- receiver statistics ---- */

static void test_stats_loss(void **state)
{
    (void)state;
    mcu_rtp_stats s;
    mcu_rtcp_block b;
    mcu_rtp_stats_init(&s, 90000);
    assert_false(mcu_rtp_stats_report(&s, 1, 0, &b));
    unsigned sent = 0;
    for (uint16_t seq = 65000; sent < 1000; seq++, sent++) { /* over the wrap, every tenth lost */
        if (sent % 10 != 5) {
            assert_int_equal(mcu_rtp_stats_push(&s, seq, sent * 3000, 100, sent * 33 * MS), MCU_OK);
        }
    }
    assert_true(mcu_rtp_stats_report(&s, 77, 0, &b));
    assert_int_equal(b.ssrc, 77);
    assert_int_equal(b.lost, 100);
    assert_int_equal(b.fraction, 25);
    assert_int_equal(b.highest_seq, 65000 + 999);
    assert_true(s.loss > 0.099 && s.loss < 0.101);
    assert_true(mcu_rtp_stats_report(&s, 77, 0, &b)); /* a silent interval */
    assert_int_equal(b.fraction, 0);
    assert_int_equal(b.lost, 100);
    assert_int_equal(mcu_rtp_stats_push(&s, (uint16_t)(65000 + 995), 0, 100, 0), MCU_OK); /* a late one mends the count */
    assert_int_equal(mcu_rtp_stats_lost(&s), 99);
}

static void test_stats_restart(void **state)
{
    (void)state;
    mcu_rtp_stats s;
    mcu_rtp_stats_init(&s, 48000);
    assert_int_equal(mcu_rtp_stats_push(&s, 10, 0, 1, 0), MCU_OK);
    assert_int_equal(mcu_rtp_stats_push(&s, 12, 0, 1, 0), MCU_OK);
    assert_int_equal(mcu_rtp_stats_push(&s, 30000, 0, 1, 0), MCU_ELATE); /* one alone is not believed */
    assert_int_equal(mcu_rtp_stats_push(&s, 13, 0, 1, 0), MCU_OK);
    assert_int_equal(mcu_rtp_stats_push(&s, 40000, 0, 1, 0), MCU_ELATE);
    assert_int_equal(mcu_rtp_stats_push(&s, 40001, 0, 1, 0), MCU_OK);
    assert_int_equal(mcu_rtp_stats_lost(&s), 1); /* number 11 of the first run is kept, nothing between the runs is counted */
}

static void test_stats_jitter(void **state)
{
    (void)state;
    mcu_rtp_stats s;
    mcu_rtp_stats_init(&s, 48000);
    for (unsigned i = 0; i < 500; i++) {
        mcu_rtp_stats_push(&s, (uint16_t)i, i * 960, 50, i * 20 * MS);
    }
    assert_true(mcu_rtp_stats_jitter_ms(&s) < 0.1);
    for (unsigned i = 500; i < 1000; i++) { /* alternately 0 and 10 ms late */
        mcu_rtp_stats_push(&s, (uint16_t)i, i * 960, 50, i * 20 * MS + (i % 2) * 10 * MS);
    }
    assert_true(mcu_rtp_stats_jitter_ms(&s) > 9.5 && mcu_rtp_stats_jitter_ms(&s) < 10.5);
}

static void test_stats_rtt(void **state)
{
    (void)state;
    /* They get our SR 30 ms after it left and report 500 ms later; the report takes 50 ms. */
    int64_t wall = INT64_C(1700000000) * 1000000000;
    uint64_t ntp = mcu_ntp_from_wall_ns(wall);
    mcu_rtp_stats s;
    mcu_rtcp_block b;
    mcu_rtp_stats_init(&s, 90000);
    mcu_rtp_stats_push(&s, 1, 0, 0, 0);
    mcu_rtp_stats_report(&s, 1, 9 * MS, &b);
    assert_int_equal(mcu_rtcp_rtt_ns(&b, 1), -1);
    mcu_rtp_stats_on_sr(&s, ntp, 1000 * MS);
    mcu_rtp_stats_report(&s, 1, 1500 * MS, &b);
    int64_t rtt = mcu_rtcp_rtt_ns(&b, mcu_ntp_mid32(mcu_ntp_from_wall_ns(wall + 580 * MS)));
    assert_true(rtt > 79 * MS && rtt < 81 * MS);
    b.dlsr = 0x7fffffff;
    assert_int_equal(mcu_rtcp_rtt_ns(&b, mcu_ntp_mid32(ntp)), -1);
}

/* ---- Opus ---- */

static void test_opus_table(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[8];
        size_t size;
        mcu_status status;
        unsigned samples, frames;
        bool dtx;
    } rows[] = {
        {{0}, 0, MCU_EINVAL, 0, 0, false},
        {{0xfc, 1, 2, 3}, 4, MCU_OK, 960, 1, false},               /* CELT fullband 20 ms stereo */
        {{0x78}, 1, MCU_OK, 960, 1, true},                         /* hybrid 20 ms, DTX */
        {{0x19, 1, 2}, 3, MCU_OK, 5760, 2, false},                 /* two SILK 60 ms */
        {{0x19, 1, 2, 3}, 4, MCU_EINVAL, 0, 0, false},             /* code 1 must split evenly */
        {{0x0a, 2, 1, 2, 3}, 5, MCU_OK, 1920, 2, false},           /* code 2 */
        {{0x0a, 9, 1, 2, 3}, 5, MCU_EINVAL, 0, 0, false},          /* its length passes the end */
        {{0x0a, 252}, 2, MCU_EINVAL, 0, 0, false},                 /* second length byte missing */
        {{0x0b}, 1, MCU_EINVAL, 0, 0, false},                      /* code 3 without count */
        {{0x0b, 0}, 2, MCU_EINVAL, 0, 0, false},                   /* no frames */
        {{0xfb, 0x03, 1, 2, 3}, 5, MCU_OK, 2880, 3, false},        /* CBR */
        {{0xfb, 0x03, 1, 2, 3, 4}, 6, MCU_EINVAL, 0, 0, false},    /* CBR, uneven */
        {{0xfb, 0x82, 1, 7, 8, 9}, 6, MCU_OK, 1920, 2, false},     /* VBR */
        {{0xfb, 0x82, 4, 7, 8, 9}, 6, MCU_EINVAL, 0, 0, false},    /* VBR past the end */
        {{0xfb, 0x41, 2, 7, 0, 0}, 6, MCU_OK, 960, 1, false},      /* padding 2 */
        {{0xfb, 0x41, 9, 7, 0, 0}, 6, MCU_EINVAL, 0, 0, false},    /* padding past the end */
        {{0xfb, 0x41, 255, 255, 255}, 5, MCU_EINVAL, 0, 0, false}, /* padding that never ends */
        {{0x1b, 0x03, 1, 2, 3}, 5, MCU_EINVAL, 0, 0, false},       /* 180 ms */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcu_opus_packet p;
        mcu_status s = mcu_opus_parse(rows[i].bytes, rows[i].size, &p);
        if (s != rows[i].status ||
            (s == MCU_OK && (p.samples != rows[i].samples || p.frames != rows[i].frames || p.dtx != rows[i].dtx))) {
            fail_msg("row %zu: status %d samples %u frames %u", i, (int)s, p.samples, p.frames);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_table),
        cmocka_unit_test(test_write_then_parse),
        cmocka_unit_test(test_sequence_arithmetic),
        cmocka_unit_test(test_extension_block),
        cmocka_unit_test(test_extension_block_leaves_out),
        cmocka_unit_test(test_hostile_extensions),
        cmocka_unit_test(test_stats_loss),
        cmocka_unit_test(test_stats_restart),
        cmocka_unit_test(test_stats_jitter),
        cmocka_unit_test(test_stats_rtt),
        cmocka_unit_test(test_opus_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
