/* Two peers over ICE, DTLS and SRTP: connection, media both ways, repair, restart, and the ways in which it must fail. */
// clang-format off
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/net/peer_priv.h"
#include "tests/unit/net_pair.h"

static net_pair *connected(void)
{
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    net_pair_connect(p);
    return p;
}

/* ---- media ---- */

static unsigned wanted;

static bool pictures_both_ways(net_pair *p)
{
    return p->offerer.pictures->len >= wanted && p->answerer.pictures->len >= wanted;
}

static bool audio_both_ways(net_pair *p)
{
    return p->offerer.audio->len >= wanted && p->answerer.audio->len >= wanted;
}

static bool audio_came(net_pair *p)
{
    return p->answerer.audio->len >= wanted;
}

static mcu_au *picture(mcu_codec codec, unsigned index)
{
    size_t n = index % 10 == 0 ? 9000 : 300 + index * 37 % 4000;
    return codec == MCU_CODEC_H264 ? net_h264(index, index == 0, n) : net_vp8(index, index == 0, n);
}

static void exchange_pictures(net_pair *p, mcu_codec codec, unsigned n)
{
    assert_int_equal(mcu_peer_send_codec(p->offerer.peer), codec);
    assert_int_equal(mcu_peer_send_codec(p->answerer.peer), codec);
    for (unsigned k = 0; k < n; k++) {
        if (k + 3 >= n) {
            p->offerer.drop_every = p->answerer.drop_every = 0; /* the loss of the very last packet shows to nobody */
        }
        mcu_au *au = picture(codec, k);
        assert_int_equal(mcu_peer_send_picture(p->offerer.peer, au), MCU_OK);
        assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_OK);
        mcu_au_unref(au);
        net_pair_settle(p, 5);
    }
    wanted = n;
    bool all = net_pair_run(p, pictures_both_ways, 5000);
    if (!all) {
        print_error("%u and %u of %u pictures\n", p->offerer.pictures->len, p->answerer.pictures->len, n);
    }
    assert_true(all);
    for (unsigned k = 0; k < n; k++) {
        mcu_au *au = picture(codec, k);
        const mcu_au *a = g_ptr_array_index(p->offerer.pictures, k), *b = g_ptr_array_index(p->answerer.pictures, k);
        assert_true(net_same(a, au) && net_same(b, au));
        assert_int_equal(a->keyframe, k == 0);
        mcu_au_unref(au);
    }
}

