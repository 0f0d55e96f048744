/* tessera-longfilm GATEWAY.key RECORDING.pub RECORDING ROOM SECONDS[,SECONDS...] ROOM.key|- FILE...: a whole recording, in each
 * file a sealed segment of that length (the last one again and again), made on a stepped clock by the recorder itself: a keyframe
 * every 4 s, 25 pictures and 50 packets a second. For tests that seek in hours: each picture's marker (mcu/bot/marker.h) says of
 * which minute it is. Signed by ROOM.key, else by a new one; a line of JSON for each segment's last head. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/hex.h"
#include "mcu/bot/marker.h"
#include "mixer/venc.h"
#include "tests/unit/recording_kit.h"

#define GOP 100
#define TICK_MS 40

static bool read_key(const char *path, uint8_t key[32])
{
    g_autofree char *text = NULL;
    return mcu_unhex(path, key, 32) || (g_file_get_contents(path, &text, NULL, NULL) && mcu_unhex(g_strstrip(text), key, 32));
}

static bool keys(kit_keys *k, char **arguments)
{
    rec_header *h = &k->config.header;
    kit_keys_make(k);
    if (!read_key(arguments[0], k->gateway) || !read_key(arguments[1], k->config.recipient)) {
        return false;
    }
    if (strcmp(arguments[5], "-") != 0 &&
        (!read_key(arguments[5], k->config.room_private) || !mcu_sign_public(k->config.room_private, h->certificate.key))) {
        return false;
    }
    g_strlcpy(h->recording, arguments[2], sizeof h->recording);
    g_strlcpy(h->room, arguments[3], sizeof h->room);
    g_strlcpy(h->certificate.recording, arguments[2], sizeof h->certificate.recording);
    g_strlcpy(h->certificate.room, arguments[3], sizeof h->certificate.room);
    return mcu_room_certificate_sign(&h->certificate, k->gateway);
}

/* Nobody needs this film after a power cut: waiting for the disk 14,400 times would take most of its time. */
int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

static mcu_au *code(mix_venc *encoder, unsigned minute, bool keyframe)
{
    mcu_frame *f = mcu_frame_new(1280, 720);
    for (int plane = 0; plane < 3; plane++) {
        int width = plane == 0 ? 1280 : 640, height = plane == 0 ? 720 : 360;
        for (int y = 0; y < height; y++) {
            memset(f->plane[plane] + (ptrdiff_t)y * f->stride[plane], plane == 0 ? 90 : 128, (size_t)width);
        }
    }
    if (keyframe) {
        mcu_marker_draw(f->plane[0], f->stride[0], 1280, 720, 1, minute);
    }
    mcu_au *au = mix_venc_for(MCU_CODEC_H264)->encode(encoder, f, keyframe);
    mcu_frame_unref(f);
    return au;
}

typedef struct {
    mcu_au *same[GOP];  /* pictures that say "as before": behind every keyframe alike; the first is not used */
    GPtrArray *minutes; /* a keyframe for each */
} film;

static bool encode(film *f, unsigned seconds)
{
    const mix_venc_type *type = mix_venc_for(MCU_CODEC_H264);
    const mix_venc_config config = {
        .width_px = 1280, .height_px = 720, .fps = 25, .bitrate_bps = 20000000, .preset = "ultrafast"};
    mix_venc *encoder = type->open(&config, NULL);
    bool ok = encoder != NULL;
    for (unsigned i = 0; ok && i < GOP; i++) {
        f->same[i] = code(encoder, 0, false); /* of a picture without a marker: nothing has moved in it */
        ok = f->same[i] != NULL && f->same[i]->keyframe == (i == 0);
    }
    for (unsigned minute = 0; ok && minute * 60 < seconds; minute++) {
        mcu_au *key = code(encoder, minute, true);
        ok = key != NULL && key->keyframe;
        g_ptr_array_add(f->minutes, key);
    }
    if (encoder != NULL) {
        type->close(encoder);
    }
    return ok;
}

