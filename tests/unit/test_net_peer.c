/* Two peers over ICE, DTLS and SRTP: media both ways, repair, a screen beside the camera. */
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

#include "mcu/net/peer_priv.h"
#include "tests/unit/net_pair.h"

/* ---- media ---- */

static unsigned wanted;

static bool audio_both_ways(net_pair *p)
{
    return p->offerer.audio->len >= wanted && p->answerer.audio->len >= wanted;
}

static bool audio_came(net_pair *p)
{
    return p->answerer.audio->len >= wanted;
}

/* The `n` packets of net_opus(k, 60 + k), each in its place. */
static void assert_sound_in_order(const GPtrArray *came, unsigned n)
{
    const mcu_au *first = g_ptr_array_index(came, 0);
    for (unsigned k = 0; k < n; k++) {
        const mcu_au *a = g_ptr_array_index(came, k);
        mcu_au *sent = net_opus(k, 60 + k);
        assert_true(net_same(a, sent));
        assert_int_equal(a->seq - first->seq, k);
        assert_int_equal(a->ts - first->ts, k * 960);
        mcu_au_unref(sent);
    }
}

static void test_h264_and_opus(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_exchange(p, MCU_CODEC_H264, 30);
    for (unsigned k = 0; k < 20; k++) {
        mcu_au *au = net_opus(k, 60 + k);
        assert_int_equal(mcu_peer_send_audio(p->offerer.peer, au), MCU_OK);
        assert_int_equal(mcu_peer_send_audio(p->answerer.peer, au), MCU_OK);
        mcu_au_unref(au);
    }
    wanted = 20;
    assert_true(net_pair_run(p, audio_both_ways, 3000));
    assert_sound_in_order(p->offerer.audio, 20);
    mcu_peer_stats s;
    mcu_peer_get_stats(p->answerer.peer, &s);
    assert_int_equal(s.video_in.pictures, 30);
    assert_int_equal(s.video_out.pictures, 30);
    assert_int_equal(s.audio_in.packets, 20);
    assert_string_equal(s.local_candidate, "host/udp");
    assert_int_equal(s.auth_failures, 0);
    assert_int_equal(s.bad_packets, 0);
    assert_int_equal(s.video_in.dropped, 0);
    assert_int_equal(s.audio_in.dropped, 0);
    net_pair_free(p);
}

static void test_vp8(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    static const mcu_codec vp8[] = {MCU_CODEC_VP8, MCU_CODEC_NONE};
    s.offerer.video_codecs = vp8;
    net_pair *p = net_pair_new(&s);
    net_pair_connect(p);
    net_pair_exchange(p, MCU_CODEC_VP8, 30);
    mcu_au *au = net_h264(0, true, 100);
    assert_int_equal(mcu_peer_send_picture(p->offerer.peer, au), MCU_ENOSUP);
    mcu_au_unref(au);
    net_pair_free(p);
}

static bool reports_came(net_pair *p)
{
    mcu_peer_stats s;
    mcu_peer_get_stats(p->offerer.peer, &s);
    return s.rtt_ms >= 0 && s.twcc_loss >= 0;
}

/* Loss both ways is repaired by NACK and RTX; reports, round-trip time and transport-wide feedback arrive. */
static void test_loss_is_repaired(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    p->offerer.drop_every = 11;
    p->answerer.drop_every = 13;
    net_pair_exchange(p, MCU_CODEC_H264, 100);
    assert_true(p->offerer.rtp_dropped > 5 && p->answerer.rtp_dropped > 5);
    assert_true(net_pair_run(p, reports_came, 3000));
    mcu_peer_stats s;
    mcu_peer_get_stats(p->answerer.peer, &s);
    assert_true(s.video_in.rtx_packets > 5 && s.video_out.rtx_packets > 5);
    assert_true(s.video_in.nacks > 0 && s.video_out.nacks > 0);
    assert_true(s.video_in.lost >= 5);
    assert_int_equal(s.video_in.pictures, 100);
    net_pair_free(p);
}

/* So small that all of it leaves at once, whatever the estimate makes of what is lost. */
static void send_h264(net_pair *p, unsigned index, bool key)
{
    mcu_au *au = net_h264(index, key, 60);
    assert_int_equal(mcu_peer_send_picture(p->offerer.peer, au), MCU_OK);
    mcu_au_unref(au);
    net_pair_settle(p, 100);
}

static bool three_pictures(net_pair *p)
{
    return p->answerer.pictures->len == 3;
}

