#include "audio_kit.h"

#include <glib.h>
#include <libavcodec/avcodec.h>
#include <math.h>
#include <opus.h>
#include <stdlib.h>
#include <string.h>

#include "mixer/g711.h"

void kit_tone(int16_t *pcm, unsigned n, uint64_t at, double hz, double amplitude)
{
    for (unsigned i = 0; i < n; i++) {
        pcm[i] = mix_clip16(pcm[i] + (int32_t)lrint(amplitude * sin(2 * M_PI * hz * (double)(at + i) / MIX_RATE)));
    }
}

void kit_speech(int16_t *pcm, unsigned n, uint64_t at, double hz, double amplitude)
{
    for (unsigned i = 0; i < n; i++) {
        double t = (double)(at + i) / MIX_RATE;
        double v = 0;
        for (int h = 1; h <= 10; h++) {
            v += sin(2 * M_PI * hz * h * t + h * h) / h;
        }
        v *= amplitude * pow(sin(M_PI * 4 * t), 2);
        pcm[i] = mix_clip16(pcm[i] + (int32_t)lrint(v));
    }
}

double kit_level_db(const int16_t *pcm, unsigned n, double hz)
{
    double re = 0;
    double im = 0;
    for (unsigned i = 0; i < n; i++) {
        double window = 0.5 - 0.5 * cos(2 * M_PI * i / n);
        re += window * pcm[i] * cos(2 * M_PI * hz * i / MIX_RATE);
        im += window * pcm[i] * sin(2 * M_PI * hz * i / MIX_RATE);
    }
    return 20 * log10(fmax(sqrt(re * re + im * im) * 4 / n / 32768, 1e-7));
}

double kit_amplitude(double db)
{
    return 32768 * pow(10, db / 20);
}

double kit_true_peak_db(const int16_t *pcm, unsigned n)
{
    enum { SIDE = 24 };
    double most = 0;
    for (unsigned phase = 0; phase < 4; phase++) {
        double taps[2 * SIDE];
        for (int k = 0; k < 2 * SIDE; k++) {
            double x = k - (SIDE - 1) - phase / 4.0;
            taps[k] = fabs(x) < 1e-9 ? 1 : sin(M_PI * x) / (M_PI * x) * (0.5 + 0.5 * cos(M_PI * x / SIDE));
        }
        for (unsigned i = SIDE; i + SIDE < n; i++) {
            double sum = 0;
            for (int k = 0; k < 2 * SIDE; k++) {
                sum += taps[k] * pcm[(int)i + k - (SIDE - 1)];
            }
            most = fmax(most, fabs(sum));
        }
    }
    return 20 * log10(most / 32768);
}

int kit_roughness(const int16_t *pcm, unsigned n)
{
    int worst = 0;
    for (unsigned i = 2; i < n; i++) {
        int d = abs(pcm[i] - 2 * pcm[i - 1] + pcm[i - 2]);
        worst = d > worst ? d : worst;
    }
    return worst;
}

struct kit_sender {
    kit_sender_config config;
    uint32_t seq, ts;
    bool silent;
    OpusEncoder *opus;
    AVCodecContext *g722;
};

kit_sender *kit_sender_new(const kit_sender_config *config)
{
    kit_sender *s = g_new0(kit_sender, 1);
    s->config = *config;
    s->config.frame_48k = config->frame_48k ? config->frame_48k : MIX_BLOCK;
    s->seq = 65530;
    s->ts = UINT32_MAX - 5000; /* wraps soon */
    if (config->codec == MCU_CODEC_OPUS) {
        int error = 0;
        s->opus = opus_encoder_create(MIX_RATE, 1, config->audio ? OPUS_APPLICATION_AUDIO : OPUS_APPLICATION_VOIP, &error);
        opus_encoder_ctl(s->opus, OPUS_SET_BITRATE(config->bitrate ? config->bitrate : 32000));
        opus_encoder_ctl(s->opus, OPUS_SET_INBAND_FEC(config->fec));
        opus_encoder_ctl(s->opus, OPUS_SET_PACKET_LOSS_PERC(config->fec ? 20 : 0));
        opus_encoder_ctl(s->opus, OPUS_SET_DTX(config->dtx));
        if (config->fec || config->dtx) {
            opus_encoder_ctl(s->opus, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND)); /* SILK */
        }
    } else if (config->codec == MCU_CODEC_G722) {
        const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_ADPCM_G722);
        s->g722 = avcodec_alloc_context3(codec);
        av_channel_layout_default(&s->g722->ch_layout, 1);
        s->g722->sample_rate = 16000;
        s->g722->sample_fmt = AV_SAMPLE_FMT_S16;
        g_assert(avcodec_open2(s->g722, codec, NULL) == 0);
    }
    return s;
}

