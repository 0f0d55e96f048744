/* Offers and answers: choices, refusals, re-offers, and our own offer against our own answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/base/status.h"
#include "mcu/net/offer_answer.h"

#define FP                                                                                                                       \
    "a=fingerprint:sha-256 01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08\r\n"
#define FP_OTHER                                                                                                                 \
    "a=fingerprint:sha-256 09:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08\r\n"
#define FP_NULL                                                                                                                  \
    "a=fingerprint:sha-256 00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n"
#define FP_SHA1 "a=fingerprint:sha-1 01:02:03:04:05:06:07:08:01:02:03:04:05:06:07:08:01:02:03:04\r\n"
#define ICE "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
#define HEAD "v=0\r\no=- 5 7 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE a v\r\n"
#define OPUS "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:a\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-mux\r\n"
#define VIDEO(pts) "m=video 9 UDP/TLS/RTP/SAVPF " pts "\r\na=mid:v\r\na=rtcp-mux\r\n"
#define H264(pt, profile) "a=rtpmap:" pt " H264/90000\r\na=fmtp:" pt " packetization-mode=1;profile-level-id=" profile "\r\n"
#define VP8(pt) "a=rtpmap:" pt " VP8/90000\r\n"
#define SETUP "a=setup:actpass\r\n"

static mcu_local make_local(void)
{
    mcu_local l = {.prefer_h264 = true,
                   .send_audio = true,
                   .send_video = true,
                   .recv_audio = true,
                   .recv_video = true,
                   .ice_ufrag = "ours",
                   .ice_pwd = "abcdefghijklmnopqrstuvwx",
                   .fingerprint = {.hash = "sha-256", .size = 32},
                   .audio_ssrc = 1,
                   .video_ssrc = 2,
                   .video_rtx_ssrc = 3,
                   .cname = "c",
                   .stream_id = "s",
                   .session_id = 9,
                   .version = 1};
    memset(l.fingerprint.bytes, 7, 32);
    return l;
}

static char *answer_text(const char *offer, const mcu_local *local, const mcu_negotiated *previous, mcu_negotiated *n,
                         GError **error)
{
    g_autoptr(mcu_sdp) o = mcu_sdp_parse(offer, error);
    return o != NULL ? mcu_answer_make(o, local, previous, n, error) : NULL;
}

static mcu_negotiated answered(const char *offer)
{
    const mcu_local local = make_local();
    mcu_negotiated n;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = answer_text(offer, &local, NULL, &n, &error);
    if (text == NULL) {
        fail_msg("refused: %s", error->message);
    }
    return n;
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"v=0\r\ns=-\r\n", "no m-line"},
        {HEAD OPUS ICE SETUP, "no certificate fingerprint"},
        {HEAD OPUS ICE FP_NULL SETUP, "all zeros"},
        {HEAD OPUS ICE FP_SHA1 SETUP, "sha-256"},
        {HEAD OPUS ICE FP FP_OTHER SETUP, "more than one"},
        {HEAD OPUS ICE FP SETUP VIDEO("96") VP8("96") FP_OTHER, "more than one"},
        {HEAD OPUS FP SETUP, "ice-ufrag"},
        {HEAD OPUS ICE FP, "no a=setup"},
        {HEAD OPUS ICE FP "a=setup:holdconn\r\n", "holdconn"},
        {HEAD OPUS ICE FP SETUP "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n", "SDES"},
        {HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:a\r\na=rtcp-mux\r\n" ICE FP SETUP, "no Opus"},
        {HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=mid:a\r\n" ICE FP SETUP, "rtcp-mux"},
        {HEAD "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\na=mid:a\r\na=rtcp-mux\r\n" ICE FP SETUP,
         "switched off"},
        {HEAD "m=audio 9 RTP/AVP 111\r\na=rtpmap:111 opus/48000/2\r\na=mid:a\r\na=rtcp-mux\r\n" ICE FP SETUP, "DTLS"},
        {HEAD "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:a\r\n" ICE FP SETUP, "there is no audio"},
        {HEAD VIDEO("96") H264("96", "640c1f") ICE FP SETUP, "neither VP8 nor H.264"},
        {HEAD VIDEO("96") "a=rtpmap:96 H264/90000\r\na=fmtp:96 profile-level-id=42e01f\r\n" ICE FP SETUP,
         "neither VP8 nor H.264"},
    };
    const mcu_local local = make_local();
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        mcu_negotiated n = {.n_candidates = 77};
        g_autoptr(GError) error = NULL;
        g_autofree char *text = answer_text(rows[i][0], &local, NULL, &n, &error);
        if (text != NULL) {
            fail_msg("row %u was taken", i);
        }
        assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_BAD_SDP));
        if (strstr(error->message, rows[i][1]) == NULL) {
            fail_msg("row %u: %s", i, error->message);
        }
        assert_int_equal(n.n_candidates, 77);
    }
}

static void test_h264_profiles(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        unsigned mbps; /* their level's: what they do not allow to differ is at most ours */
        const char *answer;
    } rows[] = {{"42e01f", 108000, "42e01f"}, {"42001f", 108000, "42001f"}, {"42c01e", 40500, "42c01e"},
                {"42E034", 108000, "42e01f"}, {"4d801f", 108000, "4d801f"}, {"42f00b", 1485, "42f00b"},
                {"42e00b", 3000, "42e00b"}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *offer = g_strdup_printf(HEAD VIDEO("96") H264("96", "%s") ICE FP SETUP, rows[i].profile);
        const mcu_negotiated n = answered(offer);
        assert_int_equal(n.video.send_codec, MCU_CODEC_H264);
        assert_int_equal(n.video.limits.max_mbps, rows[i].mbps);
        assert_string_equal(n.video.h264_profile, rows[i].answer);
    }
}