/* A keyframe took the place of what was lost: that is not missed any more, and no other keyframe is asked for in its name. */
static void test_what_is_past_is_not_asked_for(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    send_h264(p, 0, true);
    send_h264(p, 1, false);
    p->answerer.no_answers = true;
    p->answerer.deaf = true;
    send_h264(p, 2, false);
    p->answerer.deaf = false;
    send_h264(p, 3, true);
    assert_true(net_pair_run(p, three_pictures, 2000));
    mcu_peer_stats before, after;
    mcu_peer_get_stats(p->answerer.peer, &before);
    assert_true(before.video_in.nacks > 0);
    net_pair_settle(p, 2500);
    mcu_peer_get_stats(p->answerer.peer, &after);
    assert_int_equal(after.video_in.nacks, before.video_in.nacks);
    assert_int_equal(after.video_in.plis, before.video_in.plis);
    assert_int_equal(p->offerer.keyframe_requests, 0);
    net_pair_free(p);
}

static void send_sound(net_pair *p, unsigned from, unsigned to)
{
    for (unsigned k = from; k < to; k++) {
        mcu_au *au = net_opus(k, 60 + k);
        assert_int_equal(mcu_peer_send_audio(p->offerer.peer, au), MCU_OK);
        net_pair_settle(p, 20);
        mcu_au_unref(au);
    }
}

static bool one_was_asked_for(net_pair *p)
{
    mcu_peer_stats s;
    mcu_peer_get_stats(p->answerer.peer, &s);
    return s.audio_in.nacks > 0 && p->answerer.audio->len == 7;
}

/* Without copies nothing else brings it. The answer is the packet itself, and none that was merely late. */
static void test_lost_sound_is_asked_for(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    p->answerer.drop_every = 5;
    send_sound(p, 0, 5);
    p->answerer.drop_every = 0;
    send_sound(p, 5, 8);
    assert_true(net_pair_run(p, one_was_asked_for, 200));
    mcu_peer_stats before, after;
    mcu_peer_get_stats(p->answerer.peer, &before);
    assert_in_range(before.audio_in.nacks, 1, 4);
    assert_int_equal(before.audio_in.lost, 1);
    assert_int_equal(p->answerer.audio->len, 7);

    mcu_net_test_advance(p->answerer.net, 100 * MCU_NS_PER_MS); /* sooner it might be late, and no answer */
    mcu_peer_test_inject(p->answerer.peer, p->answerer.dropped, p->answerer.dropped_size);
    mcu_peer_get_stats(p->answerer.peer, &after);
    assert_int_equal(p->answerer.audio->len, 8);
    assert_int_equal(after.audio_in.rtx_packets, 1);
    assert_int_equal(after.audio_in.lost, 1);
    assert_int_equal(after.auth_failures, before.auth_failures);
    send_sound(p, 8, 12);
    mcu_peer_get_stats(p->answerer.peer, &before);
    assert_int_equal(before.audio_in.nacks, after.audio_in.nacks);
    net_pair_free(p);
}

static bool request_came(net_pair *p)
{
    return p->answerer.keyframe_requests > 0;
}

/* A third of the packets is lost, never three in a row: two copies bring every one of them, once, in order, with its own time. */
static void test_copies_of_audio(void **state)
{
    (void)state;
    enum { PACKETS = 60 };
    net_pair *p = net_pair_connected();
    assert_true(mcu_peer_takes_copies(p->offerer.peer) && mcu_peer_takes_copies(p->answerer.peer));
    mcu_peer_set_audio_copies(p->offerer.peer, 2, 1);
    p->answerer.drop_every = 3;
    for (unsigned k = 0; k < PACKETS; k++) {
        mcu_au *au = net_opus(k, 60 + k);
        if (k + 3 >= PACKETS) {
            p->answerer.drop_every = 0;
        }
        assert_int_equal(mcu_peer_send_audio(p->offerer.peer, au), MCU_OK);
        net_pair_settle(p, 5);
        mcu_au_unref(au);
    }
    wanted = PACKETS;
    assert_true(net_pair_run(p, audio_came, 3000));
    assert_true(p->answerer.rtp_dropped >= 15);
    assert_sound_in_order(p->answerer.audio, PACKETS);
    mcu_peer_stats s;
    mcu_peer_get_stats(p->answerer.peer, &s);
    assert_int_equal(p->answerer.audio->len, PACKETS);
    assert_int_equal(s.audio_in.copies, p->answerer.rtp_dropped);
    assert_int_equal(s.audio_in.nacks, 0); /* a copy came before anybody asked */
    assert_int_equal(s.bad_packets, 0);
    net_pair_free(p);
}

