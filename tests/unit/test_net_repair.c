#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/nack.h"
#include "mcu/net/pacer.h"
#include "mcu/net/repair.h"
#include "mcu/net/rtpext.h"
#include "mcu/net/rtx.h"
#include "mcu/net/window.h"

#define MS INT64_C(1000000)

/* ---- nack ---- */

static void test_nack_asks_at_rtt_spacing(void **state)
{
    (void)state;
    mcu_nack *n = mcu_nack_new(MCU_NACK_PICTURE_NS, INT64_MAX);
    uint16_t due[8];
    mcu_nack_push(n, 65534, false, 0);
    mcu_nack_push(n, 2, false, 10 * MS); /* 65535, 0, 1 are missing */
    assert_int_equal(mcu_nack_outstanding(n), 3);
    assert_int_equal(mcu_nack_due(n, 60 * MS, 10 * MS, due, 8), 3);
    assert_true(due[0] == 65535 && due[1] == 0 && due[2] == 1);
    assert_int_equal(mcu_nack_due(n, 60 * MS, 20 * MS, due, 8), 0); /* within the tick */
    assert_int_equal(mcu_nack_due(n, 60 * MS, 69 * MS, due, 8), 0); /* within the RTT */
    mcu_nack_push(n, 0, true, 69 * MS);
    mcu_nack_push(n, 0, true, 69 * MS);
    assert_int_equal(mcu_nack_due(n, 60 * MS, 90 * MS, due, 8), 2);
    mcu_nack_push(n, 65535, false, 91 * MS); /* plain reordering fills a hole too */
    mcu_nack_push(n, 1, true, 91 * MS);
    assert_int_equal(mcu_nack_outstanding(n), 0);
    assert_false(mcu_nack_take_gave_up(n));
    mcu_nack_push(n, 5, true, 92 * MS); /* a restored packet opens no holes */
    assert_int_equal(mcu_nack_outstanding(n), 0);
    mcu_nack_free(n);
}

static unsigned count_asks(int64_t give_up_ns, int64_t vain_ns, int64_t rtt_ns, int64_t *last_ns)
{
    mcu_nack *n = mcu_nack_new(give_up_ns, vain_ns);
    uint16_t due[8];
    unsigned asks = 0;
    mcu_nack_push(n, 1, false, 0);
    mcu_nack_push(n, 3, false, 0);
    for (int64_t now = 0; mcu_nack_outstanding(n) > 0; now += MCU_NACK_TICK_NS) {
        unsigned k = mcu_nack_due(n, rtt_ns, now, due, 8);
        asks += k;
        *last_ns = k ? now : *last_ns;
        assert_true(now <= give_up_ns);
    }
    assert_true(mcu_nack_take_gave_up(n));
    assert_false(mcu_nack_take_gave_up(n));
    mcu_nack_free(n);
    return asks;
}

static void test_nack_gives_up(void **state)
{
    (void)state;
    int64_t last;
    assert_int_equal(count_asks(MCU_NACK_PICTURE_NS, INT64_MAX, 20 * MS, &last), MCU_NACK_TRIES);
    assert_true(last <= 200 * MS);
    assert_int_equal(count_asks(MCU_NACK_PICTURE_NS, INT64_MAX, 300 * MS, &last), 7);        /* over at 2000 */
    assert_int_equal(count_asks(MCU_NACK_PICTURE_NS, INT64_MAX, -1, &last), MCU_NACK_TRIES); /* unknown: 100 ms */
    assert_int_equal(count_asks(400 * MS, 400 * MS, 100 * MS, &last), 3);
    assert_int_equal(count_asks(400 * MS, 400 * MS, 600 * MS, &last), 0);
}

static void test_nack_tells_answers_from_late_packets(void **state)
{
    (void)state;
    mcu_nack *n = mcu_nack_new(400 * MS, 340 * MS);
    uint16_t due[8];
    mcu_nack_push(n, 65535, false, 0);
    mcu_nack_push(n, 1, false, 0);
    assert_false(mcu_nack_is_answer(n, 0, 0)); /* nobody asked yet */
    assert_int_equal(mcu_nack_due(n, 100 * MS, 0, due, 8), 1);
    assert_false(mcu_nack_is_answer(n, 0, 49 * MS)); /* no answer is so fast */
    assert_true(mcu_nack_is_answer(n, 0, 50 * MS));
    assert_false(mcu_nack_is_answer(n, 1, 50 * MS));
    mcu_nack_push(n, 0, true, 50 * MS);
    assert_false(mcu_nack_is_answer(n, 0, 60 * MS));
    mcu_nack_free(n);
}

