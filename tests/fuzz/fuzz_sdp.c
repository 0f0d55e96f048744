/* A stranger's description: parse, print and parse again, answer it, and take it as an answer to our offer. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/net/offer_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const mcu_local local = {
    .prefer_h264 = true,
    .send_audio = true,
    .send_video = true,
    .recv_audio = true,
    .recv_video = true,
    .ice_ufrag = "ours",
    .ice_pwd = "0123456789012345678901",
    .fingerprint = {.hash = "sha-256", .bytes = {1}, .size = 32},
    .audio_ssrc = 1,
    .video_ssrc = 2,
    .video_rtx_ssrc = 3,
    .cname = "c",
    .stream_id = "s",
};

static void answer(const mcu_sdp *s)
{
    mcu_negotiated first;
    mcu_negotiated second;
    g_autofree char *text = mcu_answer_make(s, &local, NULL, &first, NULL);
    if (text == NULL) {
        return;
    }
    /* what we say must be something that we would take, and saying it twice must change nothing */
    g_autoptr(mcu_sdp) ours = mcu_sdp_parse(text, NULL);
    g_autofree char *again = mcu_answer_make(s, &local, &first, &second, NULL);
    if (ours == NULL || again == NULL || second.ice_changed || second.dtls_changed || mcu_offer_restarts_ice(s, &first)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(mcu_sdp) s = mcu_sdp_parse(text, NULL);
    if (s == NULL) {
        return 0;
    }
    g_autofree char *printed = mcu_sdp_print(s);
    g_autoptr(mcu_sdp) same = mcu_sdp_parse(printed, NULL);
    if (same != NULL) {
        g_autofree char *again = mcu_sdp_print(same);
        if (strcmp(printed, again) != 0) {
            abort();
        }
    }
    answer(s);
    mcu_negotiated n;
    g_autoptr(GError) error = NULL;
    if (!mcu_answer_accept(s, &local, NULL, &n, &error) && error == NULL) {
        abort();
    }
    return 0;
}
