/* vdec.c - see vdec.h. */
#include "mixer/vdec.h"

#include <libavcodec/avcodec.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mcu/base/h264_params.h"
#include "mixer/colour.h"
#include "mixer/vp8_header.h"

#define MIN_PX 16

struct mix_vdec {
    int max_px;
    AVCodecContext *context;
    AVPacket *packet;
    AVFrame *frame;
    mcu_codec codec;
    int width_px, height_px; /* what the stream's headers said when the context was opened */
    bool need_key;
    unsigned contexts;
    const char *why;
    mcu_h264_info h264;
};

/* A decoded picture that the decoder's buffers back. */
typedef struct {
    mcu_frame frame;
    AVFrame *av;
} wrapped;

mix_vdec *mix_vdec_new(int max_px)
{
    mix_vdec *d = calloc(1, sizeof *d);
    if (!d) {
        return NULL;
    }
    av_log_set_level(AV_LOG_QUIET); /* what strangers send is counted, not printed */
    d->max_px = max_px;
    d->need_key = true;
    d->why = "";
    d->packet = av_packet_alloc();
    d->frame = av_frame_alloc();
    if (!d->packet || !d->frame) {
        mix_vdec_free(d);
        return NULL;
    }
    return d;
}

void mix_vdec_free(mix_vdec *d)
{
    if (d) {
        avcodec_free_context(&d->context);
        av_packet_free(&d->packet);
        av_frame_free(&d->frame);
        free(d);
    }
}

void mix_vdec_gap(mix_vdec *d)
{
    d->need_key = true;
}

const char *mix_vdec_why(const mix_vdec *d)
{
    return d->why;
}

unsigned mix_vdec_contexts(const mix_vdec *d)
{
    return d->contexts;
}

/* libavcodec writes zeros over all of a decoder's state: 750 KiB for H.264, of which 50 ever hold anything else. Pages of zeros
 * that are given back read as zeros. */
static void give_zeros_back(void *state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *end = (uint8_t *)state + malloc_usable_size(state);
    uint8_t *p = (uint8_t *)state + (page - (uintptr_t)state % page) % page;
    for (; p + page <= end; p += page) {
        if (p[0] == 0 && memcmp(p, p + 1, page - 1) == 0) {
            (void)madvise(p, page, MADV_DONTNEED);
        }
    }
}

static bool open_context(mix_vdec *d, mcu_codec codec, int width_px, int height_px)
{
    avcodec_free_context(&d->context);
    const AVCodec *c = avcodec_find_decoder(codec == MCU_CODEC_H264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_VP8);
    d->context = c ? avcodec_alloc_context3(c) : NULL;
    if (!d->context) {
        return false;
    }
    d->context->thread_count = 1;
    d->context->flags |= AV_CODEC_FLAG_LOW_DELAY;
    d->context->max_pixels = (int64_t)d->max_px * d->max_px;
    if (avcodec_open2(d->context, c, NULL) < 0) {
        avcodec_free_context(&d->context);
        return false;
    }
    give_zeros_back(d->context->priv_data);
    d->codec = codec;
    d->width_px = width_px;
    d->height_px = height_px;
    d->contexts++;
    return true;
}

static mix_vdec_result refuse(mix_vdec *d, const char *why)
{
    d->why = why;
    d->need_key = true;
    avcodec_free_context(&d->context);
    d->codec = MCU_CODEC_NONE;
    return MIX_VDEC_REFUSED;
}

typedef struct {
    bool keyframe;
    int width_px, height_px; /* of a keyframe */
} header;

/* MIX_VDEC_PICTURE = may go to the decoder. */
static mix_vdec_result look_h264(mix_vdec *d, const mcu_au *au, header *h)
{
    mcu_status s = mcu_h264_check(au, (unsigned)d->max_px, &d->h264);
    if (s == MCU_EAGAIN) {
        d->need_key = true;
        return MIX_VDEC_WANT_KEY;
    }
    if (s != MCU_OK) {
        return refuse(d, mcu_h264_reason_name(d->h264.reason));
    }
    h->keyframe = d->h264.keyframe;
    h->width_px = (int)d->h264.sps.width_px;
    h->height_px = (int)d->h264.sps.height_px;
    return MIX_VDEC_PICTURE;
}

static mix_vdec_result look_vp8(mix_vdec *d, const mcu_au *au, header *h)
{
    mix_vp8_header v;
    if (!mix_vp8_read_header(au->data, au->size, &v)) {
        return refuse(d, "malformed");
    }
    h->keyframe = v.keyframe;
    if (v.keyframe) {
        h->width_px = v.width_px;
        h->height_px = v.height_px;
        if (v.width_px < MIN_PX || v.height_px < MIN_PX || v.width_px > d->max_px || v.height_px > d->max_px) {
            return refuse(d, "size");
        }
    }
    return MIX_VDEC_PICTURE;
}