/* How often one hole is asked for within 400 ms, of a line that lost each `nth` packet before; 0 = none. */
static unsigned asks_after_losses(uint16_t nth)
{
    mcu_nack *n = mcu_nack_new(MCU_NACK_PICTURE_NS, INT64_MAX);
    uint16_t due[8], seq = 1;
    for (; seq < 402; seq++) {
        if (nth == 0 || seq % nth != 0) {
            mcu_nack_push(n, seq, false, 0);
        }
    }
    mcu_nack_forget_before(n, 401);
    mcu_nack_push(n, 403, false, MS);
    unsigned asks = 0;
    for (int64_t now_ms = 1; now_ms <= 401; now_ms += 20) {
        asks += mcu_nack_due(n, 100 * MS, now_ms * MS, due, 8);
    }
    mcu_nack_free(n);
    return asks;
}

static void test_nack_asks_more_often_where_much_is_lost(void **state)
{
    (void)state;
    assert_int_equal(asks_after_losses(0), 5);  /* once in a round trip */
    assert_int_equal(asks_after_losses(50), 5); /* 2 %: the same */
    assert_in_range(asks_after_losses(3), 7, 9);
}

static void test_nack_storm(void **state)
{
    (void)state;
    mcu_nack *n = mcu_nack_new(MCU_NACK_PICTURE_NS, INT64_MAX);
    uint16_t due[MCU_NACK_MAX + 10];
    mcu_nack_push(n, 0, false, 0);
    mcu_nack_push(n, 257, false, 0); /* exactly the bound */
    assert_int_equal(mcu_nack_outstanding(n), 256);
    assert_int_equal(mcu_nack_due(n, 50 * MS, 0, due, 64), 64);
    assert_int_equal(mcu_nack_due(n, 50 * MS, 0, due, 300), 192); /* the rest of the same tick */
    assert_int_equal(mcu_nack_due(n, 50 * MS, 0, due, 300), 0);
    assert_false(mcu_nack_take_gave_up(n));
    mcu_nack_push(n, 259, false, 0);
    assert_int_equal(mcu_nack_outstanding(n), 0);
    assert_true(mcu_nack_take_gave_up(n));
    mcu_nack_push(n, 270, false, 0);
    mcu_nack_forget_before(n, 265);
    assert_int_equal(mcu_nack_outstanding(n), 5);
    mcu_nack_push(n, 20000, false, 0);
    assert_int_equal(mcu_nack_outstanding(n), 0);
    mcu_nack_reset(n);
    assert_false(mcu_nack_take_gave_up(n));
    mcu_nack_free(n);
}

/* ---- RTX ---- */

static const mcu_rtpext_map map = {.id = {[MCU_RTPEXT_MID] = 1, [MCU_RTPEXT_TWCC] = 3}};

static mcu_pkt *make(uint16_t seq, size_t payload, bool first, bool key, bool marker, uint32_t picture)
{
    static uint8_t bytes[MCU_RTP_MAX];
    static mcu_rtpext_block b;
    mcu_rtpext_values v = {.has = {[MCU_RTPEXT_MID] = true, [MCU_RTPEXT_TWCC] = true}, .mid = "v"};
    memset(bytes, seq & 0xff, sizeof bytes);
    mcu_rtpext_block_init(&b, &map, &v);
    mcu_rtp r = {
        .pt = 96, .seq = seq, .ts = 1000u + picture, .ssrc = 1, .marker = marker, .payload = bytes, .payload_size = payload};
    mcu_rtpext_block_apply(&b, &r);
    mcu_pkt *p = mcu_pkt_new(MCU_PKT_VIDEO, &r);
    p->first = first;
    p->keyframe = key;
    p->picture = picture;
    return p;
}

