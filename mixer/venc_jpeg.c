/* venc_jpeg.c - a canvas as a JPEG file (libavcodec), full range as JFIF wants it. */
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>
#include <string.h>

#include "mcu/base/status.h"
#include "mixer/venc.h"

#define QUALITY 5 /* of 1 (best) to 31 */

struct mix_venc {
    AVCodecContext *ctx;
    AVFrame *frame;
    AVPacket *packet;
    uint8_t luma[256], chroma[256]; /* BT.601 limited to full range */
};

static uint8_t stretched(int v, int zero, int range)
{
    int out = zero == 16 ? (v - 16) * 255 / range : 128 + (v - 128) * 255 / range;
    return (uint8_t)CLAMP(out, 0, 255);
}

static void jpeg_close(mix_venc *e)
{
    if (e) {
        av_packet_free(&e->packet);
        av_frame_free(&e->frame);
        avcodec_free_context(&e->ctx);
        g_free(e);
    }
}

static bool jpeg_configure(mix_venc *e, const mix_venc_config *c)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
    e->ctx = codec ? avcodec_alloc_context3(codec) : NULL;
    e->frame = av_frame_alloc();
    e->packet = av_packet_alloc();
    if (!e->ctx || !e->frame || !e->packet) {
        return false;
    }
    e->ctx->width = e->frame->width = c->width_px;
    e->ctx->height = e->frame->height = c->height_px;
    e->ctx->pix_fmt = AV_PIX_FMT_YUVJ420P;
    e->frame->format = AV_PIX_FMT_YUVJ420P;
    e->ctx->color_range = AVCOL_RANGE_JPEG;
    e->ctx->time_base = (AVRational){1, 1};
    e->ctx->thread_count = 1;
    e->ctx->flags |= AV_CODEC_FLAG_QSCALE;
    e->ctx->global_quality = FF_QP2LAMBDA * QUALITY;
    e->frame->quality = e->ctx->global_quality;
    return avcodec_open2(e->ctx, codec, NULL) == 0 && av_frame_get_buffer(e->frame, 0) == 0;
}

static mix_venc *jpeg_open(const mix_venc_config *c, GError **error)
{
    mix_venc *e = g_new0(mix_venc, 1);
    for (int i = 0; i < 256; i++) {
        e->luma[i] = stretched(i, 16, 219);
        e->chroma[i] = stretched(i, 128, 224);
    }
    if (!jpeg_configure(e, c)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_UNAVAILABLE, "JPEG: %dx%d cannot be encoded", c->width_px, c->height_px);
        jpeg_close(e);
        return NULL;
    }
    return e;
}

static void stretch(const mix_venc *e, const mcu_frame *f, int plane)
{
    const uint8_t *table = plane == 0 ? e->luma : e->chroma;
    int width = plane == 0 ? f->width_px : f->width_px / 2, height = plane == 0 ? f->height_px : f->height_px / 2;
    for (int y = 0; y < height; y++) {
        const uint8_t *in = f->plane[plane] + (ptrdiff_t)y * f->stride[plane];
        uint8_t *out = e->frame->data[plane] + (ptrdiff_t)y * e->frame->linesize[plane];
        for (int x = 0; x < width; x++) {
            out[x] = table[in[x]];
        }
    }
}

static mcu_au *jpeg_encode(mix_venc *e, const mcu_frame *f, bool keyframe)
{
    (void)keyframe; /* every one is */
    if (f->width_px != e->frame->width || f->height_px != e->frame->height || av_frame_make_writable(e->frame) != 0) {
        return NULL;
    }
    for (int plane = 0; plane < 3; plane++) {
        stretch(e, f, plane);
    }
    e->frame->pts++;
    mcu_au *au = NULL;
    if (avcodec_send_frame(e->ctx, e->frame) == 0 && avcodec_receive_packet(e->ctx, e->packet) == 0) {
        au = mcu_au_new_copy(e->packet->data, (size_t)e->packet->size);
        av_packet_unref(e->packet);
    }
    if (au) {
        au->codec = MCU_CODEC_JPEG;
        au->keyframe = true;
        au->width_px = (uint16_t)f->width_px;
        au->height_px = (uint16_t)f->height_px;
        au->time_ns = f->time_ns;
        au->ts = f->ts90k;
    }
    return au;
}

const mix_venc_type mix_venc_jpeg = {jpeg_open, jpeg_encode, jpeg_close, true};