static void test_keyframe_request(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_exchange(p, MCU_CODEC_H264, 3);
    for (int k = 0; k < 5; k++) {
        mcu_peer_request_keyframe(p->offerer.peer);
    }
    assert_true(net_pair_run(p, request_came, 2000));
    net_pair_settle(p, 100);
    assert_int_equal(p->answerer.keyframe_requests, 1); /* merged: one a second */
    mcu_net_test_advance(p->offerer.net, 1100 * MCU_NS_PER_MS);
    mcu_net_test_advance(p->answerer.net, 1100 * MCU_NS_PER_MS);
    net_pair_settle(p, 100);
    assert_int_equal(p->answerer.keyframe_requests, 2); /* no keyframe came: asked again */
    mcu_au *au = net_h264(100, true, 500);
    assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_OK);
    mcu_au_unref(au);
    net_pair_settle(p, 50);
    mcu_net_test_advance(p->offerer.net, 1100 * MCU_NS_PER_MS);
    net_pair_settle(p, 100);
    assert_int_equal(p->answerer.keyframe_requests, 2);
    net_pair_free(p);
}

static unsigned polls_ready;

static gint counting_poll(GPollFD *fds, guint n, gint timeout_ms)
{
    gint ready = g_poll(fds, n, timeout_ms);
    polls_ready += ready > 0;
    return ready;
}

/* A datagram wakes the loop once: no wake-up is followed by another that finds nothing. */
static void test_no_wakeups_for_nothing(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_exchange(p, MCU_CODEC_H264, 3);
    net_pair_settle(p, 100);
    net_pair_go_on(p, 10000);
    g_main_context_set_poll_func(p->context, counting_poll);
    unsigned idle = 0;
    polls_ready = 0;
    for (unsigned k = 0; k < 20; k++) {
        mcu_au *au = net_opus(k, 80);
        assert_int_equal(mcu_peer_send_audio(p->offerer.peer, au), MCU_OK);
        mcu_au_unref(au);
        for (unsigned n = 0; n < 20; n++) {
            unsigned before = polls_ready;
            bool dispatched = g_main_context_iteration(p->context, FALSE);
            idle += polls_ready > before && !dispatched;
        }
    }
    assert_true(polls_ready >= 20);
    assert_in_range(idle, 0, 4);
    g_main_context_set_poll_func(p->context, NULL);
    net_pair_free(p);
}

static bool remb_came(net_pair *p)
{
    mcu_peer_stats s;
    mcu_peer_get_stats(p->answerer.peer, &s);
    return s.remb_bps != 0;
}

/* A slow receiver says so; pictures beyond half a second of queue are refused and a keyframe is asked for when it has drained. */
static void test_remb_bounds_the_queue(void **state)
{
    (void)state;
    net_pair *p = net_pair_connected();
    net_pair_exchange(p, MCU_CODEC_H264, 3);
    mcu_peer_set_max_video_bps(p->offerer.peer, 200000);
    assert_true(net_pair_run(p, remb_came, 2000));
    mcu_status s = MCU_OK;
    for (unsigned k = 0; k < 40 && s == MCU_OK; k++) {
        mcu_au *au = net_h264(10 + k, false, 4000);
        s = mcu_peer_send_picture(p->answerer.peer, au);
        mcu_au_unref(au);
    }
    assert_int_equal(s, MCU_EFULL);
    assert_true(net_pair_run(p, request_came, 3000));
    mcu_au *inter = net_h264(60, false, 400), *key = net_h264(61, true, 400);
    assert_int_equal(mcu_peer_send_picture(p->answerer.peer, inter), MCU_EFULL);
    assert_int_equal(mcu_peer_send_picture(p->answerer.peer, key), MCU_OK);
    mcu_au_unref(inter);
    mcu_au_unref(key);
    net_pair_free(p);
}

static bool all_left(net_pair *p)
{
    return p->answerer.pictures_left >= wanted && p->offerer.pictures->len >= wanted;
}

/* What was recorded cannot become smaller: held back it would only be late. It is told when each picture is out. */
static void test_a_recorded_sender_keeps_its_pace(void **state)
{
    (void)state;
    net_pair_setup setup = net_pair_defaults();
    setup.answerer.fixed_rate = true;
    net_pair *p = net_pair_new(&setup);
    net_pair_connect(p);
    net_pair_exchange(p, MCU_CODEC_H264, 3);
    mcu_peer_set_max_video_bps(p->offerer.peer, 200000);
    assert_true(net_pair_run(p, remb_came, 2000));
    wanted = 43;
    for (unsigned k = 3; k < wanted; k++) {
        mcu_au *au = net_h264(k, false, 4000);
        au->time_ns = 1000 + k;
        assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_OK);
        mcu_au_unref(au);
    }
    assert_true(net_pair_run(p, all_left, 3000));
    assert_int_equal(p->answerer.pictures_left, wanted);
    assert_int_equal(p->answerer.left_time_ns, 1000 + wanted - 1);
    for (unsigned k = 0; k < wanted; k++) {
        const mcu_au *au = g_ptr_array_index(p->offerer.pictures, k);
        assert_true(au->first_ns > 0 && au->first_ns <= au->time_ns);
    }
    net_pair_free(p);
}