void kit_sender_free(kit_sender *s)
{
    if (s->opus) {
        opus_encoder_destroy(s->opus);
    }
    avcodec_free_context(&s->g722);
    g_free(s);
}

void kit_sender_jump(kit_sender *s, uint32_t seq, uint32_t ts)
{
    s->seq = seq;
    s->ts = ts;
}

unsigned kit_sender_frame(const kit_sender *s)
{
    return s->config.frame_48k;
}

static uint8_t compand(int16_t sample, int16_t (*expand)(uint8_t))
{
    int best = 0;
    for (int i = 1; i < 256; i++) {
        if (abs(expand((uint8_t)i) - sample) < abs(expand((uint8_t)best) - sample)) {
            best = i;
        }
    }
    return (uint8_t)best;
}

static size_t encode_g722(kit_sender *s, const int16_t *pcm, uint8_t *out)
{
    AVFrame *frame = av_frame_alloc();
    AVPacket *packet = av_packet_alloc();
    frame->nb_samples = (int)s->config.frame_48k / 3;
    frame->format = AV_SAMPLE_FMT_S16;
    av_channel_layout_default(&frame->ch_layout, 1);
    g_assert(av_frame_get_buffer(frame, 0) == 0);
    for (int i = 0; i < frame->nb_samples; i++) {
        ((int16_t *)(void *)frame->data[0])[i] = pcm[i * 3];
    }
    size_t n = 0;
    g_assert(avcodec_send_frame(s->g722, frame) == 0);
    while (avcodec_receive_packet(s->g722, packet) == 0) {
        memcpy(out + n, packet->data, (size_t)packet->size);
        n += (size_t)packet->size;
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    av_frame_free(&frame);
    return n;
}

static size_t encode(kit_sender *s, const int16_t *pcm, uint8_t *out, size_t room)
{
    if (s->opus) {
        int n = opus_encode(s->opus, pcm, (int)s->config.frame_48k, out, (opus_int32)room);
        g_assert(n > 0);
        return (size_t)n;
    }
    if (s->g722) {
        return encode_g722(s, pcm, out);
    }
    size_t n = s->config.frame_48k / 6;
    for (size_t i = 0; i < n; i++) {
        out[i] = compand(pcm[i * 6], s->config.codec == MCU_CODEC_PCMU ? mix_ulaw_to_linear : mix_alaw_to_linear);
    }
    return n;
}

mcu_au *kit_send(kit_sender *s, const int16_t *pcm)
{
    uint8_t data[4000];
    size_t size = encode(s, pcm, data, sizeof data);
    uint32_t ts = s->ts;
    s->ts += s->opus ? s->config.frame_48k : s->config.frame_48k / 6;
    bool empty = s->config.dtx && size <= 2;
    bool silent = empty && s->silent; /* a browser sends the first empty packet and then nothing */
    s->silent = empty;
    if (silent) {
        return NULL;
    }
    mcu_au *au = mcu_au_new_copy(data, size);
    au->codec = s->config.codec;
    au->seq = s->seq++;
    au->ts = ts;
    return au;
}

double kit_random(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return (*state >> 8) / 16777216.0;
}

void kit_link_init(kit_link *l, const kit_sender_config *config, const kit_network *net, double hz, double amplitude,
                   int64_t start_ns)
{
    *l = (kit_link){.net = *net, .random = net->seed * 2654435761U + 1, .hz = hz, .amplitude = amplitude, .start_ns = start_ns};
    l->sender = kit_sender_new(config);
}

void kit_link_clear(kit_link *l)
{
    for (unsigned i = 0; i < l->n_flight; i++) {
        mcu_au_unref(l->flight[i].au);
    }
    kit_sender_free(l->sender);
}

static void launch(kit_link *l, mcu_au *au, int64_t sent_ns)
{
    double delay_ms = 20 + l->queue_ms + kit_random(&l->random) * l->net.jitter_ms;
    if (kit_random(&l->random) < l->net.spike) {
        delay_ms += l->net.spike_ms;
    }
    g_assert(l->n_flight < G_N_ELEMENTS(l->flight));
    l->flight[l->n_flight++] = (kit_flight){au, sent_ns + (int64_t)(delay_ms * (double)KIT_MS)};
}

static void sing(kit_link *l, int16_t *pcm, unsigned n)
{
    if (l->net.noise) {
        for (unsigned i = 0; i < n; i++) {
            pcm[i] = (int16_t)((2 * kit_random(&l->random) - 1) * l->amplitude);
        }
    } else {
        (l->net.speech ? kit_speech : kit_tone)(pcm, n, l->sent_samples, l->hz, l->amplitude);
    }
}

static void send_due(kit_link *l, int64_t now_ns)
{
    unsigned frame = kit_sender_frame(l->sender);
    double ns_per_sample = 1e9 / MIX_RATE * (1 + l->net.drift_ppm * 1e-6);
    for (;;) {
        int64_t due_ns = l->start_ns + (int64_t)((double)(l->sent_samples + frame) * ns_per_sample);
        if (due_ns > now_ns) {
            return;
        }
        int16_t pcm[MIX_PACKET_MAX] = {0};
        sing(l, pcm, frame);
        l->sent_samples += frame;
        mcu_au *au = kit_send(l->sender, pcm);
        if (!au) {
            continue;
        }
        if (l->paused) {
            kit_sender_jump(l->sender, au->seq, au->ts + (l->sender->opus ? frame : frame / 6));
            mcu_au_unref(au);
            continue;
        }
        l->sent++;
        if (l->losing == 0 && kit_random(&l->random) < l->net.loss) {
            l->losing = l->net.burst ? l->net.burst : 1;
        }
        if (l->losing > 0) {
            l->losing--;
            l->lost++;
            mcu_au_unref(au);
            continue;
        }
        if (kit_random(&l->random) < l->net.duplicate) {
            mcu_au *copy = mcu_au_new_copy(au->data, au->size);
            copy->codec = au->codec;
            copy->seq = au->seq;
            copy->ts = au->ts;
            launch(l, copy, due_ns);
        }
        launch(l, au, due_ns);
    }
}

void kit_link_step(kit_link *l, int64_t now_ns, mix_avoice *v)
{
    send_due(l, now_ns);
    while (!l->stalled) {
        unsigned first = l->n_flight;
        for (unsigned i = 0; i < l->n_flight; i++) {
            if (l->flight[i].arrival_ns <= now_ns &&
                (first == l->n_flight || l->flight[i].arrival_ns < l->flight[first].arrival_ns)) {
                first = i;
            }
        }
        if (first == l->n_flight) {
            return;
        }
        l->flight[first].au->time_ns = l->flight[first].arrival_ns;
        mcu_ring_push(v->ring, l->flight[first].au);
        l->flight[first] = l->flight[--l->n_flight];
    }
    for (unsigned i = 0; i < l->n_flight; i++) { /* held up: all of it comes in a burst */
        if (l->flight[i].arrival_ns <= now_ns) {
            l->flight[i].arrival_ns = now_ns + 1;
        }
    }
}

void kit_wide(const mix_avoice *v, mix_resample **up, int16_t out[MIX_BLOCK])
{
    unsigned n = MIX_BLOCK / mix_unit(v->hz);
    if (v->hz == MIX_RATE) {
        memcpy(out, v->block, sizeof v->block);
        return;
    }
    *up = *up ? *up : mix_resample_new(v->hz, MIX_RATE);
    (void)mix_resample_run(*up, v->block, n, out);
}