static void test_h264_and_opus(void **state)
{
    (void)state;
    net_pair *p = connected();
    exchange_pictures(p, MCU_CODEC_H264, 30);
    for (unsigned k = 0; k < 20; k++) {
        mcu_au *au = net_opus(k, 60 + k);
        assert_int_equal(mcu_peer_send_audio(p->offerer.peer, au), MCU_OK);
        assert_int_equal(mcu_peer_send_audio(p->answerer.peer, au), MCU_OK);
        mcu_au_unref(au);
    }
    wanted = 20;
    assert_true(net_pair_run(p, audio_both_ways, 3000));
    for (unsigned k = 0; k < 20; k++) {
        mcu_au *au = net_opus(k, 60 + k);
        const mcu_au *a = g_ptr_array_index(p->offerer.audio, k), *first = g_ptr_array_index(p->offerer.audio, 0);
        assert_true(net_same(a, au));
        assert_int_equal(a->seq - first->seq, k);
        assert_int_equal(a->ts - first->ts, k * 960);
        mcu_au_unref(au);
    }
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
    exchange_pictures(p, MCU_CODEC_VP8, 30);
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
    net_pair *p = connected();
    p->offerer.drop_every = 11;
    p->answerer.drop_every = 13;
    exchange_pictures(p, MCU_CODEC_H264, 100);
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

static bool request_came(net_pair *p)
{
    return p->answerer.keyframe_requests > 0;
}

/* A third of the packets is lost, never three in a row: two copies bring every one of them, once, in order, with its own time. */
static void test_copies_of_audio(void **state)
{
    (void)state;
    enum { PACKETS = 60 };
    net_pair *p = connected();
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
    for (unsigned k = 0; k < PACKETS; k++) {
        mcu_au *au = net_opus(k, 60 + k);
        const mcu_au *a = g_ptr_array_index(p->answerer.audio, k), *first = g_ptr_array_index(p->answerer.audio, 0);
        assert_true(net_same(a, au));
        assert_int_equal(a->seq - first->seq, k);
        assert_int_equal(a->ts - first->ts, k * 960);
        mcu_au_unref(au);
    }
    mcu_peer_stats s;
    mcu_peer_get_stats(p->answerer.peer, &s);
    assert_int_equal(p->answerer.audio->len, PACKETS);
    assert_int_equal(s.audio_in.copies, p->answerer.rtp_dropped);
    assert_int_equal(s.bad_packets, 0);
    net_pair_free(p);
}

static void test_keyframe_request(void **state)
{
    (void)state;
    net_pair *p = connected();
    exchange_pictures(p, MCU_CODEC_H264, 3);
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
    net_pair *p = connected();
    exchange_pictures(p, MCU_CODEC_H264, 3);
    net_pair_settle(p, 100);
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
    net_pair *p = connected();
    exchange_pictures(p, MCU_CODEC_H264, 3);
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

/* ---- negotiation ---- */

static bool restarted(net_pair *p)
{
    return p->offerer.pictures->len >= wanted && p->answerer.pictures->len >= wanted;
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
    exchange_pictures(p, MCU_CODEC_H264, 3);
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

static void test_ice_restart(void **state)
{
    (void)state;
    net_pair *p = connected();
    exchange_pictures(p, MCU_CODEC_H264, 10);
    unsigned changes = p->offerer.state_changes + p->answerer.state_changes;
    char *before = mcu_peer_local_description(p->answerer.peer);
    net_pair_negotiate(p, true, NULL);
    char *after = mcu_peer_local_description(p->answerer.peer);
    const char *u1 = strstr(before, "a=ice-ufrag:"), *u2 = strstr(after, "a=ice-ufrag:");
    assert_non_null(u1);
    assert_non_null(u2);
    assert_true(strncmp(u1, u2, 16) != 0);
    g_free(before);
    g_free(after);
    assert_int_equal(mcu_peer_ice_restarts(p->answerer.peer), 1);
    for (unsigned k = 10; k < 40; k++) { /* goes on while the checks run, and after */
        mcu_au *au = picture(MCU_CODEC_H264, k);
        assert_int_equal(mcu_peer_send_picture(p->offerer.peer, au), MCU_OK);
        assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_OK);
        mcu_au_unref(au);
        net_pair_settle(p, 10);
    }
    wanted = 40;
    assert_true(net_pair_run(p, restarted, 5000));
    assert_int_equal(changes, p->offerer.state_changes + p->answerer.state_changes);
    net_pair_free(p);
}

static char *bad_offer_text(const char *sdp)
{
    (void)sdp;
    return g_strdup("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio x UDP/TLS/RTP/SAVPF 111\r\n");
}

static void test_bad_offer_changes_nothing(void **state)
{
    (void)state;
    net_pair *p = connected();
    exchange_pictures(p, MCU_CODEC_H264, 3);
    char *before = mcu_peer_local_description(p->answerer.peer);
    static const char *const texts[] = {"", "v=0\r\n", "hello", NULL};
    for (unsigned k = 0; texts[k] != NULL; k++) {
        GError *error = NULL;
        assert_null(mcu_peer_answer(p->answerer.peer, texts[k], &error));
        assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_BAD_SDP));
        g_clear_error(&error);
    }
    char *bad = bad_offer_text(before);
    assert_null(mcu_peer_answer(p->answerer.peer, bad, NULL));
    g_free(bad);
    char *after = mcu_peer_local_description(p->answerer.peer);
    assert_string_equal(before, after);
    g_free(before);
    g_free(after);
    assert_true(net_pair_up(p));
    net_pair_free(p);
}

