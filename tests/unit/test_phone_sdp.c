/* Offers and answers of calls, as trunks and telephones write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "signaling/phone/call_sdp.h"

#define HEAD "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd" /* bytes 0 to 29 */
#define SUITE "AES_CM_128_HMAC_SHA1_80"

static tel_local local(tel_srtp_policy srtp)
{
    tel_local l = {.address = "198.51.100.1",
                   .port = 30000,
                   .srtp = srtp,
                   .session = 5,
                   .codecs = {MCU_CODEC_OPUS, MCU_CODEC_G722, MCU_CODEC_PCMU, MCU_CODEC_PCMA}};
    memset(l.key, 0x5a, sizeof l.key);
    return l;
}

static char *answer(tel_srtp_policy srtp, const char *offer, tel_agreed *a)
{
    tel_local l = local(srtp);
    return tel_sdp_answer(&l, offer, strlen(offer), MCU_CODEC_NONE, a, NULL);
}

static void a_clear_offer_is_answered_where_that_is_configured(void **state)
{
    const char *offer = HEAD "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:40\r\n";
    tel_agreed a;
    (void)state;
    g_autofree char *text = answer(TEL_SRTP_CLEAR, offer, &a);
    assert_non_null(text);
    assert_int_equal(a.codec, MCU_CODEC_PCMU);
    assert_int_equal(a.pt_in, 0);
    assert_int_equal(a.event_pt, 101);
    assert_int_equal(a.ptime_ms, 40);
    assert_false(a.secure || a.hold || a.rtcp_mux);
    assert_int_equal(ntohs(a.remote.v4.sin_port), 4000);
    assert_non_null(strstr(text, "m=audio 30000 RTP/AVP 0 101\r\n"));
    assert_non_null(strstr(text, "c=IN IP4 198.51.100.1\r\n"));
    assert_non_null(strstr(text, "a=sendrecv\r\n"));
    assert_null(strstr(text, "crypto"));
    assert_null(answer(TEL_SRTP_REQUIRED, offer, &a)); /* 488 */
}

static void a_key_is_read_and_ours_is_given(void **state)
{
    const char *offer = HEAD "m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:" KEY KEY "\r\n"
                             "a=crypto:7 " SUITE " inline:" KEY "|2^31\r\n";
    tel_agreed a;
    (void)state;
    g_autofree char *text = answer(TEL_SRTP_REQUIRED, offer, &a);
    assert_non_null(text);
    assert_true(a.secure);
    for (unsigned i = 0; i < MCU_LEG_KEY_SIZE; i++) {
        assert_int_equal(a.key_in[i], i);
    }
    assert_non_null(strstr(text, "RTP/SAVP 8\r\n"));
    assert_non_null(strstr(text, "a=crypto:7 " SUITE " inline:WlpaWlpa"));
    g_autofree char *insists = answer(TEL_SRTP_CLEAR, offer, &a); /* a trunk that is clear may still do better */
    assert_non_null(insists);
    assert_true(a.secure);
}

static void keys_that_cannot_be_used_are_refused(void **state)
{
    static const char *const lines[] = {
        "a=crypto:1 " SUITE " inline:AAAA\r\n",
        "a=crypto:1 " SUITE " inline:" KEY "|2^20|1:4\r\n",
        "a=crypto:1 " SUITE " inline:" KEY ";inline:" KEY "\r\n",
        "a=crypto:1 " SUITE " inline:" KEY " UNENCRYPTED_SRTP\r\n",
        "a=crypto:0 " SUITE " inline:" KEY "\r\n",
        "a=crypto:1 AES_CM_128_HMAC_SHA1_32 inline:" KEY "\r\n",
        "a=crypto:\r\n",
        "",
    };
    (void)state;
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        tel_agreed a;
        g_autofree char *offer = g_strconcat(HEAD "m=audio 4000 RTP/SAVP 0\r\n", lines[i], NULL);
        assert_null(answer(TEL_SRTP_REQUIRED, offer, &a));
        assert_null(answer(TEL_SRTP_CLEAR, offer, &a));
    }
}

static void hold_is_seen_in_each_of_its_forms(void **state)
{
    static const struct {
        const char *text, *mode;
        bool hold;
    } rows[] = {
        {HEAD "m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n", "a=recvonly\r\n", true},
        {HEAD "m=audio 4000 RTP/AVP 0\r\na=inactive\r\n", "a=inactive\r\n", true},
        {HEAD "a=inactive\r\nm=audio 4000 RTP/AVP 0\r\n", "a=inactive\r\n", true},
        {HEAD "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n", "a=recvonly\r\n", true},
        {HEAD "m=audio 4000 RTP/AVP 0\r\na=recvonly\r\n", "a=sendonly\r\n", false},
        {HEAD "m=audio 4000 RTP/AVP 0\r\n", "a=sendrecv\r\n", false},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        tel_agreed a;
        g_autofree char *text = answer(TEL_SRTP_CLEAR, rows[i].text, &a);
        assert_non_null(text);
        assert_int_equal(a.hold, rows[i].hold);
        assert_non_null(strstr(text, rows[i].mode));
    }
}

