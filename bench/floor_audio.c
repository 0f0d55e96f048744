/* floor_audio.c - tessera-floor-audio: the sound that a room cannot avoid, with nothing between: Opus decodes and encodes.
 * tessera-floor-audio [-n DECODES] [-e ENCODES] [-s SECONDS] CLIP...   prints CPU milliseconds per second and stream as JSON.
 * Paced in real time: blocks of 20 ms cannot be coded before they were said. Each encoder is given everybody's voice but one. */
#include <getopt.h>
#include <opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mcu/base/clock.h"
#include "mcu/bot/clip.h"

enum { RATE = 48000, BLOCK = 960, BLOCK_MS = 20, STREAMS_MAX = 64, PACKET_MAX = 1275 };

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

typedef struct {
    settings wanted;
    mcu_clip *clips[STREAMS_MAX];
    unsigned n_clips;
    OpusDecoder *decoders[STREAMS_MAX];
    OpusEncoder *encoders[STREAMS_MAX];
    opus_int16 voices[STREAMS_MAX][BLOCK * 6], mixes[STREAMS_MAX][BLOCK];
    double decode_s, encode_s;
} bench;

static bool decode_all(bench *b, unsigned tick)
{
    bool fine = true;
    double start_s = cpu_s();
    for (unsigned i = 0; i < b->wanted.decodes; i++) {
        const GPtrArray *packets = b->clips[i % b->n_clips]->packets;
        const mcu_au *au = packets->pdata[(tick + 37 * i) % packets->len];
        fine &= opus_decode(b->decoders[i], au->data, (opus_int32)au->size, b->voices[i], BLOCK * 6, 0) >= BLOCK;
    }
    b->decode_s += cpu_s() - start_s;
    return fine;
}

/* Off the clock. */
static void mix_all(bench *b)
{
    for (unsigned e = 0; e < b->wanted.encodes; e++) {
        for (unsigned k = 0; k < BLOCK; k++) {
            int sum = 0;
            for (unsigned i = 0; i < b->wanted.decodes; i++) {
                sum += i == e % b->wanted.decodes && b->wanted.decodes > 1 ? 0 : b->voices[i][k];
            }
            b->mixes[e][k] = (opus_int16)CLAMP(sum, INT16_MIN, INT16_MAX);
        }
    }
}

static bool encode_all(bench *b)
{
    bool fine = true;
    double start_s = cpu_s();
    for (unsigned e = 0; e < b->wanted.encodes; e++) {
        unsigned char packet[PACKET_MAX];
        fine &= opus_encode(b->encoders[e], b->mixes[e], BLOCK, packet, sizeof packet) > 0;
    }
    b->encode_s += cpu_s() - start_s;
    return fine;
}

static bool run(bench *b)
{
    const settings *s = &b->wanted;
    bool fine = true;
    for (unsigned i = 0; i < s->decodes; i++) {
        b->decoders[i] = opus_decoder_create(RATE, 1, NULL);
    }
    for (unsigned i = 0; i < s->encodes; i++) {
        b->encoders[i] = new_encoder();
    }
    int64_t start_ns = mcu_now_ns();
    for (unsigned tick = 0; fine && tick < s->seconds * (RATE / BLOCK); tick++) {
        mcu_sleep_until_ns(start_ns + tick * BLOCK_MS * MCU_NS_PER_MS);
        fine = decode_all(b, tick);
        mix_all(b);
        fine = fine && encode_all(b);
    }
    for (unsigned i = 0; i < s->decodes; i++) {
        opus_decoder_destroy(b->decoders[i]);
    }
    for (unsigned i = 0; i < s->encodes; i++) {
        opus_encoder_destroy(b->encoders[i]);
    }
    return fine;
}

int main(int argc, char **argv)
{
    static bench b = {.wanted = {.decodes = 4, .encodes = 2, .seconds = 5}};
    settings *s = &b.wanted;
    for (int o; (o = getopt(argc, argv, "n:e:s:")) != -1;) {
        unsigned value = o == '?' ? 0 : (unsigned)strtoul(optarg, NULL, 10);
        if (value < 1 || value > STREAMS_MAX) {
            fprintf(stderr, "tessera-floor-audio [-n DECODES] [-e ENCODES] [-s SECONDS] CLIP...\n");
            return 2;
        }
        *(o == 'n' ? &s->decodes : o == 'e' ? &s->encodes : &s->seconds) = value;
    }
    for (; optind < argc && b.n_clips < STREAMS_MAX; optind++, b.n_clips++) {
        GError *error = NULL;
        mcu_clip *clip = b.clips[b.n_clips] = mcu_clip_load(argv[optind], &error);
        if (!clip || clip->codec != MCU_CODEC_OPUS) {
            fprintf(stderr, "tessera-floor-audio: %s\n", error ? error->message : "not an Opus clip");
            return 1;
        }
    }
    if (b.n_clips == 0) {
        fprintf(stderr, "tessera-floor-audio: no clip given\n");
        return 2;
    }
    bool fine = run(&b);
    if (fine) {
        printf("{\"decode_ms\": %.4f, \"encode_ms\": %.4f}\n", b.decode_s / s->seconds / s->decodes * 1e3,
               b.encode_s / s->seconds / s->encodes * 1e3);
    } else {
        fprintf(stderr, "tessera-floor-audio: a decoder or encoder failed\n");
    }
    for (unsigned i = 0; i < b.n_clips; i++) {
        mcu_clip_free(b.clips[i]);
    }
    return fine ? 0 : 1;
}