static void feed(rec_writer *w, const film *f, unsigned seconds, int64_t start_ns)
{
    static const uint8_t silence[] = {0xf8, 0xff, 0xfe}; /* 20 ms of nothing, CELT */
    for (unsigned ms = 0; ms < seconds * 1000; ms += TICK_MS / 2) {
        if (ms % TICK_MS == 0) {
            unsigned n = ms / TICK_MS;
            const mcu_au *coded = n % GOP == 0 ? f->minutes->pdata[ms / 60000] : f->same[n % GOP];
            mcu_au *picture = mcu_au_new_copy(coded->data, coded->size);
            picture->codec = MCU_CODEC_H264;
            picture->keyframe = n % GOP == 0;
            picture->width_px = 1280;
            picture->height_px = 720;
            picture->time_ns = start_ns + (int64_t)ms * MCU_NS_PER_MS;
            kit_item(w, (rec_item){.kind = REC_ITEM_PICTURE, .au = picture, .fd = -1});
        }
        mcu_au *packet = mcu_au_new_copy(silence, sizeof silence);
        packet->codec = MCU_CODEC_OPUS;
        packet->time_ns = start_ns + (int64_t)(ms + 7) * MCU_NS_PER_MS;
        kit_item(w, (rec_item){.kind = REC_ITEM_SOUND, .au = packet, .fd = -1});
    }
}

static void clear(film *f)
{
    for (int i = 0; i < GOP; i++) {
        mcu_au_unref(f->same[i]);
    }
    g_ptr_array_unref(f->minutes);
}

static unsigned seconds_of(char **lengths, int i)
{
    return (unsigned)strtoul(lengths[MIN((guint)i, g_strv_length(lengths) - 1)], NULL, 10);
}

static unsigned longest(char **lengths)
{
    unsigned most = 0;
    for (int i = 0; lengths[i] != NULL; i++) {
        most = MAX(most, seconds_of(lengths, i));
    }
    return most;
}

static void record(rec_writer *w, const film *f, char **lengths, char **paths, int n)
{
    int64_t start_ns = KIT_START_NS;
    for (int i = 0; i < n; i++) {
        rec_item file = {.kind = REC_ITEM_FILE, .fd = open(paths[i], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
        g_snprintf(file.text, sizeof file.text, "film %d", i);
        kit_item(w, file);
    }
    for (int i = 0; i < n; i++) {
        bool last = i == n - 1;
        unsigned seconds = seconds_of(lengths, i);
        kit_item(w, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
        feed(w, f, seconds, start_ns);
        start_ns += (int64_t)(seconds + 1) * MCU_NS_PER_SEC;
        rec_item end = {.kind = REC_ITEM_END, .flag = last, .fd = -1};
        g_strlcpy(end.text, last ? "stop" : "pause", sizeof end.text);
        kit_item(w, end);
    }
}

static void print_heads(const kit_said *said)
{
    for (guint i = 0; i < said->messages->len; i++) {
        const json_t *m = said->messages->pdata[i];
        if (strcmp(json_string_value(json_object_get(m, "state")), "ended") == 0) {
            json_dumpf(m, stdout, JSON_COMPACT);
            puts("");
        }
    }
}

int main(int argc, char **argv)
{
    kit_keys k;
    kit_said said = {0};
    film f = {.minutes = g_ptr_array_new_with_free_func((GDestroyNotify)mcu_au_unref)};
    unsigned files = argc >= 8 ? (unsigned)argc - 7 : 0;
    g_auto(GStrv) lengths = g_strsplit(files > 0 ? argv[5] : "", ",", -1);
    if (files == 0 || !keys(&k, argv + 1) || !encode(&f, longest(lengths))) {
        fputs("tessera-longfilm: GATEWAY.key RECORDING.pub RECORDING ROOM SECONDS[,SECONDS...] ROOM.key|- FILE...\n", stderr);
        return 2;
    }
    rec_writer *w = rec_writer_new(&k.config, &kit_callbacks, &said);
    record(w, &f, lengths, argv + 7, (int)files);
    bool whole = kit_count(&said, "ended") == files && kit_count(&said, "error") == 0;
    print_heads(&said);
    rec_writer_free(w);
    kit_said_clear(&said);
    clear(&f);
    return whole ? 0 : 1;
}