/* Candidates only by trickle: cut out of both descriptions, handed over afterwards. */
static char *without_candidates(const char *sdp, bool is_offer)
{
    (void)is_offer;
    GString *out = g_string_new(NULL);
    gchar **lines = g_strsplit(sdp, "\r\n", -1);
    for (char **l = lines; *l != NULL && **l != '\0'; l++) {
        if (!g_str_has_prefix(*l, "a=candidate:") && !g_str_has_prefix(*l, "a=end-of-candidates")) {
            g_string_append_printf(out, "%s\r\n", *l);
        }
    }
    g_strfreev(lines);
    return g_string_free(out, FALSE);
}

static void trickle(net_end *from, net_end *to)
{
    char *sdp = mcu_peer_local_description(from->peer);
    gchar **lines = g_strsplit(sdp, "\r\n", -1);
    for (char **l = lines; *l != NULL; l++) {
        if (g_str_has_prefix(*l, "a=candidate:")) {
            assert_true(mcu_peer_add_candidate(to->peer, *l + 2, "0", NULL));
        }
    }
    assert_true(mcu_peer_add_candidate(to->peer, "", "0", NULL));
    g_strfreev(lines);
    g_free(sdp);
}

static void test_trickle(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, without_candidates);
    trickle(&p->answerer, &p->offerer);
    trickle(&p->offerer, &p->answerer);
    assert_true(net_pair_run(p, net_pair_up, 10000));
    assert_true(p->offerer.gathered && p->answerer.gathered);
    net_pair_free(p);
}

/* The offerer's candidates never reach the answerer: its checks make them known (a browser behind mDNS names). */
static char *offer_without_candidates(const char *sdp, bool is_offer)
{
    return is_offer ? without_candidates(sdp, true) : g_strdup(sdp);
}

static void test_peer_reflexive(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, offer_without_candidates);
    assert_true(mcu_peer_add_candidate(p->answerer.peer, "candidate:1 1 udp 2113937151 1f6e-a.local 50000 typ host", "0", NULL));
    assert_true(net_pair_run(p, net_pair_up, 10000));
    mcu_peer_stats st;
    mcu_peer_get_stats(p->answerer.peer, &st);
    assert_string_equal(st.remote_candidate, "prflx/udp");
    net_pair_free(p);
}

static char *only_tcp(const char *sdp, bool is_offer)
{
    (void)is_offer;
    GString *out = g_string_new(NULL);
    gchar **lines = g_strsplit(sdp, "\r\n", -1);
    for (char **l = lines; *l != NULL && **l != '\0'; l++) {
        if (!g_str_has_prefix(*l, "a=candidate:") || strstr(*l, " tcp ") != NULL) {
            g_string_append_printf(out, "%s\r\n", *l);
        }
    }
    g_strfreev(lines);
    return g_string_free(out, FALSE);
}

static void test_ice_tcp(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    s.net.ice_tcp = true;
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, only_tcp);
    assert_true(net_pair_run(p, net_pair_up, 10000));
    exchange_pictures(p, MCU_CODEC_H264, 20);
    mcu_peer_stats st;
    mcu_peer_get_stats(p->answerer.peer, &st);
    assert_non_null(strstr(st.local_candidate, "/tcp"));
    net_pair_free(p);
}

static void test_nat_address_and_ports(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    s.net.nat_address = "203.0.113.7";
    s.net.port_min = 41200;
    s.net.port_max = 41299;
    net_pair *p = net_pair_new(&s);
    char *offer = mcu_peer_offer(p->offerer.peer, false, NULL);
    assert_non_null(offer);
    const char *c = strstr(offer, "a=candidate:");
    assert_non_null(c);
    char address[64];
    unsigned port;
    assert_int_equal(sscanf(c, "a=candidate:%*s 1 udp %*u %63s %u", address, &port), 2);
    assert_string_equal(address, "203.0.113.7");
    assert_in_range(port, 41200, 41299);
    assert_null(strstr(offer, "127.0.0.1 "));
    g_free(offer);
    net_pair_free(p);
}

/* ---- how it must fail ---- */

static bool answerer_gone(net_pair *p)
{
    return p->answerer.state == MCU_PEER_GONE;
}

static char *other_fingerprint(const char *sdp, bool is_offer)
{
    char *out = g_strdup(sdp);
    for (char *at = out; is_offer && (at = strstr(at, "a=fingerprint:sha-256 ")) != NULL; at++) {
        char *digit = at + strlen("a=fingerprint:sha-256 ");
        *digit = *digit == '0' ? '1' : '0';
    }
    return out;
}

