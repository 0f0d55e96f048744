#include "mcu/bot/clipgen_film.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libyuv/scale.h>

#include "mcu/base/status.h"

struct mcu_film {
    AVFormatContext *format;
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *picture;
    int stream;
};

static bool open_decoder(mcu_film *f)
{
    const AVCodec *decoder = NULL;
    if (avformat_find_stream_info(f->format, NULL) < 0) {
        return false;
    }
    f->stream = av_find_best_stream(f->format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
    f->decoder = f->stream >= 0 ? avcodec_alloc_context3(decoder) : NULL;
    return f->decoder != NULL && avcodec_parameters_to_context(f->decoder, f->format->streams[f->stream]->codecpar) >= 0 &&
           avcodec_open2(f->decoder, decoder, NULL) == 0;
}

mcu_film *mcu_film_open(const char *path, GError **error)
{
    mcu_film *f = g_new0(mcu_film, 1);
    f->packet = av_packet_alloc();
    f->picture = av_frame_alloc();
    if (avformat_open_input(&f->format, path, NULL, NULL) < 0 || !open_decoder(f)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s is no film that can be read", path);
        mcu_film_close(f);
        return NULL;
    }
    return f;
}

void mcu_film_close(mcu_film *f)
{
    if (f != NULL) {
        avcodec_free_context(&f->decoder);
        avformat_close_input(&f->format);
        av_packet_free(&f->packet);
        av_frame_free(&f->picture);
        g_free(f);
    }
}

static void feed(mcu_film *f)
{
    const int rc = av_read_frame(f->format, f->packet);
    if (rc < 0) {
        (void)avcodec_send_packet(f->decoder, NULL); /* what it still holds */
    } else if (f->packet->stream_index == f->stream) {
        (void)avcodec_send_packet(f->decoder, f->packet);
    }
    av_packet_unref(f->packet);
}

static bool decode(mcu_film *f)
{
    unsigned rounds = 0;
    for (;;) {
        const int rc = avcodec_receive_frame(f->decoder, f->picture);
        if (rc == 0) {
            return true;
        }
        if (rc == AVERROR(EAGAIN)) {
            feed(f);
        } else if (rc != AVERROR_EOF || rounds++ > 0 || av_seek_frame(f->format, f->stream, 0, AVSEEK_FLAG_BACKWARD) < 0) {
            return false;
        } else {
            avcodec_flush_buffers(f->decoder);
        }
    }
}

bool mcu_film_next(mcu_film *f, AVFrame *out)
{
    if (!decode(f)) {
        return false;
    }
    const AVFrame *in = f->picture;
    const bool i420 = in->format == AV_PIX_FMT_YUV420P || in->format == AV_PIX_FMT_YUVJ420P;
    const bool fine = i420 && I420Scale(in->data[0], in->linesize[0], in->data[1], in->linesize[1], in->data[2], in->linesize[2],
                                        in->width, in->height, out->data[0], out->linesize[0], out->data[1], out->linesize[1],
                                        out->data[2], out->linesize[2], out->width, out->height, kFilterBox) == 0;
    av_frame_unref(f->picture);
    return fine;
}
