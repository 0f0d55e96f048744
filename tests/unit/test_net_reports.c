/* A sender whose receiver gives no transport-wide feedback, over a modelled link: reports every second, and REMB where it sends
 * it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mcu/base/media.h"
#include "mcu/net/bwe_simple.h"
#include "mcu/net/rtp_stats.h"
#include "mcu/net/sender.h"
#include "tests/unit/link_model.h"

#define MS MCU_NS_PER_MS
#define SEC MCU_NS_PER_SEC
#define FPS 25
#define WANTED_BPS 1200000
#define LEAST_BPS 30000

typedef struct {
    mcu_sender s;
    link_model *link;
    mcu_rtp_stats far;
    int64_t now_ns;
    unsigned remb_bps;            /* that the far end sends with each report; 0 = none */
    unsigned pictures, sounds;    /* packets that left */
    unsigned refused, picture_no; /* pictures that were dropped */
    bool keyframe;
    bool often; /* the far end reports with each request for repair */
} line;

static void transmit(void *user, uint8_t *packet, size_t size)
{
    line *l = user;
    mcu_rtp r;
    assert_int_equal(mcu_rtp_parse(packet, size, &r), MCU_OK);
    l->pictures += r.ssrc == l->s.video.ssrc;
    l->sounds += r.ssrc == l->s.audio.ssrc;
    link_model_send(l->link, packet, size, l->now_ns);
}

static const link_profile fast = {.rate_bps = 5000000, .queue_ms = 500, .delay_ms = 25},
                          far = {.rate_bps = 5000000, .queue_ms = 500, .delay_ms = 425},
                          far_lossy = {.rate_bps = 5000000, .queue_ms = 500, .delay_ms = 425, .loss = 0.05};
static const link_profile wide = {.rate_bps = 1000000, .queue_ms = 500, .delay_ms = 25},
                          thin = {.rate_bps = 200000, .queue_ms = 500, .delay_ms = 25}, none = {.down = true};

static void begin(line *l)
{
    static const mcu_sender_callbacks callbacks = {.transmit = transmit};
    *l = (line){.now_ns = 1000 * SEC, .link = link_model_new(&wide, 1), .keyframe = true};
    mcu_sender_init(&l->s, &callbacks, l);
    l->s.rtx_pt = 97;
    mcu_rtp_stats_init(&l->far, 90000);
}

static void end(line *l)
{
    mcu_sender_clear(&l->s);
    link_model_free(l->link);
}

static void push(line *l, mcu_pkt_kind kind, size_t size, bool first, bool last)
{
    static const uint8_t payload[MCU_RTP_PAYLOAD];
    const mcu_out *o = kind == MCU_PKT_AUDIO ? &l->s.audio : &l->s.video;
    mcu_rtp r = {.pt = 96, .ssrc = o->ssrc, .payload = payload, .payload_size = size, .marker = last};
    mcu_rtpext_block_apply(&o->ext, &r);
    mcu_pkt *pkt = mcu_pkt_new(kind, &r);
    pkt->first = first;
    pkt->last = last;
    pkt->picture = l->picture_no;
    pkt->keyframe = l->keyframe;
    (void)mcu_sender_push(&l->s, pkt, l->now_ns);
}

/* An encoder that follows the estimate at once. */
static void send_picture(line *l)
{
    const size_t bytes = CLAMP(l->s.view.estimate_bps * 3 / 4, LEAST_BPS, WANTED_BPS) / 8 / FPS;
    const unsigned n = (unsigned)(bytes / 1100) + 1;
    l->keyframe = l->keyframe || mcu_sender_wants_keyframe(&l->s);
    if (mcu_sender_admit(&l->s, l->keyframe, n, bytes, l->now_ns) != MCU_OK) {
        l->refused++;
        return;
    }
    l->picture_no++;
    for (unsigned i = 0; i < n; i++) {
        push(l, MCU_PKT_VIDEO, bytes / n, i == 0, i + 1 == n);
    }
    l->keyframe = false;
}

static uint64_t ntp(const line *l)
{
    return mcu_ntp_from_wall_ns(l->now_ns);
}

static void send_report(line *l)
{
    uint8_t packet[64];
    mcu_rtcp_writer w;
    mcu_rtcp_sender_info info = {.ntp = ntp(l)};
    mcu_rtcp_writer_init(&w, packet, sizeof packet);
    mcu_rtcp_put_sr(&w, l->s.video.ssrc, &info, NULL, 0);
    link_model_send(l->link, packet, w.size, l->now_ns);
}

