/* What two peers say in header extensions (RFC 8285). */
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on

#include "mcu/net/peer_priv.h"
#include "tests/unit/net_pair.h"

/* Their first packet begins the stream and says it. */
static void test_the_first_packet_says_how_long_pictures_are_held_back(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    mcu_peer *to = p->answerer.peer;
    const mcu_rtpext_map map = {.id = {[MCU_RTPEXT_PLAYOUT_DELAY] = to->neg->video.ext.playout_delay}};
    const mcu_rtpext_values asks = {.has = {[MCU_RTPEXT_PLAYOUT_DELAY] = true}, .playout_min_ms = 70, .playout_max_ms = 90};
    mcu_rtpext_block ext;
    mcu_rtpext_block_init(&ext, &map, &asks);
    const uint8_t slice[] = {0x41, 0x9a, 0x00};
    mcu_rtp r = {
        .pt = to->neg->video.recv_pts[0].pt, .seq = 1, .ssrc = to->vin.base.ssrc, .payload = slice, .payload_size = sizeof slice};
    mcu_rtpext_block_apply(&ext, &r);
    uint8_t packet[MCU_RTP_MAX];
    size_t n = mcu_rtp_write(packet, sizeof packet, &r);
    assert_null(to->vin.jitter);
    mcu_peer_on_rtp(to, packet, n, mcu_net_now_ns(to->net));
    assert_non_null(to->vin.jitter);
    assert_int_equal(mcu_vplayout_hold_ns(&to->vin.playout), 70 * MCU_NS_PER_MS);
    net_pair_free(p);
}

static char *without_feedback(const char *sdp, bool is_offer)
{
    (void)is_offer;
    GString *text = g_string_new(sdp);
    (void)g_string_replace(text, " transport-cc\r\n", " ccm fir\r\n", 0);
    return g_string_free(text, FALSE);
}

/* Who tells when each packet came is not told when it left as well; who estimates by himself is. */
static void test_send_time_is_for_who_gives_no_feedback(void **state)
{
    (void)state;
    const net_edit edits[] = {NULL, without_feedback};
    for (unsigned i = 0; i < G_N_ELEMENTS(edits); i++) {
        net_pair_setup setup = net_pair_defaults();
        net_pair *p = net_pair_new(&setup);
        net_pair_negotiate(p, false, edits[i]);
        assert_true(net_pair_run(p, net_pair_up, 10000));
        const mcu_sender *s = &p->answerer.peer->send;
        assert_int_equal(s->video.ext.at[MCU_RTPEXT_ABS_SEND_TIME] != 0, edits[i] != NULL);
        net_pair_free(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send_time_is_for_who_gives_no_feedback),
        cmocka_unit_test(test_the_first_packet_says_how_long_pictures_are_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
