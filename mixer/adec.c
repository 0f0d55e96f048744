#include "mixer/adec.h"

#include <libavcodec/avcodec.h>
#include <opus.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/aplc.h"
#include "mixer/g711.h"
#include "mixer/pcm.h"
#include "mixer/resample.h"

struct mix_adec {
    mcu_codec codec;
    unsigned hz; /* of what it gives */
    OpusDecoder *opus;
    AVCodecContext *g722;
    AVPacket *packet;
    AVFrame *frame;
    mix_resample *resample;
    mix_aplc plc;
    void (*on_narrow)(void *user, int16_t *pcm, unsigned n);
    void *user;
    int16_t narrow[MIX_PACKET_MAX / 3]; /* 120 ms at 16 kHz */
};

enum { OPUS_UNIT = 120, G7_BYTES_MAX = 960 }; /* G.711 and G.722 are both 8000 bytes a second */

unsigned mix_adec_duration(mcu_codec codec, const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    if (codec != MCU_CODEC_OPUS) {
        return size <= G7_BYTES_MAX ? (unsigned)size * 6 : 0;
    }
    if (size > INT32_MAX) {
        return 0;
    }
    int n = opus_packet_get_nb_samples(data, (opus_int32)size, MIX_RATE);
    return n > 0 && n <= MIX_PACKET_MAX ? (unsigned)n : 0;
}

unsigned mix_adec_ts_scale(mcu_codec codec)
{
    return codec == MCU_CODEC_OPUS ? 1 : 6;
}

bool mix_adec_is_dtx(mcu_codec codec, size_t size)
{
    return codec == MCU_CODEC_OPUS && size <= 2;
}

bool mix_adec_has_fec(mcu_codec codec, const uint8_t *data, size_t size)
{
    if (codec != MCU_CODEC_OPUS || size < 2 || (data[0] & 0x80)) { /* CELT has none */
        return false;
    }
    const unsigned char *frames[48];
    opus_int16 sizes[48];
    int count = opus_packet_parse(data, (opus_int32)size, NULL, frames, sizes, NULL);
    if (count <= 0 || sizes[0] < 1) {
        return false;
    }
    /* RFC 6716 4.2.3: per channel one VAD bit for each 20 ms, then the LBRR flag. */
    int ms = opus_packet_get_samples_per_frame(data, MIX_RATE) / (MIX_RATE / 1000);
    int vad_bits = ms > 20 ? ms / 20 : 1;
    for (int channel = 0; channel < opus_packet_get_nb_channels(data); channel++) {
        if (frames[0][0] & (0x80 >> ((channel + 1) * (vad_bits + 1) - 1))) {
            return true;
        }
    }
    return false;
}

static bool open_g722(mix_adec *d)
{
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_ADPCM_G722);
    d->packet = av_packet_alloc();
    d->frame = av_frame_alloc();
    d->g722 = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!d->packet || !d->frame || !d->g722) {
        return false;
    }
    av_channel_layout_default(&d->g722->ch_layout, 1);
    d->g722->sample_rate = 16000;
    d->g722->thread_count = 1;
    return avcodec_open2(d->g722, codec, NULL) == 0;
}

static bool open_decoder(mix_adec *d, mcu_codec codec)
{
    if (codec == MCU_CODEC_OPUS) {
        int code = 0;
        d->opus = opus_decoder_create(MIX_RATE, 1, &code);
        return d->opus != NULL;
    }
    return codec == MCU_CODEC_G722 ? open_g722(d) : codec == MCU_CODEC_PCMU || codec == MCU_CODEC_PCMA;
}

static mix_adec *new_at(mcu_codec codec, unsigned hz, GError **error)
{
    unsigned narrow_hz = mix_adec_narrow_hz(codec);
    mix_adec *d = calloc(1, sizeof *d);
    bool ok = d && open_decoder(d, codec);
    if (ok) {
        d->codec = codec;
        d->hz = hz;
        mix_aplc_init(&d->plc, hz);
    }
    if (ok && narrow_hz && narrow_hz != hz) {
        d->resample = mix_resample_new(narrow_hz, hz);
        ok = d->resample != NULL;
    }
    if (!ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot open an audio decoder for %s", mcu_codec_name(codec));
        mix_adec_free(d);
        return NULL;
    }
    return d;
}

mix_adec *mix_adec_new(mcu_codec codec, GError **error)
{
    return new_at(codec, MIX_RATE, error);
}

mix_adec *mix_adec_new_line(mcu_codec codec, GError **error)
{
    unsigned narrow_hz = mix_adec_narrow_hz(codec);
    return new_at(codec, narrow_hz ? narrow_hz : MIX_RATE, error);
}