static void far_takes(line *l)
{
    size_t size;
    int64_t at_ns;
    mcu_rtp r;
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    for (const uint8_t *data; (data = link_model_receive(l->link, &size, &at_ns, l->now_ns)) != NULL;) {
        if (data[1] == 200) {
            assert_true(mcu_rtcp_begin(&it, data, size) == MCU_OK && mcu_rtcp_next(&it, &p));
            mcu_rtp_stats_on_sr(&l->far, p.sr.ntp, at_ns);
        } else if (mcu_rtp_parse(data, size, &r) == MCU_OK && r.ssrc == l->s.video.ssrc) {
            (void)mcu_rtp_stats_push(&l->far, r.seq, r.ts, size, at_ns);
        }
    }
}

/* Nothing delays what comes back. */
static void far_reports(line *l)
{
    mcu_rtcp_block b;
    if (mcu_rtp_stats_report(&l->far, l->s.video.ssrc, l->now_ns, &b)) {
        const mcu_bwe_block told = {.loss = b.fraction / 256.0,
                                    .rtt_ns = mcu_rtcp_rtt_ns(&b, mcu_ntp_mid32(ntp(l))),
                                    .lsr = b.lsr,
                                    .highest_seq = b.highest_seq};
        mcu_sender_on_report(&l->s, &told, l->now_ns);
    }
    if (l->remb_bps != 0) {
        assert_true(mcu_bwe_remb(l->s.bwe, l->remb_bps, l->now_ns));
    }
}

static unsigned run(line *l, double seconds)
{
    l->pictures = l->sounds = l->refused = 0;
    for (int64_t end_ns = l->now_ns + (int64_t)(seconds * 1e9); l->now_ns < end_ns; l->now_ns += 5 * MS) {
        if (l->now_ns % (SEC / FPS) == 0) {
            send_picture(l);
        }
        if (l->now_ns % (20 * MS) == 0) {
            if (mcu_sender_admits_audio(&l->s, l->now_ns)) {
                push(l, MCU_PKT_AUDIO, 80, false, false);
            }
            mcu_sender_tick(&l->s, l->now_ns);
        }
        if (l->now_ns % SEC == 0) {
            send_report(l);
        }
        far_takes(l);
        if (l->now_ns % SEC == 500 * MS || (l->often && l->now_ns % (50 * MS) == 0)) {
            far_reports(l);
        }
        (void)mcu_sender_pump(&l->s, l->now_ns);
    }
    return l->s.view.estimate_bps;
}

/* A queue is seen by the round trip: what stands in it is let go within some seconds. */
static void test_down_at_once_and_up_slowly(void **state)
{
    (void)state;
    line l;
    begin(&l);
    assert_in_range(run(&l, 60), 600000, 1500000);
    assert_int_equal(l.s.view.state, MCU_BWE_OPEN);
    assert_false(l.s.view.feedback);
    link_model_set(l.link, &thin);
    assert_in_range(run(&l, 5), 60000, 250000);
    (void)run(&l, 10);
    const unsigned lost = link_model_lost(l.link);
    (void)run(&l, 60);
    assert_in_range(link_model_lost(l.link), lost, lost + 10); /* its queue is hardly ever full again */
    const unsigned before = l.s.view.estimate_bps;
    link_model_set(l.link, &wide);
    assert_in_range(run(&l, 5), before, before * 2);
    assert_in_range(run(&l, 95), 500000, 1500000); /* what came through a full queue counts for a minute */
    end(&l);
}

/* What the remote measured is used at once, down and up; what it has not said for ten seconds is not true any more. */
static void test_remb_is_followed(void **state)
{
    (void)state;
    line l;
    begin(&l);
    l.remb_bps = 150000;
    assert_in_range(run(&l, 3), 149000, 150000);
    l.remb_bps = 900000;
    assert_in_range(run(&l, 3), 800000, 900000);
    l.remb_bps = 60000;
    assert_in_range(run(&l, 2), 59000, 60000);
    l.remb_bps = 0;
    assert_in_range(run(&l, 8), 59000, 60000);
    assert_true(run(&l, 4) > 60000);
    end(&l);
}

/* Reports come, and name nothing new: pictures stop, sound does not. When the path is back, so are pictures, with a keyframe. */
static void test_what_does_not_arrive_is_stopped(void **state)
{
    (void)state;
    line l;
    begin(&l);
    const unsigned before = run(&l, 10);
    link_model_set(l.link, &none);
    assert_true(run(&l, 10) <= before * 11 / 10); /* as long as a telephone is away in a lift; silence is no reason for more */
    assert_int_equal(l.s.view.state, MCU_BWE_OPEN);
    (void)run(&l, 8);
    assert_int_equal(l.s.view.state, MCU_BWE_BROKEN);
    (void)run(&l, 1);
    (void)run(&l, 20);
    assert_int_equal(l.pictures, 0);
    assert_int_equal(l.refused, 20 * FPS);
    assert_int_equal(l.sounds, 20 * 50);
    link_model_set(l.link, &wide);
    (void)run(&l, 12);
    assert_int_equal(l.s.view.state, MCU_BWE_OPEN);
    (void)run(&l, 5);
    assert_int_equal(l.refused, 0);
    assert_true(l.pictures >= 5 * FPS);
    end(&l);
}

