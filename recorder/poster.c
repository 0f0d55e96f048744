/* poster.c - the first picture of a film as JPEG, full range as JFIF wants it. */
#include <libavcodec/avcodec.h>
#include <stdio.h>

#include "recorder/tool.h"
#include "recorder/tool_input.h"

#define QUALITY 5 /* of 1 (best) to 31 */
#define TRIES 50  /* packets until a picture has to have come */

static AVCodecContext *open_decoder(const AVCodecParameters *parameters)
{
    const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
    AVCodecContext *c = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (c != NULL) {
        c->thread_count = 1;
        if (avcodec_parameters_to_context(c, parameters) < 0 || avcodec_open2(c, codec, NULL) != 0) {
            avcodec_free_context(&c);
        }
    }
    return c;
}

static bool decode_first(AVFormatContext *in, int stream, AVCodecContext *decoder, AVFrame *out)
{
    AVPacket *packet = av_packet_alloc();
    bool found = false;
    for (int i = 0; i < TRIES && !found && av_read_frame(in, packet) >= 0; i++) {
        if (packet->stream_index == stream && avcodec_send_packet(decoder, packet) == 0) {
            found = avcodec_receive_frame(decoder, out) == 0;
        }
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
    return found || (avcodec_send_packet(decoder, NULL) == 0 && avcodec_receive_frame(decoder, out) == 0);
}

/* BT.601 limited to full range, in place. */
static void stretch(AVFrame *f)
{
    for (int plane = 0; plane < 3; plane++) {
        int width = plane == 0 ? f->width : (f->width + 1) / 2, height = plane == 0 ? f->height : (f->height + 1) / 2;
        for (int y = 0; y < height; y++) {
            uint8_t *row = f->data[plane] + (ptrdiff_t)y * f->linesize[plane];
            for (int x = 0; x < width; x++) {
                int v = plane == 0 ? (row[x] - 16) * 255 / 219 : 128 + (row[x] - 128) * 255 / 224;
                row[x] = (uint8_t)CLAMP(v, 0, 255);
            }
        }
    }
}

static bool write_jpeg(AVFrame *f)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    AVCodecContext *c = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    AVPacket *packet = av_packet_alloc();
    bool ok = false;
    if (c != NULL) {
        c->width = f->width;
        c->height = f->height;
        c->pix_fmt = AV_PIX_FMT_YUVJ420P;
        c->color_range = AVCOL_RANGE_JPEG;
        c->time_base = (AVRational){1, 1};
        c->thread_count = 1;
        c->flags |= AV_CODEC_FLAG_QSCALE;
        c->global_quality = f->quality = FF_QP2LAMBDA * QUALITY;
        f->format = AV_PIX_FMT_YUVJ420P;
        f->color_range = AVCOL_RANGE_JPEG;
        f->pict_type = AV_PICTURE_TYPE_NONE;
        ok = avcodec_open2(c, codec, NULL) == 0 && avcodec_send_frame(c, f) == 0 && avcodec_receive_packet(c, packet) == 0 &&
             fwrite(packet->data, 1, (size_t)packet->size, stdout) == (size_t)packet->size && fflush(stdout) == 0;
    }
    av_packet_free(&packet);
    avcodec_free_context(&c);
    return ok;
}

bool tool_poster(rec_movie *movie, GError **error)
{
    tool_input *input = tool_input_new(movie, error);
    if (input == NULL) {
        return false;
    }
    AVFormatContext *in = tool_input_format(input);
    AVFrame *frame = av_frame_alloc();
    int stream = av_find_best_stream(in, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    AVCodecContext *decoder = stream >= 0 ? open_decoder(in->streams[stream]->codecpar) : NULL;
    bool ok = decoder != NULL && decode_first(in, stream, decoder, frame) && frame->format == AV_PIX_FMT_YUV420P &&
              av_frame_make_writable(frame) == 0;
    if (ok) {
        stretch(frame);
        ok = write_jpeg(frame);
    }
    av_frame_free(&frame);
    avcodec_free_context(&decoder);
    tool_input_free(input);
    return ok || tool_av_fail(error, "the first picture", AVERROR_INVALIDDATA);
}