#define PMODE "packetization-mode=1;profile-level-id="
static void test_what_they_can_decode(void **state)
{
    (void)state;
    static const struct {
        const char *rtpmap, *fmtp;
        mcu_decode_limits limits;
    } rows[] = {
        {"H264", PMODE "42e034;level-asymmetry-allowed=1", {36864, 2073600, 0, 240000}},
        {"H264", PMODE "42e015;level-asymmetry-allowed=1", {792, 19800, 0, 4000}},
        {"H264", PMODE "42e00d;max-fs=3600;max-mbps=108000", {3600, 108000, 0, 768}},
        {"H264", PMODE "42e01f;max-fs=99;max-br=20000", {3600, 108000, 0, 20000}},
        {"H264", PMODE "42e01f;max-fs=-1;max-mbps=many", {3600, 108000, 0, 14000}},
        {"H264", "packetization-mode=1", {3600, 108000, 0, 14000}},
        {"H264", PMODE "42e00d;level-asymmetry-allowed=1;max-recv-level=e01f", {3600, 108000, 0, 14000}},
        {"H264", PMODE "42e00d;max-recv-level=E01F;level-asymmetry-allowed=1;max-fs=4000", {4000, 108000, 0, 14000}},
        {"H264", PMODE "42e00d;max-recv-level=e01f", {396, 11880, 0, 768}},                            /* one level both ways */
        {"H264", PMODE "42e015;level-asymmetry-allowed=1;max-recv-level=e00d", {792, 19800, 0, 4000}}, /* is none higher */
        {"H264", PMODE "42e00d;level-asymmetry-allowed=1;max-recv-level=1f", {396, 11880, 0, 768}},
        {"H264", PMODE "42e00d;level-asymmetry-allowed=1;max-recv-level=zz1f", {396, 11880, 0, 768}},
        {"VP8", "max-fs=1200;max-fr=30", {1200, 0, 30, 0}},
        {"VP8", "max-fs=0;max-fr=99999999999", {0, 0, 0, 0}},
        {"VP8", "x=1", {0, 0, 0, 0}},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *offer = g_strdup_printf(HEAD VIDEO("96") "a=rtpmap:96 %s/90000\r\na=fmtp:96 %s\r\n" ICE FP SETUP,
                                                 rows[i].rtpmap, rows[i].fmtp);
        const mcu_decode_limits l = answered(offer).video.limits;
        if (memcmp(&l, &rows[i].limits, sizeof(l)) != 0) {
            fail_msg("row %u: %u %u %u %u", i, l.max_mbs, l.max_mbps, l.max_fps, l.max_kbps);
        }
    }
}