/* A minute on a line that carries more than is wanted: what is believed of it then. */
static unsigned begin_fast(line *l)
{
    begin(l);
    link_model_set(l->link, &fast);
    return run(l, 60);
}

/* The report of a second alone is late: the packets before it were, for a moment. */
static void one_is_late(line *l)
{
    link_model_set(l->link, &far);
    (void)run(l, 0.05);
    link_model_set(l->link, &fast);
    (void)run(l, 0.95);
}

static void test_one_late_report_is_forgiven_once_a_minute(void **state)
{
    (void)state;
    line l;
    const unsigned before = begin_fast(&l);
    assert_true(before > 2 * WANTED_BPS);
    one_is_late(&l);
    assert_in_range(l.s.view.estimate_bps, WANTED_BPS / 2, WANTED_BPS); /* down at once */
    assert_true(run(&l, 30) >= before);
    one_is_late(&l);
    assert_in_range(run(&l, 10), WANTED_BPS / 2, WANTED_BPS * 11 / 10);
    (void)run(&l, 100);
    one_is_late(&l);
    assert_true(run(&l, 2) >= before);
    end(&l);
}

/* A queue so short that it is gone by the next report was one all the same: it lost something. */
static void test_what_lost_is_not_forgiven(void **state)
{
    (void)state;
    for (unsigned lossy = 0; lossy < 2; lossy++) {
        mcu_bwe_simple s;
        int64_t now_ns = 1000 * SEC;
        mcu_bwe_simple_init(&s, WANTED_BPS);
        mcu_bwe_simple_report(&s, 0, 50 * MS, WANTED_BPS, 0, now_ns);
        mcu_bwe_simple_report(&s, lossy ? 0.2 : 0, 400 * MS, WANTED_BPS, 0, now_ns += SEC);
        assert_in_range(s.bps, WANTED_BPS / 2, WANTED_BPS * 9 / 10);
        mcu_bwe_simple_report(&s, 0, 50 * MS, WANTED_BPS / 2, 0, now_ns += SEC);
        assert_int_equal(s.bps >= WANTED_BPS, !lossy);
    }
}

/* One round trip that is told of twenty times is one: what was late alone still was. */
static void test_reports_that_repeat_a_round_trip(void **state)
{
    (void)state;
    line l;
    const unsigned before = begin_fast(&l);
    l.often = true;
    (void)run(&l, 1);
    one_is_late(&l);
    assert_in_range(l.s.view.estimate_bps, WANTED_BPS / 2, WANTED_BPS);
    assert_true(run(&l, 2) >= before);
    link_model_set(l.link, &thin);
    (void)run(&l, 8);
    for (unsigned s = 8; s < 60; s++) {
        assert_in_range(run(&l, 1), 60000, 300000);
    }
    end(&l);
}

/* What stays late though little is sent is the path itself. */
static void test_longer_path_is_no_queue(void **state)
{
    (void)state;
    line l;
    (void)begin_fast(&l);
    link_model_set(l.link, &far);
    assert_in_range(run(&l, 5), 100000, WANTED_BPS);
    assert_true(run(&l, 40) > WANTED_BPS);
    link_model_set(l.link, &fast);
    assert_true(run(&l, 10) > WANTED_BPS);
    link_model_set(l.link, &thin); /* a queue is seen as before */
    assert_in_range(run(&l, 8), 60000, 250000);
    end(&l);
}

static void test_longer_path_that_loses(void **state)
{
    (void)state;
    line l;
    (void)begin_fast(&l);
    link_model_set(l.link, &far_lossy);
    assert_true(run(&l, 60) > 150000);
    end(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_down_at_once_and_up_slowly),      cmocka_unit_test(test_remb_is_followed),
        cmocka_unit_test(test_what_does_not_arrive_is_stopped), cmocka_unit_test(test_one_late_report_is_forgiven_once_a_minute),
        cmocka_unit_test(test_what_lost_is_not_forgiven),       cmocka_unit_test(test_reports_that_repeat_a_round_trip),
        cmocka_unit_test(test_longer_path_is_no_queue),         cmocka_unit_test(test_longer_path_that_loses),
    };
    return cmocka_run_group_tests_name("net_reports", tests, NULL, NULL);
}
