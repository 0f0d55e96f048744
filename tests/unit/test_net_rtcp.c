#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mcu/net/report_clock.h"
#include "mcu/net/rtcp.h"

static const mcu_rtcp_block blocks[2] = {
    {.ssrc = 0x11111111, .fraction = 128, .lost = -5, .highest_seq = 0x10002, .jitter = 77, .lsr = 0xaabbccdd, .dlsr = 65536},
    {.ssrc = 0x22222222, .fraction = 255, .lost = 0x7fffff, .highest_seq = 9, .jitter = 1, .lsr = 0, .dlsr = 0},
};

static void check_block(const mcu_rtcp_block *a, const mcu_rtcp_block *b)
{
    assert_int_equal(a->ssrc, b->ssrc);
    assert_int_equal(a->fraction, b->fraction);
    assert_int_equal(a->lost, b->lost);
    assert_int_equal(a->highest_seq, b->highest_seq);
    assert_int_equal(a->jitter, b->jitter);
    assert_int_equal(a->lsr, b->lsr);
    assert_int_equal(a->dlsr, b->dlsr);
}

static void test_compound_round_trip(void **state)
{
    (void)state;
    uint8_t buffer[512];
    mcu_rtcp_writer w;
    const mcu_rtcp_sender_info info = {.ntp = UINT64_C(0xe1e2e3e4f1f2f3f4), .rtp_ts = 1, .packets = 2, .octets = 3};
    const uint16_t lost[] = {65530, 65534, 65535, 0, 10, 30};
    const uint32_t ssrcs[] = {5, 6};
    mcu_rtcp_writer_init(&w, buffer, sizeof buffer);
    mcu_rtcp_put_sr(&w, 0xcafe, &info, blocks, 2);
    mcu_rtcp_put_rr(&w, 0xcafe, blocks, 1);
    mcu_rtcp_put_sdes(&w, 0xcafe, "who@where");
    mcu_rtcp_put_nack(&w, 1, 2, lost, 6);
    mcu_rtcp_put_pli(&w, 1, 2);
    mcu_rtcp_put_fir(&w, 1, 2, 250);
    mcu_rtcp_put_remb(&w, 1, 1234567, ssrcs, 2);
    mcu_rtcp_put_bye(&w, ssrcs, 2);
    assert_false(w.overflow);

    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    mcu_rtcp_block b;
    char cname[32];
    uint32_t ssrc;
    uint8_t seq;
    uint16_t got[32];
    assert_int_equal(mcu_rtcp_begin(&it, buffer, w.size), MCU_OK);

    assert_true(mcu_rtcp_next(&it, &p));
    assert_int_equal(p.kind, MCU_RTCP_SR);
    assert_int_equal(p.sender_ssrc, 0xcafe);
    assert_true(p.sr.ntp == info.ntp && p.sr.rtp_ts == 1 && p.sr.packets == 2 && p.sr.octets == 3);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(mcu_rtcp_get_block(&p, i, &b));
        check_block(&b, &blocks[i]);
    }
    assert_false(mcu_rtcp_get_block(&p, 2, &b));

    assert_true(mcu_rtcp_next(&it, &p));
    assert_int_equal(p.kind, MCU_RTCP_RR);
    assert_true(mcu_rtcp_get_block(&p, 0, &b));
    check_block(&b, &blocks[0]);

    assert_true(mcu_rtcp_next(&it, &p));
    assert_int_equal(p.kind, MCU_RTCP_SDES);
    assert_true(mcu_rtcp_get_cname(&p, 0, &ssrc, cname, sizeof cname));
    assert_int_equal(ssrc, 0xcafe);
    assert_string_equal(cname, "who@where");
    assert_true(mcu_rtcp_get_cname(&p, 0, &ssrc, cname, 4));
    assert_string_equal(cname, "who");
    assert_false(mcu_rtcp_get_cname(&p, 1, &ssrc, cname, sizeof cname));

    assert_true(mcu_rtcp_next(&it, &p));
    assert_int_equal(p.kind, MCU_RTCP_NACK);
    assert_true(p.sender_ssrc == 1 && p.media_ssrc == 2);
    assert_int_equal(p.n, 2); /* 65530..10 fit one item, 30 needs its own */
    assert_int_equal(mcu_rtcp_get_nack(&p, got, 32), 6);
    assert_memory_equal(got, lost, sizeof lost);
    assert_int_equal(mcu_rtcp_get_nack(&p, got, 3), 3);

    assert_true(mcu_rtcp_next(&it, &p));
    assert_int_equal(p.kind, MCU_RTCP_PLI);
    assert_int_equal(p.media_ssrc, 2);

    assert_true(mcu_rtcp_next(&it, &p));
    assert_int_equal(p.kind, MCU_RTCP_FIR);
    assert_true(mcu_rtcp_get_fir(&p, 0, &ssrc, &seq));
    assert_true(ssrc == 2 && seq == 250);

    assert_true(mcu_rtcp_next(&it, &p));
    assert_int_equal(p.kind, MCU_RTCP_REMB);
    assert_true(p.remb_bps <= 1234567 && p.remb_bps > 1234567 - 8);
    assert_true(mcu_rtcp_get_ssrc(&p, 1, &ssrc));
    assert_int_equal(ssrc, 6);

    assert_true(mcu_rtcp_next(&it, &p));
    assert_int_equal(p.kind, MCU_RTCP_BYE);
    assert_true(mcu_rtcp_get_ssrc(&p, 0, &ssrc));
    assert_int_equal(ssrc, 5);
    assert_false(mcu_rtcp_next(&it, &p));
}