static void release_wrapped(mcu_frame *f, void *owner)
{
    wrapped *w = (wrapped *)(void *)f;
    (void)owner;
    av_frame_free(&w->av);
    free(w);
}

static bool sane(const mix_vdec *d, const AVFrame *f)
{
    if ((f->format != AV_PIX_FMT_YUV420P && f->format != AV_PIX_FMT_YUVJ420P) || f->width != d->width_px ||
        f->height != d->height_px) {
        return false;
    }
    for (int i = 0; i < 3; i++) {
        if (!f->data[i] || f->linesize[i] < (i ? (f->width + 1) / 2 : f->width)) {
            return false;
        }
    }
    return true;
}

static mix_colour_space space_of(const AVFrame *f)
{
    bool full = f->color_range == AVCOL_RANGE_JPEG || f->format == AV_PIX_FMT_YUVJ420P;
    bool hd = f->colorspace == AVCOL_SPC_BT709;
    if (hd) {
        return full ? MIX_COLOUR_709_FULL : MIX_COLOUR_709_LIMITED;
    }
    return full ? MIX_COLOUR_601_FULL : MIX_COLOUR_601_LIMITED;
}

static mcu_frame *wrap(AVFrame *take, const mcu_au *au)
{
    wrapped *w = calloc(1, sizeof *w);
    if (!w) {
        av_frame_free(&take);
        return NULL;
    }
    w->av = take;
    w->frame.width_px = take->width & ~1;
    w->frame.height_px = take->height & ~1;
    for (int i = 0; i < 3; i++) {
        w->frame.plane[i] = take->data[i];
        w->frame.stride[i] = take->linesize[i];
    }
    w->frame.time_ns = au->time_ns;
    w->frame.release = release_wrapped;
    atomic_init(&w->frame.refs, 1);
    mix_colour_space space = space_of(take);
    if (space == MIX_COLOUR_601_LIMITED) {
        return &w->frame;
    }
    mcu_frame *converted = mix_colour_convert(&w->frame, space);
    mcu_frame_unref(&w->frame);
    return converted;
}

static void unref_au(void *opaque, uint8_t *data)
{
    (void)data;
    mcu_au_unref(opaque);
}

/* The packet borrows the coded picture's bytes: padding behind them is part of the contract of mcu_au. */
static bool send(mix_vdec *d, mcu_au *au)
{
    av_packet_unref(d->packet);
    d->packet->buf = av_buffer_create(au->data, au->size + MCU_AU_PADDING, unref_au, mcu_au_ref(au), AV_BUFFER_FLAG_READONLY);
    if (!d->packet->buf) {
        mcu_au_unref(au);
        return false;
    }
    d->packet->data = au->data;
    d->packet->size = (int)au->size;
    int rc = avcodec_send_packet(d->context, d->packet);
    av_packet_unref(d->packet);
    return rc >= 0;
}

static mix_vdec_result want_key(mix_vdec *d)
{
    d->need_key = true;
    return MIX_VDEC_WANT_KEY;
}

static mix_vdec_result receive(mix_vdec *d, const mcu_au *au, mcu_frame **out)
{
    mcu_frame *newest = NULL;
    while (avcodec_receive_frame(d->context, d->frame) >= 0) {
        bool whole = !(d->frame->flags & AV_FRAME_FLAG_CORRUPT) && !d->frame->decode_error_flags;
        if (!sane(d, d->frame)) {
            mcu_frame_unref(newest);
            return refuse(d, "decoder output");
        }
        if (!whole) {
            mcu_frame_unref(newest);
            return want_key(d);
        }
        AVFrame *av = av_frame_alloc();
        if (!av) {
            break;
        }
        av_frame_move_ref(av, d->frame);
        mcu_frame_unref(newest);
        newest = wrap(av, au);
    }
    *out = newest;
    return newest ? MIX_VDEC_PICTURE : MIX_VDEC_NOTHING;
}

mix_vdec_result mix_vdec_decode(mix_vdec *d, mcu_au *au, mcu_frame **out)
{
    *out = NULL;
    if (au->size == 0 || !mcu_codec_is_video(au->codec)) {
        return want_key(d);
    }
    header h = {0};
    mix_vdec_result r = au->codec == MCU_CODEC_H264 ? look_h264(d, au, &h) : look_vp8(d, au, &h);
    if (r != MIX_VDEC_PICTURE) {
        return r;
    }
    if (au->after_gap || au->codec != d->codec) {
        d->need_key = true;
    }
    if (d->need_key && !h.keyframe) {
        return MIX_VDEC_WANT_KEY;
    }
    /* A new size gets a new decoder: changing sizes in mid-stream is where decoders break. */
    if (h.keyframe && (!d->context || au->codec != d->codec || h.width_px != d->width_px || h.height_px != d->height_px) &&
        !open_context(d, au->codec, h.width_px, h.height_px)) {
        return want_key(d);
    }
    d->need_key = false;
    if (!send(d, au)) {
        return want_key(d);
    }
    return receive(d, au, out);
}