static void test_rtx_format(void **state)
{
    (void)state;
    mcu_pkt *media = make(65535, 500, true, true, true, 9);
    mcu_pkt *repair = mcu_rtx_pack(media, 2, 97);
    mcu_rtp r, inner, want;
    assert_non_null(repair);
    assert_int_equal(repair->kind, MCU_PKT_RTX);
    assert_int_equal(repair->size, media->size + 2);
    mcu_rtp_set_seq(repair->data, 77);
    assert_int_equal(mcu_rtp_parse(repair->data, repair->size, &r), MCU_OK);
    assert_true(r.ssrc == 2 && r.pt == 97 && r.seq == 77 && r.marker && r.ts == 1009);
    assert_int_equal(mcu_rtp_parse(media->data, media->size, &want), MCU_OK);
    assert_int_equal(r.ext_size, want.ext_size);
    assert_int_equal(mcu_rtx_unpack(&r, 1, 96, &inner), MCU_OK);
    assert_true(inner.ssrc == 1 && inner.pt == 96 && inner.seq == 65535 && inner.marker && inner.ts == 1009);
    assert_int_equal(inner.payload_size, 500);
    assert_memory_equal(inner.payload, want.payload, 500);
    r.payload_size = 0;
    assert_int_equal(mcu_rtx_unpack(&r, 1, 96, &inner), MCU_EAGAIN);
    r.payload_size = 1;
    assert_int_equal(mcu_rtx_unpack(&r, 1, 96, &inner), MCU_EINVAL);
    r.payload_size = 2; /* a place holder without content */
    assert_int_equal(mcu_rtx_unpack(&r, 1, 96, &inner), MCU_OK);
    assert_int_equal(inner.payload_size, 0);
    mcu_pkt_free(media);
    media = make(1, MCU_RTP_MAX - 12 - 4 - 8 - 1, true, true, true, 1); /* no room for the OSN */
    assert_int_equal(media->size, MCU_RTP_MAX - 1);
    assert_null(mcu_rtx_pack(media, 2, 97));
    mcu_pkt_free(media);
    mcu_pkt_free(repair);
}

static void test_history_answers_once_per_rtt(void **state)
{
    (void)state;
    mcu_rtx_history *h = mcu_rtx_history_new();
    const mcu_pkt *p;
    for (unsigned i = 0; i < 100; i++) {
        mcu_rtx_history_put(h, make((uint16_t)(65500 + i), 200, i == 0, i == 0, true, i), 1000 * MS);
    }
    assert_int_equal(mcu_rtx_history_answer(h, 10, 50 * MS, 1001 * MS, &p), MCU_OK);
    assert_int_equal(mcu_rtp_get_seq(p->data), 10);
    assert_int_equal(mcu_rtx_history_answer(h, 10, 50 * MS, 1050 * MS, &p), MCU_EAGAIN);
    assert_int_equal(mcu_rtx_history_answer(h, 10, 50 * MS, 1051 * MS, &p), MCU_OK);
    assert_int_equal(mcu_rtx_history_answer(h, 64, 50 * MS, 1051 * MS, &p), MCU_ELATE); /* not sent yet */
    assert_int_equal(mcu_rtx_history_answer(h, 65499, 50 * MS, 1051 * MS, &p), MCU_ELATE);
    assert_int_equal(mcu_rtx_history_answer(h, 11, 50 * MS, 3001 * MS, &p), MCU_ELATE); /* older than 2 s */
    mcu_rtx_history_free(h);
}

static void test_history_forgets_before_keyframe(void **state)
{
    (void)state;
    mcu_rtx_history *h = mcu_rtx_history_new();
    const mcu_pkt *p;
    unsigned seq = 65530;
    mcu_rtx_history_put(h, make((uint16_t)seq, 100, true, false, true, 1), MS);
    mcu_rtx_history_put(h, make((uint16_t)(seq + 1), 100, true, true, false, 2), MS);
    assert_int_equal(mcu_rtx_history_answer(h, (uint16_t)seq, 0, 2 * MS, &p), MCU_OK); /* the keyframe is not out yet */
    mcu_rtx_history_put(h, make((uint16_t)(seq + 2), 100, false, true, true, 2), MS);
    assert_int_equal(mcu_rtx_history_answer(h, (uint16_t)seq, 0, 100 * MS, &p), MCU_ELATE);
    assert_int_equal(mcu_rtx_history_answer(h, (uint16_t)(seq + 1), 0, 100 * MS, &p), MCU_OK);
    for (unsigned i = 3; i < 100000; i++) { /* a long time without a keyframe: over a turn and a half */
        mcu_rtx_history_put(h, make((uint16_t)(seq + i), 10, true, false, true, i), MS);
        if (i % 997 == 0) {
            assert_int_equal(mcu_rtx_history_answer(h, (uint16_t)(seq + i - 1), 0, MS, &p), MCU_OK);
            assert_int_equal(mcu_rtx_history_answer(h, (uint16_t)(seq + i - 1024), 0, MS, &p), MCU_ELATE);
        }
    }
    mcu_rtx_history_free(h);
}