static void test_writer_never_overflows(void **state)
{
    (void)state;
    for (size_t room = 0; room < 200; room++) {
        uint8_t buffer[256];
        memset(buffer, 0x5a, sizeof buffer);
        mcu_rtcp_writer w;
        mcu_rtcp_writer_init(&w, buffer, room);
        mcu_rtcp_put_rr(&w, 1, blocks, 2);
        mcu_rtcp_put_sdes(&w, 1, "0123456789012345678901234567890123456789");
        mcu_rtcp_put_pli(&w, 1, 2);
        assert_true(w.size <= room);
        assert_true(w.size == 56 + 52 + 12 || w.overflow);
        assert_int_equal(buffer[room], 0x5a);
        mcu_rtcp_iter it;
        assert_int_equal(mcu_rtcp_begin(&it, buffer, w.size), w.size > 0 ? MCU_OK : MCU_EINVAL);
    }
}

static void test_cname_padding(void **state)
{
    (void)state;
    char name[300];
    for (size_t length = 0; length < 300; length++) {
        memset(name, 'n', sizeof name);
        name[length < 299 ? length : 299] = '\0';
        uint8_t buffer[320];
        char out[300];
        uint32_t ssrc;
        mcu_rtcp_writer w;
        mcu_rtcp_iter it;
        mcu_rtcp_packet p;
        mcu_rtcp_writer_init(&w, buffer, sizeof buffer);
        mcu_rtcp_put_sdes(&w, 3, name);
        assert_int_equal(mcu_rtcp_begin(&it, buffer, w.size), MCU_OK);
        assert_true(mcu_rtcp_next(&it, &p));
        assert_true(mcu_rtcp_get_cname(&p, 0, &ssrc, out, sizeof out));
        assert_int_equal(strlen(out), length < 255 ? length : 255);
    }
}

static void test_hostile_table(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t bytes[32];
        size_t size;
        mcu_status begin;
        mcu_rtcp_kind kind;
    } rows[] = {
        {"nothing", {0}, 0, MCU_EINVAL, 0},
        {"three bytes", {0x80, 201, 0}, 3, MCU_EINVAL, 0},
        {"version", {0x40, 201, 0, 0}, 4, MCU_EINVAL, 0},
        {"longer than the buffer", {0x80, 201, 0, 9, 0, 0, 0, 1}, 8, MCU_EINVAL, 0},
        {"crumbs behind it", {0x80, 201, 0, 1, 0, 0, 0, 1, 0x80, 201}, 10, MCU_EINVAL, 0},
        {"rr without ssrc", {0x80, 201, 0, 0}, 4, MCU_OK, MCU_RTCP_NONE},
        {"rr with a block that is not there", {0x81, 201, 0, 1, 0, 0, 0, 1}, 8, MCU_OK, MCU_RTCP_NONE},
        {"sr cut short", {0x80, 200, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0}, 12, MCU_OK, MCU_RTCP_NONE},
        {"bye with 31 ssrcs in none", {0x9f, 203, 0, 0}, 4, MCU_OK, MCU_RTCP_NONE},
        {"empty bye", {0x80, 203, 0, 0}, 4, MCU_OK, MCU_RTCP_BYE},
        {"nack without items", {0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2}, 12, MCU_OK, MCU_RTCP_NONE},
        {"feedback without ssrcs", {0x81, 206, 0, 0}, 4, MCU_OK, MCU_RTCP_NONE},
        {"fir without items", {0x84, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0}, 12, MCU_OK, MCU_RTCP_NONE},
        {"remb with ssrcs that are not there",
         {0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 200, 0, 0, 0},
         20,
         MCU_OK,
         MCU_RTCP_NONE},
        {"other application", {0x8f, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 'X', 'Y', 'Z', 'W'}, 16, MCU_OK, MCU_RTCP_OTHER},
        {"xr", {0x80, 207, 0, 1, 0, 0, 0, 1}, 8, MCU_OK, MCU_RTCP_OTHER},
        {"padding longer than the packet", {0xa0, 201, 0, 1, 0, 0, 0, 200}, 8, MCU_OK, MCU_RTCP_NONE},
        {"padding 0", {0xa0, 201, 0, 1, 0, 0, 0, 0}, 8, MCU_OK, MCU_RTCP_NONE},
        {"padding eats the ssrc", {0xa0, 201, 0, 1, 0, 0, 0, 4}, 8, MCU_OK, MCU_RTCP_NONE},
        {"padded rr", {0xa0, 201, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4}, 12, MCU_OK, MCU_RTCP_RR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mcu_rtcp_iter it;
        mcu_rtcp_packet p;
        mcu_status s = mcu_rtcp_begin(&it, rows[i].bytes, rows[i].size);
        if (s != rows[i].begin) {
            fail_msg("%s: begin %d", rows[i].name, (int)s);
        }
        if (s == MCU_OK && (!mcu_rtcp_next(&it, &p) || p.kind != rows[i].kind)) {
            fail_msg("%s: kind %s", rows[i].name, mcu_rtcp_kind_name(p.kind));
        }
    }
}

