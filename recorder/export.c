/* export.c - a film as a plain MP4 that every player opens: pictures copied, Opus decoded and encoded as AAC-LC. */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <string.h>

#include "recorder/tool.h"
#include "recorder/tool_input.h"

#define AAC_BPS 64000
#define SILENCE_MAX (60 * 60 * 48000) /* samples put in for one jump of the clock; more is no recording of ours */

typedef struct {
    tool_input *input;
    AVFormatContext *in, *out; /* `in` is the input's */
    AVCodecContext *opus, *aac;
    AVAudioFifo *fifo;
    AVPacket *packet;
    AVFrame *decoded, *block;
    int video, audio;    /* streams of the input */
    int64_t heard, sent; /* samples into and out of the fifo since time zero */
} job;

static bool fail(GError **error, const char *what, int code)
{
    return tool_av_fail(error, what, code);
}

static bool open_input(job *j, GError **error)
{
    if (j->input == NULL) {
        return false;
    }
    j->in = tool_input_format(j->input);
    j->video = av_find_best_stream(j->in, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    j->audio = av_find_best_stream(j->in, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    return (j->video >= 0 && j->audio >= 0) || fail(error, "reading the recording", AVERROR_STREAM_NOT_FOUND);
}

/* libopus conceals empty packets; mono floats are the same interleaved and planar. */
static bool open_codecs(job *j, GError **error)
{
    const AVCodec *opus = avcodec_find_decoder_by_name("libopus"), *aac = avcodec_find_encoder(AV_CODEC_ID_AAC);
    j->opus = avcodec_alloc_context3(opus);
    j->aac = avcodec_alloc_context3(aac);
    int rc = opus != NULL && aac != NULL ? avcodec_parameters_to_context(j->opus, j->in->streams[j->audio]->codecpar)
                                         : AVERROR_DECODER_NOT_FOUND;
    if (rc < 0) {
        return fail(error, "codecs", rc);
    }
    j->opus->request_sample_fmt = AV_SAMPLE_FMT_FLT;
    j->opus->pkt_timebase = j->in->streams[j->audio]->time_base;
    j->aac->sample_rate = 48000;
    j->aac->sample_fmt = AV_SAMPLE_FMT_FLTP;
    j->aac->bit_rate = AAC_BPS;
    j->aac->time_base = (AVRational){1, 48000};
    j->aac->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&j->aac->ch_layout, 1);
    rc = avcodec_open2(j->opus, opus, NULL);
    rc = rc == 0 ? avcodec_open2(j->aac, aac, NULL) : rc;
    j->fifo = av_audio_fifo_alloc(AV_SAMPLE_FMT_FLTP, 1, 48000);
    return (rc == 0 && j->fifo != NULL) || fail(error, "codecs", rc);
}

/* To a pipe in fragments, since nothing can be put in front afterwards. */
static bool open_output(job *j, const char *path, GError **error)
{
    bool pipe = strcmp(path, "-") == 0;
    path = pipe ? "pipe:1" : path;
    int rc = avformat_alloc_output_context2(&j->out, NULL, "mp4", path);
    AVStream *video = rc >= 0 ? avformat_new_stream(j->out, NULL) : NULL,
             *audio = rc >= 0 ? avformat_new_stream(j->out, NULL) : NULL;
    if (video == NULL || audio == NULL) {
        return fail(error, path, rc);
    }
    rc = avcodec_parameters_copy(video->codecpar, j->in->streams[j->video]->codecpar);
    video->time_base = j->in->streams[j->video]->time_base;
    rc = rc >= 0 ? avcodec_parameters_from_context(audio->codecpar, j->aac) : rc;
    audio->time_base = j->aac->time_base;
    rc = rc >= 0 ? avio_open(&j->out->pb, path, AVIO_FLAG_WRITE) : rc;
    AVDictionary *options = NULL;
    av_dict_set(&options, "movflags", pipe ? "+frag_keyframe+empty_moov+default_base_moof" : "+faststart", 0);
    rc = rc >= 0 ? avformat_write_header(j->out, &options) : rc;
    av_dict_free(&options);
    return rc >= 0 || fail(error, path, rc);
}

static bool write_packet(job *j, AVPacket *packet, int stream, AVRational from, GError **error)
{
    av_packet_rescale_ts(packet, from, j->out->streams[stream]->time_base);
    packet->stream_index = stream;
    packet->pos = -1;
    int rc = av_interleaved_write_frame(j->out, packet);
    return rc >= 0 || fail(error, "writing", rc);
}

static bool drain_aac(job *j, GError **error)
{
    AVPacket *packet = av_packet_alloc();
    bool ok = true;
    while (ok && avcodec_receive_packet(j->aac, packet) == 0) {
        ok = write_packet(j, packet, 1, j->aac->time_base, error);
    }
    av_packet_free(&packet);
    return ok;
}

/* Whole frames of AAC; at the end also what is left. */
static bool encode_sound(job *j, bool all, GError **error)
{
    int frame = j->aac->frame_size;
    while (av_audio_fifo_size(j->fifo) >= frame || (all && av_audio_fifo_size(j->fifo) > 0)) {
        AVFrame *f = j->block;
        f->nb_samples = MIN(frame, av_audio_fifo_size(j->fifo));
        f->format = AV_SAMPLE_FMT_FLTP;
        f->sample_rate = 48000;
        av_channel_layout_copy(&f->ch_layout, &j->aac->ch_layout);
        int rc = av_frame_get_buffer(f, 0);
        if (rc < 0 || av_audio_fifo_read(j->fifo, (void **)f->data, f->nb_samples) < f->nb_samples) {
            return fail(error, "sound", rc);
        }
        f->pts = j->sent;
        j->sent += f->nb_samples;
        rc = avcodec_send_frame(j->aac, f);
        av_frame_unref(f);
        if (rc < 0 || !drain_aac(j, error)) {
            return fail(error, "AAC", rc);
        }
    }
    return true;
}

/* Where the recording's clock ran on without sound there is silence, so that both stay together. */
static bool add_silence(job *j, int64_t samples, GError **error)
{
    static const float zeros[960];
    void *data[] = {(void *)(uintptr_t)zeros};
    if (samples > SILENCE_MAX) {
        return fail(error, "a jump of the clock", AVERROR_INVALIDDATA);
    }
    for (bool ok = true; samples > 0 && ok; samples -= MIN(samples, 960)) {
        int n = (int)MIN(samples, 960);
        j->heard += n;
        ok = av_audio_fifo_write(j->fifo, data, n) == n && encode_sound(j, false, error);
        if (!ok) {
            return fail(error, "sound", AVERROR(ENOMEM));
        }
    }
    return true;
}

static bool decode_sound(job *j, const AVPacket *packet, GError **error)
{
    int64_t at = av_rescale_q(packet->pts, j->in->streams[j->audio]->time_base, j->aac->time_base);
    if (at > j->heard + 480 && !add_silence(j, at - j->heard, error)) {
        return false;
    }
    int rc = avcodec_send_packet(j->opus, packet);
    if (rc < 0) {
        return fail(error, "Opus", rc);
    }
    while (avcodec_receive_frame(j->opus, j->decoded) == 0) {
        void *data[] = {j->decoded->data[0]};
        j->heard += j->decoded->nb_samples;
        if (av_audio_fifo_write(j->fifo, data, j->decoded->nb_samples) < j->decoded->nb_samples) {
            return fail(error, "sound", AVERROR(ENOMEM));
        }
    }
    return encode_sound(j, false, error);
}

static bool copy_all(job *j, GError **error)
{
    bool ok = true;
    int rc;
    while (ok && (rc = av_read_frame(j->in, j->packet)) >= 0) {
        if (j->packet->stream_index == j->audio) {
            ok = decode_sound(j, j->packet, error);
        } else if (j->packet->stream_index == j->video) {
            ok = write_packet(j, j->packet, 0, j->in->streams[j->video]->time_base, error);
        }
        av_packet_unref(j->packet);
    }
    if (ok && rc != AVERROR_EOF) {
        return fail(error, "reading the recording", rc);
    }
    ok = ok && encode_sound(j, true, error) && avcodec_send_frame(j->aac, NULL) == 0 && drain_aac(j, error);
    rc = ok ? av_write_trailer(j->out) : 0;
    return ok && (rc >= 0 || fail(error, "writing", rc)); /* some muxers say how much they wrote */
}

static void close_job(job *j)
{
    avcodec_free_context(&j->opus);
    avcodec_free_context(&j->aac);
    av_audio_fifo_free(j->fifo);
    av_packet_free(&j->packet);
    av_frame_free(&j->decoded);
    av_frame_free(&j->block);
    if (j->out != NULL) {
        avio_closep(&j->out->pb);
        avformat_free_context(j->out);
    }
    tool_input_free(j->input);
}

bool tool_export(rec_movie *movie, const char *path, GError **error)
{
    job j = {.input = tool_input_new(movie, error),
             .packet = av_packet_alloc(),
             .decoded = av_frame_alloc(),
             .block = av_frame_alloc()};
    bool ok = open_input(&j, error) && open_codecs(&j, error) && open_output(&j, path, error) && copy_all(&j, error);
    close_job(&j);
    return ok;
}