static void test_codec_choice(void **state)
{
    (void)state;
    const char *offer =
        HEAD VIDEO("96 97 98 99 100 101") VP8("96") "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n" H264("98", "42001f")
            H264("99", "640c1f") H264("100", "42e01f") "a=rtpmap:101 rtx/90000\r\na=fmtp:101 apt=100\r\n" ICE FP SETUP;
    mcu_negotiated n = answered(offer);
    assert_int_equal(n.video.send_pt, 100);
    assert_int_equal(n.video.send_rtx_pt, 101);
    assert_int_equal(n.video.n_recv_pts, 4);
    assert_int_equal(n.video.recv_pts[0].codec, MCU_CODEC_H264);
    assert_int_equal(n.video.recv_pts[1].apt, 100);
    assert_int_equal(n.video.recv_pts[2].codec, MCU_CODEC_VP8);
    mcu_local local = make_local();
    local.prefer_h264 = false;
    g_autofree char *text = answer_text(offer, &local, NULL, &n, NULL);
    assert_non_null(text);
    assert_int_equal(n.video.send_codec, MCU_CODEC_VP8);
    assert_int_equal(n.video.send_rtx_pt, 97);
    assert_non_null(strstr(text, "m=video 9 UDP/TLS/RTP/SAVPF 96 97 100 101\r\n"));
}

static void test_directions(void **state)
{
    (void)state;
    static const struct {
        const char *offered;
        bool send, recv;
        const char *expect;
        bool we_send, we_recv;
    } rows[] = {
        {"sendrecv", true, true, "a=sendrecv", true, true},   {"sendonly", true, true, "a=recvonly", false, true},
        {"recvonly", true, true, "a=sendonly", true, false},  {"inactive", true, true, "a=inactive", false, false},
        {"sendrecv", false, true, "a=recvonly", false, true}, {"sendrecv", true, false, "a=sendonly", true, false},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *offer = g_strdup_printf(HEAD OPUS ICE FP SETUP "a=%s\r\n", rows[i].offered);
        mcu_local local = make_local();
        mcu_negotiated n;
        local.send_audio = rows[i].send;
        local.recv_audio = rows[i].recv;
        g_autofree char *text = answer_text(offer, &local, NULL, &n, NULL);
        assert_non_null(strstr(text, rows[i].expect));
        assert_int_equal(n.audio.send, rows[i].we_send);
        assert_int_equal(n.audio.recv, rows[i].we_recv);
        assert_int_equal(strstr(text, "a=msid:s s-audio") != NULL, rows[i].we_send);
    }
}

static void test_rejected_lines(void **state)
{
    (void)state;
    const mcu_local local = make_local();
    mcu_negotiated n;
    g_autofree char *text =
        answer_text("v=0\r\no=- 5 7 IN IP4 0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE d a v w\r\n" ICE FP SETUP
                    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:d\r\n" OPUS VIDEO("96")
                        VP8("96") "m=video 9 UDP/TLS/RTP/SAVPF 97\r\na=mid:w\r\na=rtpmap:97 VP8/90000\r\na=rtcp-mux\r\n",
                    &local, NULL, &n, NULL);
    assert_non_null(text);
    assert_non_null(strstr(text, "a=group:BUNDLE a v\r\n"));
    assert_non_null(strstr(text, "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n"));
    assert_non_null(strstr(text, "m=video 0 UDP/TLS/RTP/SAVPF 97\r\n"));
    assert_string_equal(n.bundle_mid, "a");
    assert_int_equal(n.video.index, 2);
}

static void test_setup_roles(void **state)
{
    (void)state;
    assert_true(answered(HEAD OPUS ICE FP SETUP).dtls_client);
    assert_false(answered(HEAD OPUS ICE FP "a=setup:active\r\n").dtls_client);
    assert_true(answered(HEAD OPUS ICE FP "a=setup:passive\r\n").dtls_client);
}

static void test_reoffer(void **state)
{
    (void)state;
    const mcu_local local = make_local();
    const mcu_negotiated first = answered(HEAD OPUS ICE FP "a=setup:active\r\n");
    mcu_negotiated n;
    g_autofree char *same = answer_text(HEAD OPUS ICE FP SETUP, &local, &first, &n, NULL);
    assert_non_null(same);
    assert_false(n.ice_changed || n.dtls_changed);
    assert_false(n.dtls_client); /* roles are kept */
    const char *restart = HEAD OPUS "a=ice-ufrag:wxyz\r\na=ice-pwd:9123456789012345678901\r\n" FP SETUP;
    g_autoptr(mcu_sdp) parsed = mcu_sdp_parse(restart, NULL);
    assert_true(mcu_offer_restarts_ice(parsed, &first));
    g_autofree char *again = answer_text(restart, &local, &first, &n, NULL);
    assert_true(again != NULL && n.ice_changed);
    g_autofree char *other = answer_text(HEAD OPUS ICE FP_OTHER SETUP, &local, &first, &n, NULL);
    assert_true(other != NULL && n.dtls_changed && n.dtls_client);
}