static void what_is_not_audio_is_refused_line_by_line(void **state)
{
    const char *offer =
        HEAD "m=video 5000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\nm=audio 4000 RTP/AVP 9 96\r\na=rtpmap:96 opus/48000/2\r\n"
             "m=image 6000 udptl t38\r\n";
    tel_agreed a;
    (void)state;
    g_autofree char *text = answer(TEL_SRTP_CLEAR, offer, &a);
    assert_non_null(text);
    assert_int_equal(a.codec, MCU_CODEC_OPUS); /* ours comes first, whatever theirs is */
    const char *video = strstr(text, "m=video 0 RTP/AVP 96\r\n"), *audio = strstr(text, "m=audio 30000 RTP/AVP 96\r\n"),
               *image = strstr(text, "m=image 0 udptl t38\r\n");
    assert_true(video && audio && image && video < audio && audio < image);
}

static void nothing_that_fits_is_488(void **state)
{
    static const char *const offers[] = {
        HEAD "m=audio 4000 RTP/AVP 18\r\n",
        HEAD "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
        HEAD "m=audio 0 RTP/AVP 0\r\n",
        HEAD "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n",
        "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 host.example\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
        "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 239.1.1.1/5\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n",
        "v=0\r\n",
        "\r\n",
        "",
        "GET / HTTP/1.1\r\n\r\n",
    };
    (void)state;
    for (unsigned i = 0; i < sizeof offers / sizeof *offers; i++) {
        tel_agreed a;
        assert_null(answer(TEL_SRTP_CLEAR, offers[i], &a));
    }
}

static void the_codec_in_use_stays(void **state)
{
    const char *offer = HEAD "m=audio 4000 RTP/AVP 9 0 8\r\n";
    tel_agreed a;
    tel_local l = local(TEL_SRTP_CLEAR);
    (void)state;
    g_autofree char *text = tel_sdp_answer(&l, offer, strlen(offer), MCU_CODEC_PCMA, &a, NULL);
    assert_int_equal(a.codec, MCU_CODEC_PCMA);
    g_autofree char *again = tel_sdp_answer(&l, offer, strlen(offer), MCU_CODEC_PCMA, &a, NULL);
    assert_non_null(strstr(text, "o=- 5 1 ")); /* each text has a version of its own */
    assert_non_null(strstr(again, "o=- 5 2 "));
}

static void two_of_ours_understand_each_other(void **state)
{
    (void)state;
    for (int policy = TEL_SRTP_REQUIRED; policy <= TEL_SRTP_CLEAR; policy++) {
        tel_local one = local((tel_srtp_policy)policy), two = local((tel_srtp_policy)policy);
        tel_agreed a, b;
        memset(one.key, 1, sizeof one.key);
        g_autofree char *offer = tel_sdp_offer(&one);
        g_autofree char *text = tel_sdp_answer(&two, offer, strlen(offer), MCU_CODEC_NONE, &b, NULL);
        assert_non_null(text);
        assert_true(tel_sdp_take_answer(&one, text, strlen(text), &a, NULL));
        assert_int_equal(a.codec, MCU_CODEC_OPUS);
        assert_int_equal(b.codec, MCU_CODEC_OPUS);
        assert_true(a.rtcp_mux && b.rtcp_mux);
        assert_int_equal(a.secure, policy == TEL_SRTP_REQUIRED);
        if (a.secure) {
            assert_memory_equal(a.key_in, two.key, MCU_LEG_KEY_SIZE);
            assert_memory_equal(b.key_in, one.key, MCU_LEG_KEY_SIZE);
        }
    }
}

#define AUDIO "m=audio 4000 RTP/AVP 0\r\n"

