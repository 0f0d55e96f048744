/* What a participant with valid keys may say of what it received: lies and storms are counted, and nothing else moves. */
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <string.h>

#include "mcu/base/bytes.h"
#include "mcu/base/metrics.h"
#include "mcu/net/rtcp.h"
#include "tests/unit/net_pair.h"

/* The answerer has sent and heard of it. */
static net_pair *heard_of(void)
{
    net_pair *p = net_pair_connected();
    net_pair_exchange(p, MCU_CODEC_H264, 40);
    net_pair_settle(p, 250);
    assert_true(net_stats(p->answerer.peer).twcc_loss >= 0);
    return p;
}

static void say(net_pair *p, const uint8_t *packet, size_t size)
{
    assert_int_equal(mcu_peer_test_send_rtcp(p->offerer.peer, packet, size), MCU_OK);
    net_pair_settle(p, 1);
}

/* What is believed of the path to the offerer is what it was. */
static void believes_the_same(const mcu_peer_stats *a, const mcu_peer_stats *b)
{
    assert_int_equal(a->link.estimate_bps, b->link.estimate_bps);
    assert_int_equal(a->link.proven_bps, b->link.proven_bps);
    assert_int_equal(a->remb_bps, b->remb_bps);
    assert_int_equal(a->link.outage, b->link.outage);
    assert_int_equal(a->link.broken, b->link.broken);
    assert_int_equal(a->video_out.plis + a->video_out.firs, b->video_out.plis + b->video_out.firs);
}

/* Well formed, about packets that were never sent. */
static void test_feedback_on_what_was_never_sent(void **state)
{
    (void)state;
    enum { LIES = 100 };
    net_pair *p = heard_of();
    const mcu_peer_stats before = net_stats(p->answerer.peer);
    for (unsigned k = 0; k < LIES; k++) {
        uint8_t lie[24] = {0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 1, (uint8_t)k, 0x20, 2, 4, 4};
        mcu_wr16(lie + 12, (uint16_t)(5000 + k * 500));
        say(p, lie, sizeof lie);
    }
    net_pair_settle(p, 50);
    const mcu_peer_stats after = net_stats(p->answerer.peer);
    assert_int_equal(after.bad_packets - before.bad_packets, LIES);
    believes_the_same(&before, &after);
    net_pair_works(p);
    net_pair_free(p);
}

static void test_rembs_that_nobody_can_mean(void **state)
{
    (void)state;
    static const struct {
        uint8_t exponent;
        uint32_t mantissa;
    } rows[] = {{0, 0}, {63, 0}, {63, 1}, {45, 1 << 18 | 0x3ffff}, {63, 0x3ffff}}; /* 0, and 2^63 in three ways */
    net_pair *p = heard_of();
    const mcu_peer_stats before = net_stats(p->answerer.peer);
    for (unsigned k = 0; k < G_N_ELEMENTS(rows); k++) {
        uint8_t remb[24] = {0x8f, 206, 0, 5, 1, 2, 3, 4, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 1};
        remb[17] = (uint8_t)(rows[k].exponent << 2 | (rows[k].mantissa >> 16 & 3));
        mcu_wr16(remb + 18, (uint16_t)rows[k].mantissa);
        mcu_wr32(remb + 20, net_ssrc(p->answerer.peer, "m=video", "a=ssrc:", 1));
        say(p, remb, sizeof remb);
    }
    net_pair_settle(p, 50);
    const mcu_peer_stats after = net_stats(p->answerer.peer);
    assert_int_equal(after.bad_packets - before.bad_packets, G_N_ELEMENTS(rows));
    believes_the_same(&before, &after);
    uint8_t buffer[64];
    mcu_rtcp_writer w;
    mcu_rtcp_writer_init(&w, buffer, sizeof buffer);
    const uint32_t ssrc = net_ssrc(p->answerer.peer, "m=video", "a=ssrc:", 1);
    mcu_rtcp_put_remb(&w, 1, 100000, &ssrc, 1);
    say(p, w.data, w.size);
    net_pair_settle(p, 50);
    assert_in_range(net_stats(p->answerer.peer).link.estimate_bps, 95000, 100000);
    net_pair_works(p);
    net_pair_free(p);
}

/* Every number there is, asked for again and again while pictures go on: each comes, and what goes out again is a fraction. */
static void test_nack_storm(void **state)
{
    (void)state;
    enum { AT_ONCE = 256, STORMS = 1024, PICTURES = STORMS / 16 };
    net_pair *p = heard_of();
    mcu_counter *refused = mcu_counter_get("tessera_repair_refused_total", NULL, "");
    const uint32_t ssrc = net_ssrc(p->answerer.peer, "m=video", "a=ssrc:", 1);
    const mcu_peer_stats before = net_stats(p->answerer.peer);
    const uint64_t refused_before = mcu_counter_value(refused);
    const unsigned pictures = p->offerer.pictures->len, keyframes_asked = p->answerer.keyframe_requests;
    for (unsigned k = 0; k < STORMS; k++) {
        uint8_t buffer[200];
        uint16_t seqs[AT_ONCE];
        mcu_rtcp_writer w;
        for (unsigned i = 0; i < AT_ONCE; i++) {
            seqs[i] = (uint16_t)(k * AT_ONCE + i);
        }
        mcu_rtcp_writer_init(&w, buffer, sizeof buffer);
        mcu_rtcp_put_nack(&w, 1, ssrc, seqs, AT_ONCE);
        assert_false(w.overflow);
        if (k % (STORMS / PICTURES) == 0) {
            mcu_au *au = net_picture(MCU_CODEC_H264, 40 + k / (STORMS / PICTURES));
            assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_OK);
            mcu_au_unref(au);
        }
        say(p, w.data, w.size);
    }
    net_pair_settle(p, 300);
    const mcu_peer_stats after = net_stats(p->answerer.peer);
    const uint64_t answered = after.video_out.rtx_packets - before.video_out.rtx_packets;
    const uint64_t sent = after.video_out.packets - before.video_out.packets;
    assert_int_equal(after.video_out.nacks - before.video_out.nacks, STORMS);
    assert_int_equal(mcu_counter_value(refused) - refused_before + answered, STORMS * AT_ONCE);
    assert_in_range(answered, 1, sent);
    assert_int_equal(p->offerer.pictures->len - pictures, PICTURES);
    assert_int_equal(p->answerer.keyframe_requests, keyframes_asked);
    assert_int_equal(after.bad_packets, before.bad_packets);
    assert_false(after.link.outage || after.link.broken);
    assert_true(after.link.estimate_bps >= before.link.estimate_bps);
    net_pair_works(p);
    net_pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_feedback_on_what_was_never_sent),
        cmocka_unit_test(test_rembs_that_nobody_can_mean),
        cmocka_unit_test(test_nack_storm),
    };
    return cmocka_run_group_tests_name("net_hostile_feedback", tests, NULL, NULL);
}