/* ---- a screen beside the camera ---- */

#define SCREEN_SSRC 0x5c0e0001u

/* Our own offers have one video m-line: the second one of a browser is put in on the way, and taken out of the answer. */
static char *with_screen(const char *sdp, bool is_offer)
{
    static const char section[] =
        "m=video 9 UDP/TLS/RTP/SAVPF 102 103\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\na=sendonly\r\na=rtcp-mux\r\n"
        "a=rtpmap:102 H264/90000\r\na=fmtp:102 packetization-mode=1;profile-level-id=42e01f\r\n"
        "a=rtcp-fb:102 nack\r\na=rtcp-fb:102 nack pli\r\n"
        "a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\na=ssrc:1544421377 cname:x\r\n";
    char **lines = g_strsplit(sdp, is_offer ? "a=group:BUNDLE 0 1" : "a=group:BUNDLE 0 1 2", 2);
    if (!is_offer) {
        char *whole = g_strjoinv("a=group:BUNDLE 0 1", lines);
        g_strfreev(lines);
        *g_strrstr(whole, "m=video") = '\0';
        return whole;
    }
    char *group = g_strjoinv("a=group:BUNDLE 0 1 2", lines);
    char *whole = g_strconcat(group, section, NULL);
    g_free(group);
    g_strfreev(lines);
    return whole;
}

static void screen_packet(net_pair *p, uint16_t seq, const mcu_au *au)
{
    /* after the four-byte start code of a picture without parameter sets */
    const mcu_rtp r = {.marker = true,
                       .pt = 102,
                       .seq = seq,
                       .ts = seq * 9000u,
                       .ssrc = SCREEN_SSRC,
                       .payload = au->data + 4,
                       .payload_size = au->size - 4};
    uint8_t packet[MCU_RTP_MAX];
    size_t n = mcu_rtp_write(packet, sizeof packet, &r);
    assert_true(n > 0);
    mcu_peer_on_rtp(p->answerer.peer, packet, n, mcu_net_now_ns(p->answerer.net));
}

static void test_screen_is_a_stream_of_its_own(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    s.answerer.recv_content = true;
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, with_screen);
    assert_true(net_pair_run(p, net_pair_up, 10000));
    assert_true(mcu_peer_gives_content(p->answerer.peer) && mcu_peer_gives_video(p->answerer.peer));
    net_pair_exchange(p, MCU_CODEC_H264, 3);
    mcu_au *key = net_h264(0, true, 400), *next = net_h264(1, false, 400);
    uint8_t stap[600] = {24}; /* parameter sets and picture in one packet: RFC 6184 5.7.1 */
    size_t n = 1;
    for (const uint8_t *at = key->data, *end = key->data + key->size; at < end;) {
        const uint8_t *stop = memmem(at + 4, (size_t)(end - at - 4), "\0\0\0\1", 4);
        size_t size = (size_t)((stop ? stop : end) - at - 4);
        stap[n++] = (uint8_t)(size >> 8);
        stap[n++] = (uint8_t)size;
        memcpy(stap + n, at + 4, size);
        n += size;
        at += 4 + size;
    }
    mcu_au *packed = mcu_au_new(4 + n);
    memcpy(packed->data + 4, stap, n);
    screen_packet(p, 1, packed);
    screen_packet(p, 2, next);
    assert_int_equal(p->answerer.screens->len, 2);
    assert_true(net_same(p->answerer.screens->pdata[0], key) && net_same(p->answerer.screens->pdata[1], next));
    assert_int_equal(p->answerer.pictures->len, 3); /* the camera's alone */
    mcu_peer_stats stats;
    mcu_peer_get_stats(p->answerer.peer, &stats);
    assert_int_equal(stats.content_in.pictures, 2);
    assert_int_equal(stats.bad_packets, 0);
    mcu_peer_request_content_keyframe(p->answerer.peer);
    mcu_peer_get_stats(p->answerer.peer, &stats);
    assert_int_equal(stats.content_in.plis, 1);
    mcu_au_unref(packed);
    mcu_au_unref(key);
    mcu_au_unref(next);
    net_pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_h264_and_opus),
        cmocka_unit_test(test_vp8),
        cmocka_unit_test(test_loss_is_repaired),
        cmocka_unit_test(test_what_is_past_is_not_asked_for),
        cmocka_unit_test(test_copies_of_audio),
        cmocka_unit_test(test_lost_sound_is_asked_for),
        cmocka_unit_test(test_keyframe_request),
        cmocka_unit_test(test_no_wakeups_for_nothing),
        cmocka_unit_test(test_remb_bounds_the_queue),
        cmocka_unit_test(test_a_recorded_sender_keeps_its_pace),
        cmocka_unit_test(test_screen_is_a_stream_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