/* aiortc gives id 2 to audio-level in audio and to abs-send-time in video. */
static void test_one_id_two_meanings(void **state)
{
    (void)state;
    const mcu_negotiated n =
        answered(HEAD OPUS ICE FP SETUP "a=extmap:2 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n" VIDEO("96")
                     VP8("96") "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\r\n"
                               "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\n");
    assert_int_equal(n.audio.ext.audio_level, 2);
    assert_int_equal(n.video.ext.abs_send_time, 0);
    assert_int_equal(n.video.ext.mid, 1);
}

static void test_candidates(void **state)
{
    (void)state;
    const mcu_negotiated n =
        answered(HEAD OPUS ICE FP SETUP "a=candidate:0 1 UDP 2122252543 10.77.0.2 53454 typ host\r\n"
                                        "a=candidate:0 2 UDP 2122252542 10.77.0.2 43217 typ host\r\na=end-of-candidates\r\n");
    assert_int_equal(n.n_candidates, 1);
    assert_true(n.end_of_candidates);
    const char *const ours[] = {"candidate:1 1 UDP 5 192.0.2.1 9 typ host", NULL};
    const mcu_local local = make_local();
    mcu_negotiated out;
    g_autofree char *text = answer_text(HEAD OPUS ICE FP SETUP, &local, NULL, &out, NULL);
    assert_null(strstr(text, "a=candidate"));
    g_autofree char *with = mcu_description_with_candidates(text, ours, true);
    assert_non_null(strstr(with, "a=candidate:1 1 UDP 5 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n"));
}

static mcu_negotiated accepted(const mcu_local *local, const char *answer)
{
    mcu_negotiated n = {0};
    g_autoptr(GError) error = NULL;
    g_autoptr(mcu_sdp) s = mcu_sdp_parse(answer, &error);
    if (s == NULL || !mcu_answer_accept(s, local, NULL, &n, &error)) {
        fail_msg("%s\n%s", error->message, answer);
    }
    return n;
}

static void test_both_roles(void **state)
{
    (void)state;
    const mcu_local bot = make_local();
    mcu_local room = make_local();
    room.ice_ufrag = "room";
    room.audio_ssrc = 11;
    room.video_ssrc = 12;
    room.video_rtx_ssrc = 13;
    g_autofree char *offer = mcu_offer_make(&bot);
    mcu_negotiated theirs;
    g_autofree char *answer = answer_text(offer, &room, NULL, &theirs, NULL);
    assert_non_null(answer);
    const mcu_negotiated ours = accepted(&bot, answer);
    assert_int_equal(ours.video.send_codec, MCU_CODEC_H264);
    assert_int_equal(ours.video.send_pt, theirs.video.recv_pts[0].pt);
    assert_int_equal(ours.video.send_rtx_pt, theirs.video.recv_pts[1].pt);
    assert_int_equal(theirs.video.send_pt, ours.video.recv_pts[0].pt);
    assert_int_equal(ours.video.remote_ssrc, 12);
    assert_int_equal(ours.video.remote_rtx_ssrc, 13);
    assert_int_equal(theirs.video.remote_ssrc, 2);
    assert_string_equal(ours.ice_ufrag, "room");
    assert_true(theirs.dtls_client && !ours.dtls_client);
    assert_memory_equal(&ours.video.ext, &theirs.video.ext, sizeof(mcu_ext_ids));
    assert_int_equal(ours.video.fb, MCU_FB_NACK | MCU_FB_PLI | MCU_FB_FIR | MCU_FB_REMB | MCU_FB_TWCC);
    assert_true(ours.audio.opus_fec && ours.audio.send && ours.audio.recv);
}