unsigned mix_adec_hz(const mix_adec *d)
{
    return d->hz;
}

void mix_adec_free(mix_adec *d)
{
    if (!d) {
        return;
    }
    if (d->opus) {
        opus_decoder_destroy(d->opus);
    }
    avcodec_free_context(&d->g722);
    av_packet_free(&d->packet);
    av_frame_free(&d->frame);
    mix_resample_free(d->resample);
    free(d);
}

void mix_adec_on_narrow(mix_adec *d, void (*fn)(void *user, int16_t *pcm, unsigned n), void *user)
{
    d->on_narrow = fn;
    d->user = user;
}

unsigned mix_adec_narrow_hz(mcu_codec codec)
{
    return codec == MCU_CODEC_G722 ? 16000 : codec == MCU_CODEC_PCMU || codec == MCU_CODEC_PCMA ? 8000 : 0;
}

void mix_adec_conceal(mix_adec *d, int16_t *out, unsigned n)
{
    if (!d->opus) {
        mix_aplc_conceal(&d->plc, out, n);
        return;
    }
    unsigned done = 0;
    while (done < n) {
        int16_t unit[OPUS_UNIT];
        unsigned left = n - done;
        bool whole = left >= OPUS_UNIT;
        unsigned ask = whole ? (left > MIX_BLOCK ? MIX_BLOCK : left - left % OPUS_UNIT) : OPUS_UNIT;
        int made = opus_decode(d->opus, NULL, 0, whole ? out + done : unit, (int)ask, 0);
        unsigned take = whole ? ask : left;
        if (made != (int)ask) {
            memset(out + done, 0, take * sizeof *out);
        } else if (!whole) {
            memcpy(out + done, unit, take * sizeof *out);
        }
        done += take;
    }
}

void mix_adec_fec(mix_adec *d, const uint8_t *next, size_t size, int16_t *out, unsigned n)
{
    if (!d->opus || n % OPUS_UNIT != 0 || opus_decode(d->opus, next, (opus_int32)size, out, (int)n, 1) != (int)n) {
        mix_adec_conceal(d, out, n);
    }
}

/* Samples at 16 kHz into d->narrow, 0 when libavcodec refuses. */
static unsigned decode_g722(mix_adec *d, const uint8_t *data, size_t size)
{
    d->packet->data = (uint8_t *)(uintptr_t)data; /* libavcodec copies what it wants to keep */
    d->packet->size = (int)size;
    unsigned n = 0;
    if (avcodec_send_packet(d->g722, d->packet) == 0 && avcodec_receive_frame(d->g722, d->frame) == 0) {
        n = (unsigned)d->frame->nb_samples;
        n = n > MIX_PACKET_MAX / 3 ? MIX_PACKET_MAX / 3 : n;
        memcpy(d->narrow, d->frame->data[0], n * sizeof *d->narrow);
        av_frame_unref(d->frame);
    }
    return n;
}

static unsigned decode_narrow(mix_adec *d, const uint8_t *data, size_t size)
{
    if (d->codec == MCU_CODEC_G722) {
        return decode_g722(d, data, size);
    }
    mix_g711_expand(d->codec, data, (unsigned)size, d->narrow);
    return (unsigned)size;
}

/* Of a telephone's codec, at the rate that is asked for; false when libavcodec refuses. */
static bool decode_line(mix_adec *d, const uint8_t *data, size_t size, int16_t *out, unsigned n)
{
    unsigned narrow = decode_narrow(d, data, size);
    if (d->on_narrow && narrow > 0) {
        d->on_narrow(d->user, d->narrow, narrow);
    }
    unsigned made = narrow;
    if (narrow > 0 && d->resample) {
        made = mix_resample_run(d->resample, d->narrow, narrow, out);
    } else {
        memcpy(out, d->narrow, narrow * sizeof *out);
    }
    if (made != n) {
        return false;
    }
    mix_aplc_good(&d->plc, out, n);
    return true;
}

mcu_status mix_adec_decode(mix_adec *d, const uint8_t *data, size_t size, int16_t *out, unsigned *n)
{
    *n = mix_adec_duration(d->codec, data, size) / mix_unit(d->hz);
    if (*n == 0) {
        return MCU_EINVAL;
    }
    bool ok = d->opus ? opus_decode(d->opus, data, (opus_int32)size, out, MIX_PACKET_MAX, 0) == (int)*n
                      : decode_line(d, data, size, out, *n);
    if (ok) {
        return MCU_OK;
    }
    mix_adec_conceal(d, out, *n);
    return MCU_EINVAL;
}