/* What a keyframe spares is what came after the one before it. */
static void test_history_spares_for_one_keyframe_only(void **state)
{
    (void)state;
    mcu_rtx_history *h = mcu_rtx_history_new();
    const mcu_pkt *p;
    mcu_rtx_history_put(h, make(10, 100, true, false, true, 1), MS);
    mcu_rtx_history_put(h, make(11, 100, true, true, true, 2), 2 * MS);
    mcu_rtx_history_put(h, make(12, 100, true, false, true, 3), 3 * MS);
    mcu_rtx_history_spare(h, 300 * MS);
    mcu_rtx_history_put(h, make(13, 100, true, true, true, 4), 4 * MS);
    assert_int_equal(mcu_rtx_history_answer(h, 10, 0, 100 * MS, &p), MCU_ELATE);
    assert_int_equal(mcu_rtx_history_answer(h, 12, 0, 100 * MS, &p), MCU_OK);
    assert_int_equal(mcu_rtx_history_answer(h, 12, 0, 304 * MS, &p), MCU_ELATE);
    assert_int_equal(mcu_rtx_history_answer(h, 13, 0, 304 * MS, &p), MCU_OK);
    mcu_rtx_history_free(h);
}

static void test_history_share(void **state)
{
    (void)state;
    mcu_rtx_history *h = mcu_rtx_history_new();
    const mcu_pkt *p;
    for (unsigned i = 0; i < 500; i++) { /* 500 packets of 1000 bytes in a second */
        mcu_rtx_history_put(h, make((uint16_t)i, 1000 - 24, false, false, true, i), i * 2 * MS);
    }
    unsigned answered = 0, refused = 0;
    for (unsigned i = 0; i < 500; i++) {
        mcu_status s = mcu_rtx_history_answer(h, (uint16_t)i, 0, 999 * MS, &p);
        answered += s == MCU_OK;
        refused += s == MCU_EFULL;
    }
    assert_int_equal(answered + refused, 500);
    assert_int_equal(answered, 150);
    mcu_rtx_history_allow(h, 0.6); /* nine tenths in all: as much again as two fifths */
    for (unsigned i = 0; i < 500; i++) {
        answered += mcu_rtx_history_answer(h, (uint16_t)i, 0, 999 * MS, &p) == MCU_OK;
    }
    assert_int_equal(answered, 450);
    assert_int_equal(mcu_rtx_history_answer(h, 499, 0, 2100 * MS, &p), MCU_OK); /* quiet for a second: the floor */
    mcu_rtx_history_free(h);
}

/* ---- copies that nobody asks for ---- */

/* What `has_bps` carries of pictures of 100 kbit/s. */
static unsigned copies_at(unsigned now, unsigned more, double loss, int64_t rtt_ms, double has_bps)
{
    unsigned copies = mcu_repair_copies(now, loss, rtt_ms * MS);
    return copies + mcu_repair_one_more(more, copies, rtt_ms * MS, 1e5 * (1 + mcu_repair_share(copies + 1, loss)), has_bps);
}