static void pictures_are_taken_in_the_best_form_that_is_offered(void **state)
{
    static const struct {
        const char *lines, *answer;
        uint8_t pt;
        bool whole_units, pli, fir;
        unsigned max_mbs, max_kbps;
    } rows[] = {
        {"m=video 4002 RTP/AVP 99 97\r\na=rtpmap:99 H264/90000\r\na=fmtp:99 profile-level-id=42801e\r\na=rtpmap:97 H264/90000\r\n"
         "a=fmtp:97 profile-level-id=42801e;packetization-mode=1\r\na=rtcp-fb:* nack pli\r\n",
         "m=video 30002 RTP/AVP 97\r\nb=AS:1024\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 "
         "profile-level-id=42801e;packetization-mode=1\r\n"
         "a=rtcp-fb:97 nack pli\r\na=sendrecv\r\n",
         97, false, true, false, 1620, 10000},
        {"m=video 4002 RTP/AVP 34 99\r\nb=TIAS:48000\r\na=rtpmap:34 H263/90000\r\na=rtpmap:99 H264/90000\r\n",
         "packetization-mode=0", 99, true, false, false, 99, 48},
        {"m=video 4002 RTP/AVP 97\r\nb=AS:384\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=1; "
         "profile-level-id=42e00d;"
         "max-fs=3600; max-mbps=108000;level-asymmetry-allowed=1\r\na=rtcp-fb:97 ccm fir\r\na=recvonly\r\n",
         "a=fmtp:97 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1\r\na=rtcp-fb:97 ccm "
         "fir\r\na=sendonly\r\n",
         97, false, false, true, 3600, 384},
        {"m=video 4002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=1;profile-level-id=42e00d;"
         "max-recv-level=e01f;level-asymmetry-allowed=1\r\n",
         "profile-level-id=42e01f", 97, false, false, false, 3600, 14000},
        {"m=video 4002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 profile-level-id=64001f;packetization-mode=1\r\n",
         "m=video 0 RTP/AVP 97\r\n", 0, false, false, false, 0, 0}, /* not baseline */
        {"m=video 4002 RTP/AVP 97\r\na=rtpmap:97 H264/90000\r\na=fmtp:97 packetization-mode=2\r\n", "m=video 0 ", 0, false, false,
         false, 0, 0},
        {"m=video 4002 RTP/AVP 34\r\na=rtpmap:34 H263/90000\r\n", "m=video 0 ", 0, false, false, false, 0, 0},
        {"m=video 4002 RTP/SAVP 97\r\na=rtpmap:97 H264/90000\r\n", "m=video 0 ", 0, false, false, false, 0,
         0}, /* without a key */
    };
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        tel_local l = local(TEL_SRTP_CLEAR);
        tel_agreed a;
        l.video_port = 30002;
        g_autofree char *offer = g_strconcat(HEAD AUDIO, rows[i].lines, NULL);
        g_autofree char *text = tel_sdp_answer(&l, offer, strlen(offer), MCU_CODEC_NONE, &a, NULL);
        if (!text || !strstr(text, rows[i].answer) || a.video.pt != rows[i].pt) {
            fail_msg("row %zu: %s", i, text);
        }
        assert_int_equal(a.video.whole_units, rows[i].whole_units);
        assert_int_equal(a.video.pli, rows[i].pli);
        assert_int_equal(a.video.fir, rows[i].fir);
        assert_int_equal(a.video.max_mbs, rows[i].max_mbs);
        assert_int_equal(a.video.max_kbps, rows[i].max_kbps);
        l.video_port = 0;
        g_autofree char *without = tel_sdp_answer(&l, offer, strlen(offer), MCU_CODEC_NONE, &a, NULL);
        assert_non_null(strstr(without, "m=video 0 ")); /* the trunk has no video endpoints */
    }
}

static void profiles_with_feedback_are_answered_in_kind(void **state)
{
    const char *offer = HEAD "m=audio 4000 RTP/AVPF 8 101\r\na=rtpmap:101 telephone-event/8000\r\nm=application 4006 udp wb\r\n"
                             "m=video 4002 RTP/SAVPF 97\r\na=rtpmap:97 H264/90000\r\na=rtcp-fb:97 nack pli\r\na=crypto:1 " SUITE
                             " inline:" KEY "\r\n";
    tel_local l = local(TEL_SRTP_CLEAR);
    tel_agreed a;
    (void)state;
    l.video_port = 30002;
    g_autofree char *text = tel_sdp_answer(&l, offer, strlen(offer), MCU_CODEC_NONE, &a, NULL);
    assert_non_null(text);
    assert_non_null(strstr(text, "m=audio 30000 RTP/AVPF 8 101\r\n"));
    assert_non_null(strstr(text, "m=video 30002 RTP/SAVPF 97\r\n"));
    assert_true(a.event_pt == 101 && !a.secure && a.video.secure && a.video.pli && a.video.pt == 97);
}

