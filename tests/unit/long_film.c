/* tessera-longfilm GATEWAY.key RECORDING.pub RECORDING ROOM FILE SECONDS: a whole sealed segment of that length, made on a
 * stepped clock by the recorder itself: a keyframe every 4 s, 25 pictures and 50 packets a second. For tests that seek in hours.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/hex.h"
#include "mixer/venc.h"
#include "tests/unit/recording_kit.h"

#define GOP 100
#define TICK_MS 40

static bool read_key(const char *path, uint8_t key[32])
{
    g_autofree char *text = NULL;
    return g_file_get_contents(path, &text, NULL, NULL) && mcu_unhex(g_strstrip(text), key, 32);
}

static bool keys(kit_keys *k, char **arguments)
{
    rec_header *h = &k->config.header;
    kit_keys_make(k);
    if (!read_key(arguments[0], k->gateway) || !read_key(arguments[1], k->config.recipient)) {
        return false;
    }
    g_strlcpy(h->recording, arguments[2], sizeof h->recording);
    g_strlcpy(h->room, arguments[3], sizeof h->room);
    g_strlcpy(h->certificate.recording, arguments[2], sizeof h->certificate.recording);
    g_strlcpy(h->certificate.room, arguments[3], sizeof h->certificate.room);
    return mcu_room_certificate_sign(&h->certificate, k->gateway);
}

/* A bar that moves over grey: 4 seconds of it, coded once, are the whole film. */
static bool encode(mcu_au *gop[GOP])
{
    const mix_venc_type *type = mix_venc_for(MCU_CODEC_H264);
    const mix_venc_config config = {1280, 720, 25, 1200000, "ultrafast"};
    mix_venc *encoder = type->open(&config, NULL);
    bool ok = encoder != NULL;
    for (int i = 0; ok && i < GOP; i++) {
        mcu_frame *f = mcu_frame_new(1280, 720);
        for (int plane = 0; plane < 3; plane++) {
            int width = plane == 0 ? 1280 : 640, height = plane == 0 ? 720 : 360;
            for (int y = 0; y < height; y++) {
                memset(f->plane[plane] + (ptrdiff_t)y * f->stride[plane], plane == 0 ? 90 : 128, (size_t)width);
                if (plane == 0) {
                    memset(f->plane[0] + (ptrdiff_t)y * f->stride[0] + i * 12, 200, 48);
                }
            }
        }
        gop[i] = type->encode(encoder, f, i == 0);
        ok = gop[i] != NULL && gop[i]->keyframe == (i == 0);
        mcu_frame_unref(f);
    }
    if (encoder != NULL) {
        type->close(encoder);
    }
    return ok;
}

static void feed(rec_writer *w, mcu_au *const gop[GOP], unsigned seconds)
{
    static const uint8_t silence[] = {0xf8, 0xff, 0xfe}; /* 20 ms of nothing, CELT */
    for (unsigned ms = 0; ms < seconds * 1000; ms += TICK_MS / 2) {
        if (ms % TICK_MS == 0) {
            unsigned n = ms / TICK_MS;
            mcu_au *picture = mcu_au_new_copy(gop[n % GOP]->data, gop[n % GOP]->size);
            picture->codec = MCU_CODEC_H264;
            picture->keyframe = n % GOP == 0;
            picture->width_px = 1280;
            picture->height_px = 720;
            picture->time_ns = KIT_START_NS + (int64_t)ms * MCU_NS_PER_MS;
            kit_item(w, (rec_item){.kind = REC_ITEM_PICTURE, .au = picture, .fd = -1});
        }
        mcu_au *packet = mcu_au_new_copy(silence, sizeof silence);
        packet->codec = MCU_CODEC_OPUS;
        packet->time_ns = KIT_START_NS + (int64_t)(ms + 7) * MCU_NS_PER_MS;
        kit_item(w, (rec_item){.kind = REC_ITEM_SOUND, .au = packet, .fd = -1});
    }
}

int main(int argc, char **argv)
{
    kit_keys k;
    kit_said said = {0};
    mcu_au *gop[GOP] = {NULL};
    if (argc != 7 || !keys(&k, argv + 1) || !encode(gop)) {
        fputs("tessera-longfilm: GATEWAY.key RECORDING.pub RECORDING ROOM FILE SECONDS\n", stderr);
        return 2;
    }
    rec_writer *w = rec_writer_new(&k.config, &kit_callbacks, &said);
    rec_item file = {.kind = REC_ITEM_FILE, .fd = open(argv[5], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    g_strlcpy(file.text, "film", sizeof file.text);
    kit_item(w, file);
    kit_item(w, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    feed(w, gop, (unsigned)strtoul(argv[6], NULL, 10));
    kit_item(w, (rec_item){.kind = REC_ITEM_END, .flag = true, .text = "stop", .fd = -1});
    bool whole = kit_count(&said, "ended") == 1 && kit_count(&said, "error") == 0;
    rec_writer_free(w);
    kit_said_clear(&said);
    for (int i = 0; i < GOP; i++) {
        mcu_au_unref(gop[i]);
    }
    return whole ? 0 : 1;
}
