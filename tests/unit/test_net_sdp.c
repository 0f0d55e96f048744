/* The SDP parser: what is read, what is refused, what survives print and parse. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/base/status.h"
#include "mcu/net/sdp.h"

#define HEAD "v=0\r\no=- 5 7 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
#define AUDIO "m=audio 9 UDP/TLS/RTP/SAVPF 111 0 110\r\n"

static mcu_sdp *parse_file(const char *name)
{
    g_autofree char *path = g_strdup_printf("%s/tests/golden/sdp/%s.offer.sdp", TESSERA_SOURCE_DIR, name);
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    mcu_sdp *s = mcu_sdp_parse(text, NULL);
    assert_non_null(s);
    return s;
}

static void test_chromium(void **state)
{
    (void)state;
    g_autoptr(mcu_sdp) s = parse_file("chromium-156");
    assert_int_equal(s->n_media, 2);
    assert_string_equal(s->bundle, "0 1");
    assert_true(s->extmap_allow_mixed);
    const mcu_sdp_media *a = &s->media[0];
    assert_int_equal(a->kind, MCU_SDP_AUDIO);
    assert_int_equal(a->n_formats, 8);
    assert_int_equal(a->formats[0].fb, MCU_FB_TWCC);
    assert_int_equal(a->formats[0].channels, 2);
    assert_string_equal(a->formats[0].fmtp, "minptime=10;useinbandfec=1");
    assert_int_equal(a->sources[0].ssrc, 1824676258);
    assert_string_equal(a->sources[0].cname, "X9SPOoDXBm3vsv8G");
    assert_int_equal(a->n_candidates, 2);
    assert_int_equal(a->transport.fingerprints[0].size, 32);
    assert_int_equal(a->transport.fingerprints[0].bytes[0], 0x19);
    const mcu_sdp_media *v = &s->media[1];
    assert_int_equal(v->n_formats, 23);
    assert_int_equal(v->n_sources, 1);
    assert_int_equal(v->sources[0].ssrc, 2670341596u);
    assert_int_equal(v->sources[0].rtx_ssrc, 4001242936u);
    assert_int_equal(mcu_sdp_format_by_pt(v, 109)->apt, 108);
    assert_int_equal(mcu_sdp_format_by_pt(v, 39)->fb, MCU_FB_NACK | MCU_FB_PLI | MCU_FB_FIR | MCU_FB_REMB | MCU_FB_TWCC);
}

static void test_firefox(void **state)
{
    (void)state;
    g_autoptr(mcu_sdp) s = parse_file("firefox-esr-153");
    const mcu_sdp_media *a = &s->media[0];
    assert_int_equal(a->transport.n_fingerprints, 1); /* from session level */
    assert_true(a->transport.trickle && a->transport.end_of_candidates);
    assert_int_equal(a->extmaps[1].direction, MCU_DIR_RECVONLY);
    assert_int_equal(a->n_candidates, 4);
    assert_false(a->rtcp_rsize);
    assert_true(s->media[1].rtcp_rsize);
    assert_int_equal(s->media[1].sources[0].rtx_ssrc, 1470369838);
}

/* The printed form has only what the struct has, so printing what was parsed from it must give the same text. */
static void test_round_trip(void **state)
{
    (void)state;
    static const char *const names[] = {"chromium-156", "firefox-esr-153", "aiortc-1.4", "gstreamer-1.22-h264",
                                        "safari-17-macos"};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(mcu_sdp) first = parse_file(names[i]);
        g_autofree char *text = mcu_sdp_print(first);
        g_autoptr(mcu_sdp) second = mcu_sdp_parse(text, NULL);
        assert_non_null(second);
        g_autofree char *again = mcu_sdp_print(second);
        assert_string_equal(text, again);
        assert_int_equal(first->n_media, second->n_media);
    }
}