static void test_copies_where_asking_takes_too_long(void **state)
{
    (void)state;
    static const struct {
        unsigned now, more;
        double loss;
        int64_t rtt_ms;
        double has_bps;
        unsigned copies;
    } rows[] = {
        {0, 0, 0.05, 100, 1e6, 0},    {0, 0, 0.10, 100, 1e6, 1},    {0, 0, 0.20, 100, 1e6, 2},
        {0, 0, 0.005, 300, 1e6, 0},   {0, 0, 0.02, 300, 1e6, 1},    {0, 0, 0.005, 600, 1e6, 0}, /* nothing to add to */
        {0, 0, 0.02, 600, 1e6, 2},    {0, 0, 0.20, 600, 1e6, 3},    {0, 0, 0.10, 600, 2e5, 2},
        {0, 0, 0.02, 600, 310000, 1}, /* no room */
        {1, 1, 0.02, 600, 310000, 2}, {1, 1, 0.02, 600, 300000, 1}, {1, 1, 0.02, 380, 1e6, 2},
        {1, 0, 0.02, 380, 1e6, 1},    {1, 1, 0.02, 340, 1e6, 1},    {1, 1, 0.002, 600, 1e6, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(copies_at(rows[i].now, rows[i].more, rows[i].loss, rows[i].rtt_ms, rows[i].has_bps), rows[i].copies);
    }
}

/* Long round trips and slow tiers alone are no reason to wait: what is not lost needs no time to come again. */
static void test_how_long_pictures_are_kept_back(void **state)
{
    (void)state;
    static const struct {
        unsigned copies;
        double loss;
        int64_t rtt_ms, spacing_ms;
        unsigned playout_ms;
    } rows[] = {
        {0, 0, 50, 100, 0},       {0, 0, 600, 100, 0},      {0, 0.009, 600, 250, 0},  /* nothing to repair */
        {0, 0.01, 50, 100, 110},  {0, 0.05, 100, 100, 170}, {0, 0.05, 100, 250, 245}, /* asked for once */
        {0, 0.05, 300, 100, 400},                                                     /* the most */
        {1, 0.10, 100, 100, 340}, {2, 0.20, 100, 100, 340}, {2, 0.20, 200, 100, 400}, /* twice */
        {1, 0.02, 401, 100, 150}, {2, 0.20, 600, 100, 150}, {1, 0, 600, 250, 400},    {1, 0, 800, 250, 150}, /* copies alone */
        {0, 0.05, 0, 100, 50},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned ms = mcu_repair_playout_ms(rows[i].copies, rows[i].loss, rows[i].rtt_ms * MS, rows[i].spacing_ms * MS);
        if (ms != rows[i].playout_ms) {
            print_error("row %zu: %u ms\n", i, ms);
        }
        assert_int_equal(ms, rows[i].playout_ms);
    }
}

/* ---- pacer ---- */

static mcu_pkt *item(mcu_pkt_kind kind, uint16_t size, uint32_t picture, bool first)
{
    mcu_pkt *p = mcu_pkt_new(kind, &(mcu_rtp){0});
    p->size = size;
    p->picture = picture;
    p->first = first;
    return p;
}

static void test_pacer_order_and_rate(void **state)
{
    (void)state;
    mcu_pacer *p = mcu_pacer_new(1000000);
    assert_true(mcu_pacer_next_ns(p) == INT64_MAX);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(mcu_pacer_push(p, item(MCU_PKT_VIDEO, 1250, i, true), 0), MCU_OK); /* 10 ms each */
    }
    mcu_pacer_push(p, item(MCU_PKT_RTX, 1250, 0, false), 0);
    mcu_pacer_push(p, item(MCU_PKT_AUDIO, 100, 0, false), 0);
    assert_int_equal(mcu_pacer_depth(p), 102);
    mcu_pkt_kind kinds[3] = {0};
    unsigned out = 0;
    int64_t now = 1000 * MS, start = now;
    while (mcu_pacer_depth(p) > 0) {
        mcu_pkt *pkt = mcu_pacer_pop(p, now);
        if (!pkt) {
            assert_true(mcu_pacer_next_ns(p) > now);
            now = mcu_pacer_next_ns(p);
            continue;
        }
        if (out < 3) {
            kinds[out] = pkt->kind;
        }
        out++;
        mcu_pkt_free(pkt);
    }
    assert_true(kinds[0] == MCU_PKT_AUDIO && kinds[1] == MCU_PKT_RTX && kinds[2] == MCU_PKT_VIDEO);
    assert_true(now - start > 980 * MS && now - start < 1020 * MS);
    mcu_pacer_free(p);
}

static void test_pacer_never_holds_audio(void **state)
{
    (void)state;
    mcu_pacer *p = mcu_pacer_new(50000);
    for (unsigned i = 0; i < 10; i++) {
        mcu_pacer_push(p, item(MCU_PKT_VIDEO, 1400, 1, i == 0), 0);
    }
    mcu_pkt *pkt = mcu_pacer_pop(p, 0);
    assert_int_equal(pkt->kind, MCU_PKT_VIDEO);
    mcu_pkt_free(pkt);
    assert_null(mcu_pacer_pop(p, MS));
    for (unsigned i = 0; i < 20; i++) {
        mcu_pacer_push(p, item(MCU_PKT_AUDIO, 150, 0, false), MS);
        assert_true(mcu_pacer_next_ns(p) <= MS);
        pkt = mcu_pacer_pop(p, MS);
        assert_int_equal(pkt->kind, MCU_PKT_AUDIO);
        mcu_pkt_free(pkt);
    }
    assert_int_equal(mcu_pacer_next_ns(p), 224 * MS); /* the rate is that of pictures: sound has its own room beside it */
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(mcu_pacer_push(p, item(MCU_PKT_AUDIO, 150, 0, false), MS), MCU_OK);
    }
    assert_int_equal(mcu_pacer_push(p, item(MCU_PKT_AUDIO, 150, 0, false), MS), MCU_EFULL);
    mcu_pacer_free(p);
}

