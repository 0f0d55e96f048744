#include "mixer/penc.h"

#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/status.h"
#include "mixer/g711.h"
#include "mixer/pcm.h"
#include "mixer/resample.h"

enum {
    WIDE = MIX_BLOCK / 3, /* samples of a block at 16 kHz */
    NOISE = 24,           /* peak: with equal chances 14 RMS, -67 dBov, one step of G.711 */
    NOISE_BELOW = 8,      /* what never gets louder than this is silence */
};

struct mix_penc {
    mcu_codec codec;
    mix_resample *resample;
    AVCodecContext *g722;
    AVPacket *packet;
    AVFrame *frame;
    uint32_t random;
};

static bool open_g722(mix_penc *e)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_ADPCM_G722);
    e->packet = av_packet_alloc();
    e->frame = av_frame_alloc();
    e->g722 = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!e->packet || !e->frame || !e->g722) {
        return false;
    }
    av_channel_layout_default(&e->g722->ch_layout, 1);
    e->g722->sample_rate = 16000;
    e->g722->sample_fmt = AV_SAMPLE_FMT_S16;
    e->g722->frame_size = WIDE;
    e->g722->thread_count = 1;
    if (avcodec_open2(e->g722, codec, NULL) != 0) {
        return false;
    }
    e->frame->nb_samples = WIDE;
    e->frame->format = AV_SAMPLE_FMT_S16;
    av_channel_layout_default(&e->frame->ch_layout, 1);
    return av_frame_get_buffer(e->frame, 0) == 0;
}

mix_penc *mix_penc_new(mcu_codec codec, GError **error)
{
    bool wide = codec == MCU_CODEC_G722;
    mix_penc *e = calloc(1, sizeof *e);
    bool ok = e && (wide || codec == MCU_CODEC_PCMU || codec == MCU_CODEC_PCMA);
    if (ok) {
        e->codec = codec;
        e->random = 1;
        e->resample = mix_resample_new(MIX_RATE, wide ? 16000 : 8000);
        ok = e->resample && (!wide || open_g722(e));
    }
    if (!ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot open an audio encoder for %s", mcu_codec_name(codec));
        mix_penc_free(e);
        return NULL;
    }
    return e;
}

void mix_penc_free(mix_penc *e)
{
    if (!e) {
        return;
    }
    avcodec_free_context(&e->g722);
    av_packet_free(&e->packet);
    av_frame_free(&e->frame);
    mix_resample_free(e->resample);
    free(e);
}

static void add_noise_to_silence(mix_penc *e, int16_t *pcm, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (pcm[i] > NOISE_BELOW || pcm[i] < -NOISE_BELOW) {
            return;
        }
    }
    for (unsigned i = 0; i < n; i++) {
        e->random = e->random * 1664525U + 1013904223U;
        pcm[i] = (int16_t)((int)(e->random >> 16) % (2 * NOISE + 1) - NOISE);
    }
}

/* NULL unless it gives one packet for one block. */
static mcu_au *encode_g722(mix_penc *e, const int16_t *narrow)
{
    mcu_au *au = NULL;
    if (av_frame_make_writable(e->frame) != 0) {
        return NULL;
    }
    memcpy(e->frame->data[0], narrow, WIDE * sizeof *narrow);
    if (avcodec_send_frame(e->g722, e->frame) == 0 && avcodec_receive_packet(e->g722, e->packet) == 0) {
        au = mcu_au_new_copy(e->packet->data, (size_t)e->packet->size);
        av_packet_unref(e->packet);
    }
    return au;
}

static mcu_au *encode_g711(mix_penc *e, const int16_t *narrow, unsigned n)
{
    mcu_au *au = mcu_au_new(n);
    if (au) {
        mix_g711_compress(e->codec, narrow, n, au->data);
    }
    return au;
}

mcu_au *mix_penc_encode_line(mix_penc *e, int16_t *pcm, uint32_t ts48k, int64_t time_ns)
{
    unsigned n = e->g722 ? WIDE : WIDE / 2;
    add_noise_to_silence(e, pcm, n);
    mcu_au *au = e->g722 ? encode_g722(e, pcm) : encode_g711(e, pcm, n);
    if (au) {
        au->codec = e->codec;
        au->ts = ts48k;
        au->time_ns = time_ns;
    }
    return au;
}

mcu_au *mix_penc_encode(mix_penc *e, const int16_t *pcm, uint32_t ts48k, int64_t time_ns)
{
    int16_t narrow[WIDE];
    (void)mix_resample_run(e->resample, pcm, MIX_BLOCK, narrow);
    return mix_penc_encode_line(e, narrow, ts48k, time_ns);
}

void mix_penc_follow(mix_penc *e, const int16_t *pcm)
{
    if (e->g722) { /* G.711 remembers nothing */
        mcu_au_unref(encode_g722(e, pcm));
    }
}
