#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>
#include <libyuv/convert.h>
#include <string.h>

#include "mcu/base/status.h"
#include "mcu/bot/clipgen.h"
#include "mcu/bot/clipgen_film.h"
#include "mcu/bot/face.h"
#include "mcu/bot/marker.h"

static AVCodecContext *open_encoder(mcu_codec codec, GError **error)
{
    const bool h264 = codec == MCU_CODEC_H264;
    const AVCodec *encoder = avcodec_find_encoder_by_name(h264 ? "libx264" : "libvpx");
    AVCodecContext *c = encoder != NULL ? avcodec_alloc_context3(encoder) : NULL;
    AVDictionary *options = NULL;
    if (c == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "libavcodec has no encoder for %s", mcu_codec_name(codec));
        return NULL;
    }
    c->width = MCU_CLIPGEN_WIDTH;
    c->height = MCU_CLIPGEN_HEIGHT;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){1, MCU_CLIPGEN_FPS};
    c->framerate = (AVRational){MCU_CLIPGEN_FPS, 1};
    c->bit_rate = MCU_CLIPGEN_BITRATE;
    c->rc_max_rate = MCU_CLIPGEN_BITRATE;
    c->rc_buffer_size = MCU_CLIPGEN_BITRATE / 10; /* a keyframe that takes no longer to send than a camera's picture lasts */
    c->gop_size = MCU_CLIPGEN_GOP;
    c->max_b_frames = 0;
    c->thread_count = 1;
    c->color_range = AVCOL_RANGE_MPEG;
    c->colorspace = AVCOL_SPC_SMPTE170M;
    if (h264) {
        av_dict_set(&options, "preset", "veryfast", 0);
        av_dict_set(&options, "tune", "zerolatency", 0);
        av_dict_set(&options, "profile", "baseline", 0);
        av_dict_set(&options, "x264-params", "scenecut=0:force-cfr=1", 0);
        av_dict_set(&options, "forced-idr", "1", 0);
    } else {
        av_dict_set(&options, "deadline", "realtime", 0);
        av_dict_set(&options, "cpu-used", "6", 0);
        av_dict_set(&options, "lag-in-frames", "0", 0);
    }
    const int rc = avcodec_open2(c, encoder, &options);
    av_dict_free(&options);
    if (rc < 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "cannot open the %s encoder: %s", mcu_codec_name(codec),
                    av_err2str(rc));
        avcodec_free_context(&c);
    }
    return c;
}

/* Where pictures come from: a film, or a face that is drawn. */
typedef struct {
    mcu_film *film; /* NULL = the face */
    cairo_surface_t *surface;
    cairo_t *cr;
} easel;

static void draw_face(const easel *e, AVFrame *f, unsigned person, unsigned n)
{
    mcu_face_draw(e->cr, f->width, f->height, person, (double)n / MCU_CLIPGEN_FPS);
    cairo_surface_flush(e->surface);
    ARGBToI420(cairo_image_surface_get_data(e->surface), cairo_image_surface_get_stride(e->surface), f->data[0], f->linesize[0],
               f->data[1], f->linesize[1], f->data[2], f->linesize[2], f->width, f->height);
}

static bool draw(const easel *e, AVFrame *f, const mcu_clip *clip, unsigned n)
{
    if (av_frame_make_writable(f) != 0 || (e->film != NULL && !mcu_film_next(e->film, f))) {
        return false;
    }
    if (e->film == NULL) {
        draw_face(e, f, clip->person, n);
    }
    if (clip->marked) {
        mcu_marker_draw(f->data[0], f->linesize[0], f->width, f->height, clip->person % MCU_MARKER_PEOPLE, n);
    }
    f->pts = n;
    f->pict_type = n % MCU_CLIPGEN_GOP == 0 ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    return true;
}

/* x264 writes 3-byte start codes before all but the first NAL unit; mcu_au has 4-byte ones everywhere. */
static void add_annex_b(mcu_clip *clip, const AVPacket *p)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    static const uint8_t zero[1] = {0};
    for (int i = 0; i < p->size; i++) {
        const bool start = i + 2 < p->size && p->data[i] == 0 && p->data[i + 1] == 0 && p->data[i + 2] == 1;
        if (start && (i == 0 || p->data[i - 1] != 0)) {
            g_byte_array_append(out, zero, 1);
        }
        g_byte_array_append(out, p->data + i, 1);
    }
    mcu_clip_add(clip, out->data, out->len, (p->flags & AV_PKT_FLAG_KEY) != 0);
}

static bool drain(AVCodecContext *c, mcu_clip *clip, AVPacket *packet)
{
    int rc = 0;
    while ((rc = avcodec_receive_packet(c, packet)) == 0) {
        if (clip->codec == MCU_CODEC_H264) {
            add_annex_b(clip, packet);
        } else {
            mcu_clip_add(clip, packet->data, (size_t)packet->size, (packet->flags & AV_PKT_FLAG_KEY) != 0);
        }
        av_packet_unref(packet);
    }
    return rc == AVERROR(EAGAIN) || rc == AVERROR_EOF;
}

static bool encode_all(AVCodecContext *c, AVFrame *frame, mcu_film *film, mcu_clip *clip)
{
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, c->width, c->height);
    const easel e = {film, surface, cairo_create(surface)};
    AVPacket *packet = av_packet_alloc();
    bool ok = packet != NULL;
    for (unsigned n = 0; ok && n < MCU_CLIPGEN_SECONDS * MCU_CLIPGEN_FPS; n++) {
        ok = draw(&e, frame, clip, n) && avcodec_send_frame(c, frame) == 0 && drain(c, clip, packet);
    }
    ok = ok && avcodec_send_frame(c, NULL) == 0 && drain(c, clip, packet);
    av_packet_free(&packet);
    cairo_destroy(e.cr);
    cairo_surface_destroy(surface);
    return ok && clip->packets->len == MCU_CLIPGEN_SECONDS * MCU_CLIPGEN_FPS;
}

mcu_clip *mcu_clipgen_video(mcu_codec codec, unsigned person, bool marked, const char *film_path, GError **error)
{
    mcu_film *film = film_path != NULL ? mcu_film_open(film_path, error) : NULL;
    AVCodecContext *c = film_path == NULL || film != NULL ? open_encoder(codec, error) : NULL;
    if (c == NULL) {
        mcu_film_close(film);
        return NULL;
    }
    g_autoptr(mcu_clip) clip = mcu_clip_new(codec, person, marked, MCU_NS_PER_SEC / MCU_CLIPGEN_FPS);
    AVFrame *frame = av_frame_alloc();
    g_assert(frame != NULL);
    frame->width = c->width;
    frame->height = c->height;
    frame->format = c->pix_fmt;
    const bool ok = av_frame_get_buffer(frame, 0) == 0 && encode_all(c, frame, film, clip);
    av_frame_free(&frame);
    avcodec_free_context(&c);
    mcu_film_close(film);
    if (!ok) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "encoding the clip failed");
        return NULL;
    }
    return g_steal_pointer(&clip);
}