static void test_pacer_bounds(void **state)
{
    (void)state;
    mcu_pacer *p = mcu_pacer_new(400000);        /* 500 ms = 25000 bytes */
    assert_true(mcu_pacer_admits(p, 60, 70000)); /* a keyframe into an empty queue */
    assert_false(mcu_pacer_admits(p, MCU_PACER_PACKETS + 1, 1000));
    for (unsigned i = 0; i < 10; i++) {
        mcu_pacer_push(p, item(MCU_PKT_VIDEO, 1000, 1, i == 0), 0);
    }
    assert_true(mcu_pacer_video_delay_ns(p) == 200 * MS);
    assert_true(mcu_pacer_admits(p, 15, 15000));
    assert_false(mcu_pacer_admits(p, 15, 15001));
    mcu_pacer_set_bps(p, 4000000);
    assert_true(mcu_pacer_admits(p, 15, 15001));
    while (mcu_pacer_push(p, item(MCU_PKT_VIDEO, 10, 2, false), 0) == MCU_OK) {
    }
    assert_int_equal(mcu_pacer_depth(p), MCU_PACER_PACKETS);
    assert_false(mcu_pacer_admits(p, 1, 10));
    assert_int_equal(mcu_pacer_push(p, item(MCU_PKT_NONE, 10, 2, false), 0), MCU_EFULL);
    mcu_pacer_free(p);
}

static void test_pacer_drops_whole_pictures(void **state)
{
    (void)state;
    mcu_pacer *p = mcu_pacer_new(400000);
    for (unsigned i = 0; i < 12; i++) {
        mcu_pacer_push(p, item(MCU_PKT_VIDEO, 1000, i / 4, i % 4 == 0), 0);
    }
    mcu_pkt_free(mcu_pacer_pop(p, 0)); /* picture 0 has begun */
    assert_int_equal(mcu_pacer_drop_video(p), 2);
    assert_int_equal(mcu_pacer_depth(p), 3);
    for (int64_t now = 0; mcu_pacer_depth(p) > 0; now += 20 * MS) {
        mcu_pkt *pkt = mcu_pacer_pop(p, now);
        assert_true(!pkt || pkt->picture == 0);
        mcu_pkt_free(pkt);
    }
    mcu_pacer_push(p, item(MCU_PKT_VIDEO, 1000, 5, true), 0);
    assert_int_equal(mcu_pacer_drop_video(p), 1);
    assert_true(mcu_pacer_next_ns(p) == INT64_MAX);
    mcu_pacer_free(p);
}

static void test_window(void **state)
{
    (void)state;
    mcu_window w = {0};
    assert_int_equal(mcu_window_sum(&w, 5000 * MS), 0);
    for (int64_t now = 0; now < 3000 * MS; now += 10 * MS) {
        mcu_window_add(&w, now, 1);
    }
    assert_int_equal(mcu_window_sum(&w, 2999 * MS), 100);
    assert_int_equal(mcu_window_sum(&w, 3450 * MS), 50);
    assert_int_equal(mcu_window_sum(&w, 4000 * MS), 0);
    mcu_window_add(&w, 9000 * MS, 7);
    assert_int_equal(mcu_window_sum(&w, 9000 * MS), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nack_asks_at_rtt_spacing),
        cmocka_unit_test(test_nack_gives_up),
        cmocka_unit_test(test_nack_tells_answers_from_late_packets),
        cmocka_unit_test(test_nack_asks_more_often_where_much_is_lost),
        cmocka_unit_test(test_nack_storm),
        cmocka_unit_test(test_rtx_format),
        cmocka_unit_test(test_history_answers_once_per_rtt),
        cmocka_unit_test(test_history_forgets_before_keyframe),
        cmocka_unit_test(test_history_spares_for_one_keyframe_only),
        cmocka_unit_test(test_history_share),
        cmocka_unit_test(test_copies_where_asking_takes_too_long),
        cmocka_unit_test(test_how_long_pictures_are_kept_back),
        cmocka_unit_test(test_pacer_order_and_rate),
        cmocka_unit_test(test_pacer_never_holds_audio),
        cmocka_unit_test(test_pacer_bounds),
        cmocka_unit_test(test_pacer_drops_whole_pictures),
        cmocka_unit_test(test_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