static void what_is_no_token_in_a_media_line_is_refused_at_once(void **state)
{
    static const char *const lines[] = {"m=audio 4000 RT /AVPF 0\r\n", "m=audio 4000 X /\r", "m=audio 4000 RT;/AVP 0\r\n",
                                        "m=audio 4000 RTP/AVP 0\rm=x 1 y (\r", "m=image 9 udptl t38\r\nm=audio 4000 udp @\r\n"};
    tel_agreed a;
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autofree char *offer = g_strconcat(HEAD, lines[i], NULL);
        assert_null(answer(TEL_SRTP_CLEAR, offer, &a));
    }
}

/* Each byte of an offer in turn becomes others, or the end: what is answered can be read, and nothing is read beyond the text. */
static void damaged_descriptions_are_answered_or_refused(void **state)
{
    const char *offer =
        HEAD "m=audio 4000 RTP/AVPF 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=rtcp:4001\r\na=ptime:20\r\n"
             "m=video 4002 RTP/SAVPF 99 97\r\nb=AS:384\r\nb=TIAS:300000\r\na=rtpmap:97 H264/90000\r\na=rtpmap:99 H264/90000\r\n"
             "a=fmtp:97 profile-level-id=42e01e;packetization-mode=1;max-fs=3600\r\na=rtcp-fb:* ccm fir\r\na=crypto:1 " SUITE
             " inline:" KEY "\r\na=sendonly\r\n";
    static const char values[] = {' ', '\n', '\r', '=', ':', ';', '9', '-', 'm', '\x7f', '\xff'};
    size_t n = strlen(offer);
    unsigned answered = 0;
    (void)state;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k <= sizeof values; k++) {
            size_t size = k < sizeof values ? n : i;
            g_autofree char *copy = g_memdup2(offer, MAX(size, 1)); /* ends where it ends */
            if (k < sizeof values) {
                copy[i] = values[k];
            }
            tel_local l = local(TEL_SRTP_CLEAR);
            tel_agreed a, again;
            l.video_port = 30002;
            g_autofree char *answer_text = tel_sdp_answer(&l, copy, size, MCU_CODEC_NONE, &a, NULL);
            if (answer_text) {
                answered++;
                assert_true(a.video.pt == 0 || a.video.remote.any.sa_family != AF_UNSPEC);
                (void)tel_sdp_take_answer(&l, answer_text, strlen(answer_text), &again, NULL);
            }
        }
    }
    assert_in_range(answered, n, n * (sizeof values + 1) - 1);
}

static void two_of_ours_see_each_other(void **state)
{
    (void)state;
    for (int policy = TEL_SRTP_REQUIRED; policy <= TEL_SRTP_CLEAR; policy++) {
        tel_local one = local((tel_srtp_policy)policy), two = local((tel_srtp_policy)policy);
        tel_agreed a, b;
        one.video_port = two.video_port = 30002;
        memset(one.video_key, 1, sizeof one.video_key);
        memset(two.video_key, 2, sizeof two.video_key);
        g_autofree char *offer = tel_sdp_offer(&one);
        g_autofree char *text = tel_sdp_answer(&two, offer, strlen(offer), MCU_CODEC_NONE, &b, NULL);
        assert_non_null(text);
        assert_true(tel_sdp_take_answer(&one, text, strlen(text), &a, NULL));
        assert_true(a.video.pt == 97 && b.video.pt == 97 && a.video.send && a.video.recv && a.video.pli && a.video.fir);
        assert_int_equal(a.video.secure, policy == TEL_SRTP_REQUIRED);
        if (a.video.secure) {
            assert_memory_equal(a.video.key_in, two.video_key, MCU_LEG_KEY_SIZE);
            assert_memory_equal(b.video.key_in, one.video_key, MCU_LEG_KEY_SIZE);
            assert_memory_equal(a.video.key_out, one.video_key, MCU_LEG_KEY_SIZE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clear_offer_is_answered_where_that_is_configured),
        cmocka_unit_test(a_key_is_read_and_ours_is_given),
        cmocka_unit_test(keys_that_cannot_be_used_are_refused),
        cmocka_unit_test(hold_is_seen_in_each_of_its_forms),
        cmocka_unit_test(what_is_not_audio_is_refused_line_by_line),
        cmocka_unit_test(nothing_that_fits_is_488),
        cmocka_unit_test(the_codec_in_use_stays),
        cmocka_unit_test(two_of_ours_understand_each_other),
        cmocka_unit_test(pictures_are_taken_in_the_best_form_that_is_offered),
        cmocka_unit_test(profiles_with_feedback_are_answered_in_kind),
        cmocka_unit_test(what_is_no_token_in_a_media_line_is_refused_at_once),
        cmocka_unit_test(damaged_descriptions_are_answered_or_refused),
        cmocka_unit_test(two_of_ours_see_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
