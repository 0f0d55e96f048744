/* floor_audio.c - tessera-floor-audio: the sound that a room cannot avoid, with nothing between: Opus decodes and encodes.
 * tessera-floor-audio [-n DECODES] [-e ENCODES] [-s SECONDS] CLIP...   prints CPU milliseconds per second and stream as JSON. */
#include <getopt.h>
#include <opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mcu/bot/clip.h"

enum { RATE = 48000, BLOCK = 960, STREAMS_MAX = 64, PACKET_MAX = 1275 };

typedef struct {
    unsigned decodes, encodes, seconds;
} settings;

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The settings of the room's encoder. */
static OpusEncoder *new_encoder(void)
{
    OpusEncoder *e = opus_encoder_create(RATE, 1, OPUS_APPLICATION_VOIP, NULL);
    opus_encoder_ctl(e, OPUS_SET_BITRATE(32000));
    opus_encoder_ctl(e, OPUS_SET_COMPLEXITY(5));
    opus_encoder_ctl(e, OPUS_SET_INBAND_FEC(1));
    opus_encoder_ctl(e, OPUS_SET_PACKET_LOSS_PERC(10));
    opus_encoder_ctl(e, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    return e;
}

static void run(const settings *s, mcu_clip *const *clips, unsigned n_clips)
{
    OpusDecoder *decoders[STREAMS_MAX];
    OpusEncoder *encoders[STREAMS_MAX];
    for (unsigned i = 0; i < s->decodes; i++) {
        decoders[i] = opus_decoder_create(RATE, 1, NULL);
    }
    for (unsigned i = 0; i < s->encodes; i++) {
        encoders[i] = new_encoder();
    }
    double decode = 0;
    double encode = 0;
    for (unsigned tick = 0; tick < s->seconds * (RATE / BLOCK); tick++) {
        opus_int16 sum[BLOCK] = {0};
        double start = cpu_s();
        for (unsigned i = 0; i < s->decodes; i++) {
            const GPtrArray *packets = clips[i % n_clips]->packets;
            const mcu_au *au = packets->pdata[(tick + 37 * i) % packets->len];
            opus_int16 pcm[BLOCK * 6];
            int samples = opus_decode(decoders[i], au->data, (opus_int32)au->size, pcm, BLOCK * 6, 0);
            for (int k = 0; k < samples && k < BLOCK; k++) {
                sum[k] = (opus_int16)(sum[k] / 2 + pcm[k] / 2);
            }
        }
        double decoded = cpu_s();
        for (unsigned i = 0; i < s->encodes; i++) {
            unsigned char packet[PACKET_MAX];
            if (opus_encode(encoders[i], sum, BLOCK, packet, sizeof packet) < 0) {
                exit(1);
            }
        }
        decode += decoded - start;
        encode += cpu_s() - decoded;
    }
    for (unsigned i = 0; i < s->decodes; i++) {
        opus_decoder_destroy(decoders[i]);
    }
    for (unsigned i = 0; i < s->encodes; i++) {
        opus_encoder_destroy(encoders[i]);
    }
    printf("{\"decode_ms\": %.4f, \"encode_ms\": %.4f}\n", decode / s->seconds / s->decodes * 1e3,
           encode / s->seconds / s->encodes * 1e3);
}

int main(int argc, char **argv)
{
    settings s = {.decodes = 4, .encodes = 2, .seconds = 5};
    for (int o; (o = getopt(argc, argv, "n:e:s:")) != -1;) {
        unsigned value = o == '?' ? 0 : (unsigned)strtoul(optarg, NULL, 10);
        if (value < 1 || value > STREAMS_MAX) {
            fprintf(stderr, "tessera-floor-audio [-n DECODES] [-e ENCODES] [-s SECONDS] CLIP...\n");
            return 2;
        }
        *(o == 'n' ? &s.decodes : o == 'e' ? &s.encodes : &s.seconds) = value;
    }
    mcu_clip *clips[STREAMS_MAX];
    unsigned n = 0;
    for (; optind < argc && n < STREAMS_MAX; optind++, n++) {
        GError *error = NULL;
        clips[n] = mcu_clip_load(argv[optind], &error);
        if (!clips[n] || clips[n]->codec != MCU_CODEC_OPUS) {
            fprintf(stderr, "tessera-floor-audio: %s\n", error ? error->message : "not an Opus clip");
            return 1;
        }
    }
    if (n == 0) {
        fprintf(stderr, "tessera-floor-audio: no clip given\n");
        return 2;
    }
    run(&s, clips, n);
    for (unsigned i = 0; i < n; i++) {
        mcu_clip_free(clips[i]);
    }
    return 0;
}