static void test_wrong_fingerprint(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, other_fingerprint);
    assert_true(net_pair_run(p, answerer_gone, 10000));
    assert_string_equal(p->answerer.why, "fingerprint mismatch");
    assert_int_not_equal(p->offerer.state, MCU_PEER_UP);
    mcu_au *au = net_h264(0, true, 100);
    assert_int_equal(mcu_peer_send_picture(p->answerer.peer, au), MCU_EAGAIN);
    mcu_au_unref(au);
    net_pair_free(p);
}

static char *other_password(const char *sdp, bool is_offer)
{
    (void)is_offer;
    char *out = g_strdup(sdp);
    for (char *at = out; (at = strstr(at, "a=ice-pwd:")) != NULL; at++) {
        at[10] = at[10] == 'x' ? 'y' : 'x';
    }
    return out;
}

static void test_wrong_ice_password(void **state)
{
    (void)state;
    net_pair_setup s = net_pair_defaults();
    net_pair *p = net_pair_new(&s);
    net_pair_negotiate(p, false, other_password);
    net_pair_settle(p, 1000);
    assert_int_equal(p->answerer.state, MCU_PEER_ICE);
    assert_int_equal(p->offerer.state, MCU_PEER_ICE);
    mcu_net_test_advance(p->answerer.net, 30 * MCU_NS_PER_SEC);
    assert_int_equal(p->answerer.state, MCU_PEER_GONE);
    assert_string_equal(p->answerer.why, "ice timeout");
    GError *error = NULL;
    assert_null(mcu_peer_answer(p->answerer.peer, "v=0\r\n", &error));
    assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE));
    g_clear_error(&error);
    net_pair_free(p);
}

static void test_silence(void **state)
{
    (void)state;
    net_pair *p = connected();
    net_pair_settle(p, 50);
    p->answerer.deaf = true;
    mcu_net_test_advance(p->answerer.net, 5 * MCU_NS_PER_SEC);
    assert_int_equal(p->answerer.state, MCU_PEER_STALLED);
    mcu_au *au = net_opus(0, 50);
    p->answerer.deaf = false;
    assert_int_equal(mcu_peer_send_audio(p->offerer.peer, au), MCU_OK);
    wanted = 1;
    net_pair_settle(p, 100);
    mcu_au_unref(au);
    assert_int_equal(p->answerer.state, MCU_PEER_UP);
    p->answerer.deaf = true;
    net_pair_settle(p, 20);
    mcu_net_test_advance(p->answerer.net, 30 * MCU_NS_PER_SEC);
    assert_int_equal(p->answerer.state, MCU_PEER_GONE);
    assert_string_equal(p->answerer.why, "consent expired");
    net_pair_free(p);
}

static void test_close(void **state)
{
    (void)state;
    net_pair *p = connected();
    mcu_peer_free(p->offerer.peer);
    p->offerer.peer = NULL;
    assert_true(net_pair_run(p, answerer_gone, 2000));
    assert_string_equal(p->answerer.why, "closed by the remote");
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
    mcu_peer_on_rtp(p->answerer.peer, packet, n, mcu_now_ns());
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
    exchange_pictures(p, MCU_CODEC_H264, 3);
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
        cmocka_unit_test(test_copies_of_audio),
        cmocka_unit_test(test_keyframe_request),
        cmocka_unit_test(test_no_wakeups_for_nothing),
        cmocka_unit_test(test_remb_bounds_the_queue),
        cmocka_unit_test(test_a_recorded_sender_keeps_its_pace),
        cmocka_unit_test(test_ice_restart),
        cmocka_unit_test(test_bad_offer_changes_nothing),
        cmocka_unit_test(test_trickle),
        cmocka_unit_test(test_peer_reflexive),
        cmocka_unit_test(test_ice_tcp),
        cmocka_unit_test(test_nat_address_and_ports),
        cmocka_unit_test(test_wrong_fingerprint),
        cmocka_unit_test(test_wrong_ice_password),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_close),
        cmocka_unit_test(test_screen_is_a_stream_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