static void test_details(void **state)
{
    (void)state;
    g_autoptr(mcu_sdp) s =
        mcu_sdp_parse(HEAD "a=recvonly\n" AUDIO "a=fmtp:111 x=1; UseInbandFec=1 ;stereo=0\r\n"
                           "a=rtpmap:111 OPUS/48000/2\r\na=rtcp-fb:* transport-cc\r\na=extmap:4097 urn:x\r\n"
                           "a=extmap:3/sendonly urn:y attr=1\r\na=ssrc:9 msid:a b\r\na=unknown:1\r\nb=AS:1\r\n",
                      NULL);
    assert_non_null(s);
    const mcu_sdp_media *m = &s->media[0];
    char value[8];
    assert_int_equal(m->direction, MCU_DIR_RECVONLY);
    assert_true(mcu_sdp_fmtp_get(m->formats[0].fmtp, "useinbandfec", value, sizeof(value)));
    assert_string_equal(value, "1");
    assert_false(mcu_sdp_fmtp_get(m->formats[0].fmtp, "inbandfec", value, sizeof(value)));
    assert_false(mcu_sdp_fmtp_get("key=12345678", "key", value, sizeof(value)));
    assert_string_equal(m->formats[1].name, "PCMU");
    assert_string_equal(m->formats[2].name, "");
    assert_int_equal(m->formats[2].fb, MCU_FB_TWCC);
    assert_int_equal(m->n_extmaps, 1);
    assert_string_equal(m->extmaps[0].uri, "urn:y");
    assert_string_equal(m->sources[0].cname, "");
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", "empty"},
        {"hello", "v=0"},
        {"v=0\r\nnonsense\r\n", "letter=value"},
        {"v=0\r\no=- x 1 IN IP4 0\r\n", "session number"},
        {HEAD "m=audio 99999 RTP/SAVPF 0\r\n", "bad port"},
        {HEAD "m=audio 9\r\n", "no protocol"},
        {HEAD "m=audio 9 UDP/TLS/RTP/SAVPF\r\n", "no payload types"},
        {HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 128\r\n", "up to 127"},
        {HEAD "m=audio 9 UDP/TLS/RTP/SAVPF 1x\r\n", "up to 127"},
        {HEAD AUDIO "a=rtpmap:111 opus\r\n", "clock rate"},
        {HEAD AUDIO "a=rtpmap:111 opus/0\r\n", "clock rate"},
        {HEAD AUDIO "a=rtpmap:111 opus/99999999999999999999999\r\n", "clock rate"},
        {HEAD AUDIO "a=extmap:x urn:a\r\n", "extmap"},
        {HEAD AUDIO "a=extmap:3/both urn:a\r\n", "direction"},
        {HEAD AUDIO "a=ssrc:4294967296 cname:x\r\n", "ssrc"},
        {HEAD AUDIO "a=fingerprint:sha-256 zz\r\n", "fingerprint"},
        {HEAD AUDIO "a=fingerprint:sha-256 AA:BB:\r\n", "fingerprint"},
        {HEAD AUDIO "a=fingerprint:sha-256\r\n", "fingerprint"},
        {HEAD AUDIO "a=ice-ufrag:abc\r\n", "ice-ufrag"},
        {HEAD AUDIO "a=ice-pwd:tooshort\r\n", "ice-pwd"},
        {HEAD AUDIO "a=setup:maybe\r\n", "setup"},
        {HEAD AUDIO "a=mid:a b\r\n", "one word"},
        {HEAD AUDIO "a=mid:0\r\n" AUDIO "a=mid:0\r\n", "same mid"},
        {HEAD AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO AUDIO, "8 m-lines"},
        {HEAD AUDIO "a=mid:\x1b[2J\r\n", "control character"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(mcu_sdp) s = mcu_sdp_parse(rows[i][0], &error);
        assert_null(s);
        assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_BAD_SDP));
        if (strstr(error->message, rows[i][1]) == NULL) {
            fail_msg("row %u: %s", i, error->message);
        }
    }
}

static mcu_sdp *parse_repeated(const char *line, unsigned times, GError **error)
{
    g_autoptr(GString) text = g_string_new(HEAD AUDIO);
    for (unsigned i = 0; i < times; i++) {
        g_string_append(text, line);
    }
    return mcu_sdp_parse(text->str, error);
}

static void test_bounds(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    assert_null(parse_repeated("a=x\r\n", MCU_SDP_MAX_LINES + 1, &error));
    assert_non_null(strstr(error->message, "too many lines"));
    g_clear_error(&error);
    assert_null(parse_repeated(
        "a=12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890\r\n",
        MCU_SDP_MAX_BYTES / 100, &error));
    assert_non_null(strstr(error->message, "longer than"));
    g_autoptr(mcu_sdp) s = parse_repeated("a=candidate:1 1 UDP 1 192.0.2.1 9 typ host\r\n", 100, NULL);
    assert_int_equal(s->media[0].n_candidates, MCU_SDP_MAX_CANDIDATES);
    g_autoptr(mcu_sdp) one = parse_repeated("a=ssrc:5 cname:x\r\n", 100, NULL);
    assert_int_equal(one->media[0].n_sources, 1);
}

/* Every prefix of a real offer is parsed or refused, never worse. */
static void test_truncated(void **state)
{
    (void)state;
    g_autofree char *path = g_strdup_printf("%s/tests/golden/sdp/chromium-156.offer.sdp", TESSERA_SOURCE_DIR);
    g_autofree char *text = NULL;
    gsize size = 0;
    assert_true(g_file_get_contents(path, &text, &size, NULL));
    for (gsize n = size; n > 0; n -= n > 7 ? 7 : n) {
        text[n] = '\0';
        mcu_sdp_free(mcu_sdp_parse(text, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chromium),  cmocka_unit_test(test_firefox), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_details),   cmocka_unit_test(test_refused), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
