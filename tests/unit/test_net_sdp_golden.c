/* Real offers -> our answers as text. TESSERA_GOLDEN_UPDATE=1 writes the answers anew, to be read in the diff. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mcu/net/offer_answer.h"

/* Where each comes from: tests/golden/sdp/README.md. */
static const char *const offers[] = {"chromium-156",    "chromium-156-h264off", "firefox-esr-153",
                                     "aiortc-1.4",      "gstreamer-1.22-h264",  "gstreamer-1.22-vp8",
                                     "safari-15-ios",   "safari-16-macos-play", "safari-17-ios-play",
                                     "safari-17-macos", "chrome-86-android",    "chrome-136-android-play"};

static mcu_local local_of(const char *name)
{
    static const char *const candidates[] = {"candidate:1 1 UDP 2130706431 192.0.2.9 40000 typ host", NULL};
    static const mcu_codec vp8_only[] = {MCU_CODEC_VP8, MCU_CODEC_NONE};
    mcu_local l = {
        .prefer_h264 = true,
        .send_audio = true,
        .send_video = true,
        .recv_audio = true,
        .recv_video = true,
        .ice_ufrag = "ours",
        .ice_pwd = "0123456789012345678901",
        .fingerprint = {.hash = "sha-256", .size = 32},
        .audio_ssrc = 1001,
        .video_ssrc = 1002,
        .video_rtx_ssrc = 1003,
        .cname = "tessera",
        .stream_id = "room",
        .session_id = 42,
        .version = 1,
        .candidates = candidates,
        .end_of_candidates = true,
    };
    memset(l.fingerprint.bytes, 0xab, 32);
    if (g_str_has_suffix(name, "h264off")) {
        l.video_codecs = vp8_only;
    }
    return l;
}

static char *golden_path(const char *name, const char *kind)
{
    return g_strdup_printf("%s/tests/golden/sdp/%s.%s.sdp", TESSERA_SOURCE_DIR, name, kind);
}

static char *answer_to(const char *name)
{
    g_autofree char *stem = g_strndup(name, strlen(name) - (g_str_has_suffix(name, "-h264off") ? strlen("-h264off") : 0));
    g_autofree char *path = golden_path(stem, "offer");
    g_autofree char *text = NULL;
    g_autoptr(GError) error = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_autoptr(mcu_sdp) offer = mcu_sdp_parse(text, &error);
    assert_non_null(offer);
    const mcu_local local = local_of(name);
    mcu_negotiated n;
    char *answer = mcu_answer_make(offer, &local, NULL, &n, &error);
    if (answer == NULL) {
        fail_msg("%s: %s", name, error->message);
    }
    return answer;
}

static void test_answers(void **state)
{
    (void)state;
    for (unsigned i = 0; i < G_N_ELEMENTS(offers); i++) {
        g_autofree char *answer = answer_to(offers[i]);
        g_autofree char *path = golden_path(offers[i], "answer");
        g_autofree char *golden = NULL;
        if (getenv("TESSERA_GOLDEN_UPDATE") != NULL) {
            assert_true(g_file_set_contents(path, answer, -1, NULL));
        }
        if (!g_file_get_contents(path, &golden, NULL, NULL)) {
            fail_msg("%s is missing", path);
        }
        if (strcmp(golden, answer) != 0) {
            fail_msg("%s differs, we now say:\n%s", path, answer);
        }
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < G_N_ELEMENTS(offers); i++) {
        g_autofree char *answer = answer_to(offers[i]);
        g_autoptr(mcu_sdp) once = mcu_sdp_parse(answer, NULL);
        assert_non_null(once);
        g_autofree char *again = mcu_sdp_print(once);
        assert_string_equal(answer, again);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers), cmocka_unit_test(test_round_trip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