static void test_bad_answers(void **state)
{
    (void)state;
    const mcu_local bot = make_local();
    const mcu_local room = make_local();
    mcu_negotiated n;
    g_autofree char *offer = mcu_offer_make(&bot);
    g_autofree char *good = answer_text(offer, &room, NULL, &n, NULL);
    static const char *const rows[][3] = {
        {"a=setup:active", "a=setup:actpass", "neither active nor passive"},
        {"a=mid:1", "a=mid:7", "does not belong"},
        {"BUNDLE 0 1", "BUNDLE 0", "BUNDLE"},
        {"a=rtcp-mux\r\n", "", "rtcp-mux"},
        {"opus/48000/2", "opus/16000/1", "no codec"},
        {"m=audio 9", "m=audio 0", NULL},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(GStrv) parts = g_strsplit(good, rows[i][0], -1);
        g_autofree char *bad = g_strjoinv(rows[i][1], parts);
        g_autoptr(GError) error = NULL;
        g_autoptr(mcu_sdp) s = mcu_sdp_parse(bad, &error);
        assert_non_null(s);
        const bool ok = mcu_answer_accept(s, &bot, NULL, &n, &error);
        assert_int_equal(ok, rows[i][2] == NULL);
        if (!ok && strstr(error->message, rows[i][2]) == NULL) {
            fail_msg("row %u: %s", i, error->message);
        }
    }
    mcu_local quiet = bot;
    quiet.recv_video = false;
    g_autoptr(mcu_sdp) s = mcu_sdp_parse(good, NULL);
    assert_false(mcu_answer_accept(s, &quiet, NULL, &n, NULL));
}

#define SCREEN(port, direction)                                                                                                  \
    "m=video " port " UDP/TLS/RTP/SAVPF 96\r\na=mid:s\r\na=rtcp-mux\r\na=" direction "\r\n" VP8("96") "a=ssrc:77 cname:x\r\n"
#define THREE                                                                                                                    \
    "v=0\r\no=- 5 7 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE a v s\r\n" OPUS ICE FP SETUP VIDEO("96") VP8("96")

/* The room takes a second video m-line that sends as a screen, and it keeps its place; nobody else does. */
static void test_screen_beside_the_camera(void **state)
{
    (void)state;
    mcu_local local = make_local();
    mcu_negotiated first, n;
    g_autofree char *without = answer_text(THREE SCREEN("9", "sendonly"), &local, NULL, &n, NULL);
    assert_non_null(strstr(without, "m=video 0 "));
    assert_false(n.content.accepted);
    local.recv_content = true;
    g_autofree char *with = answer_text(THREE SCREEN("9", "sendonly"), &local, NULL, &first, NULL);
    assert_null(strstr(with, "m=video 0 "));
    assert_non_null(strstr(with, "a=group:BUNDLE a v s"));
    assert_non_null(strstr(with, "a=recvonly"));
    assert_true(first.video.recv && first.video.send && first.content.recv && !first.content.send);
    assert_int_equal(first.content.index, 2);
    assert_int_equal(first.content.remote_ssrc, 77);
    g_autofree char *idle = answer_text(THREE SCREEN("9", "inactive"), &local, &first, &n, NULL);
    assert_null(strstr(idle, "m=video 0 "));
    assert_true(n.content.accepted && !n.content.recv);
    g_autofree char *stopped = answer_text(THREE SCREEN("0", "inactive"), &local, &first, &n, NULL);
    assert_non_null(strstr(stopped, "m=video 0 "));
    assert_false(n.content.accepted);
    g_autofree char *watching = answer_text(THREE SCREEN("9", "recvonly"), &local, NULL, &n, NULL);
    assert_non_null(strstr(watching, "m=video 0 "));
}

static void test_screen_outside_the_bundle(void **state)
{
    (void)state;
    mcu_local local = make_local();
    mcu_negotiated n;
    local.recv_content = true;
    g_autofree char *text =
        answer_text(HEAD OPUS ICE FP SETUP VIDEO("96") VP8("96") SCREEN("9", "sendonly"), &local, NULL, &n, NULL);
    assert_non_null(strstr(text, "m=video 0 "));
    assert_true(n.video.accepted && !n.content.accepted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_screen_beside_the_camera),
        cmocka_unit_test(test_screen_outside_the_bundle),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_h264_profiles),
        cmocka_unit_test(test_what_they_can_decode),
        cmocka_unit_test(test_codec_choice),
        cmocka_unit_test(test_directions),
        cmocka_unit_test(test_rejected_lines),
        cmocka_unit_test(test_setup_roles),
        cmocka_unit_test(test_reoffer),
        cmocka_unit_test(test_one_id_two_meanings),
        cmocka_unit_test(test_candidates),
        cmocka_unit_test(test_both_roles),
        cmocka_unit_test(test_bad_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