static void test_hostile_sdes(void **state)
{
    (void)state;
    /* Two chunks announced; the first item claims more bytes than are left. */
    static const uint8_t bytes[] = {0x82, 202, 0, 4, 0, 0, 0, 1, 1, 200, 'a', 'b', 0, 0, 0, 0, 0, 0, 0, 0};
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    char out[16];
    uint32_t ssrc;
    assert_int_equal(mcu_rtcp_begin(&it, bytes, sizeof bytes), MCU_OK);
    assert_true(mcu_rtcp_next(&it, &p));
    assert_int_equal(p.kind, MCU_RTCP_SDES);
    assert_false(mcu_rtcp_get_cname(&p, 0, &ssrc, out, sizeof out));
    assert_false(mcu_rtcp_get_cname(&p, 1, &ssrc, out, sizeof out));
}

static void test_remb_extremes(void **state)
{
    (void)state;
    static const uint64_t rates[] = {0, 1, 0x3ffff, 0x40000, 30000, 1200000, UINT32_MAX, UINT64_C(1) << 60};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        uint8_t buffer[32];
        mcu_rtcp_writer w;
        mcu_rtcp_iter it;
        mcu_rtcp_packet p;
        mcu_rtcp_writer_init(&w, buffer, sizeof buffer);
        mcu_rtcp_put_remb(&w, 1, rates[i], NULL, 0);
        assert_int_equal(mcu_rtcp_begin(&it, buffer, w.size), MCU_OK);
        assert_true(mcu_rtcp_next(&it, &p));
        assert_int_equal(p.kind, MCU_RTCP_REMB);
        assert_true(p.remb_bps <= rates[i] && p.remb_bps >= rates[i] - rates[i] / 0x10000);
    }
    static const uint8_t absurd[] = {0x8f, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 0, 0xff, 0xff, 0xff};
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    assert_int_equal(mcu_rtcp_begin(&it, absurd, sizeof absurd), MCU_OK);
    assert_true(mcu_rtcp_next(&it, &p));
    assert_true(p.remb_bps == UINT64_MAX >> 1); /* 2^63 and more saturate */
}

#define MS INT64_C(1000000)

/* Sender and receiver reports of 20 s, asked for every 5 ms; the moments of the first sender reports in ms. */
static void reports(unsigned path_bps, int64_t picture_ms, unsigned n[3], int64_t at_ms[4])
{
    mcu_report_clock c;
    mcu_report_clock_start(&c, 0);
    memset(n, 0, 3 * sizeof *n);
    for (int64_t now_ms = 0; now_ms <= 20000; now_ms += 5) {
        mcu_report_kind k = mcu_report_clock_due(&c, now_ms >= picture_ms ? 2 : 1, path_bps, now_ms * MS);
        if (k == MCU_REPORT_SENDER && n[k] < 4) {
            at_ms[n[k]] = now_ms;
        }
        n[k]++;
    }
}

static void test_sender_reports_every_second(void **state)
{
    (void)state;
    static const unsigned paths[] = {0, 110001, 1000000};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        unsigned n[3];
        int64_t at_ms[4] = {0};
        reports(paths[i], 0, n, at_ms);
        assert_int_equal(n[MCU_REPORT_SENDER], 20);
        assert_int_equal(n[MCU_REPORT_RECEIVER], 0);
        assert_int_equal(at_ms[0], 200);
        assert_int_equal(at_ms[1], 1200);
        reports(paths[i], 3210, n, at_ms); /* the picture begins later: a report of it soon */
        assert_int_equal(at_ms[3], 3200);
        assert_true(n[MCU_REPORT_SENDER] >= 20 && n[MCU_REPORT_SENDER] <= 21);
    }
}

static void test_sender_reports_every_5_s_on_a_thin_path(void **state)
{
    (void)state;
    unsigned n[3];
    int64_t at_ms[4] = {0};
    reports(110000, 0, n, at_ms);
    assert_int_equal(n[MCU_REPORT_SENDER], 4);
    assert_int_equal(n[MCU_REPORT_RECEIVER], 16);
    assert_int_equal(at_ms[0], 200);
    assert_int_equal(at_ms[1], 5200);
    assert_int_equal(at_ms[3], 15200);
    reports(110000, 6500, n, at_ms);
    assert_int_equal(at_ms[2], 6700); /* of the picture */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compound_round_trip),
        cmocka_unit_test(test_writer_never_overflows),
        cmocka_unit_test(test_cname_padding),
        cmocka_unit_test(test_hostile_table),
        cmocka_unit_test(test_hostile_sdes),
        cmocka_unit_test(test_remb_extremes),
        cmocka_unit_test(test_sender_reports_every_second),
        cmocka_unit_test(test_sender_reports_every_5_s_on_a_thin_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
