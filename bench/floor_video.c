/* floor_video.c - tessera-floor: the pictures that a room cannot avoid, with nothing between: H.264 decodes and x264 encodes.
 * tessera-floor [-n STREAMS] [-T TIERS | -t WxH@FPS:KBPS,...] [-f TICKS] [-w TICKS] [-p PRESET] [-r] [-D] [-E] CLIP...
 *   -r paced in real time   -D no decoding   -E no encoding
 * Prints "counting" when it begins to, and at the end CPU milliseconds a second as JSON. One thread. What the encoders are given
 * was composed before the clock started: every picture of every stream, scaled by a box filter into a plain grid. */
#include <libyuv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x264.h>

#include "bench/video_kit.h"
#include "mcu/base/clock.h"

enum { REPORT_ROOM = 4096, NEARLY_PX = 4, TRIES = 8 };

typedef struct {
    const bench_clip *clip;
    AVCodecContext *context;
    AVFrame *frame; /* newest picture */
    unsigned next;
} decoder;

typedef struct {
    mix_tier_spec spec;
    x264_t *x264;
    GPtrArray *canvases; /* of mcu_frame, in the order of encoding */
    unsigned next;
    uint64_t bytes;
    double encode_s;
} tier;

typedef struct {
    bench_task task;
    bool paced, no_decode, no_encode;
    decoder decoders[BENCH_MAX_STREAMS];
    tier tiers[MIX_MAX_TIERS];
    double total_s, decode_s, encode_s;
} bench;

/* ---- decoding ---- */

static bool open_decoder(decoder *d, const bench_clip *clip)
{
    const AVCodec *codec = avcodec_find_decoder(clip->parameters->codec_id);
    d->clip = clip;
    d->frame = av_frame_alloc();
    d->context = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!d->frame || !d->context || avcodec_parameters_to_context(d->context, clip->parameters) < 0) {
        return false;
    }
    d->context->thread_count = 1;
    d->context->flags |= AV_CODEC_FLAG_LOW_DELAY;
    return avcodec_open2(d->context, codec, NULL) >= 0;
}

/* One more picture; the clip is played in a loop. */
static bool decode(decoder *d)
{
    for (int i = 0; i < TRIES; i++) {
        if (avcodec_receive_frame(d->context, d->frame) >= 0) {
            return true;
        }
        if (avcodec_send_packet(d->context, d->clip->pictures->pdata[d->next++ % d->clip->pictures->len]) < 0) {
            return false;
        }
    }
    return false;
}

static void rewind_decoder(decoder *d)
{
    avcodec_flush_buffers(d->context);
    av_frame_unref(d->frame);
    d->next = 0;
}

static void close_decoder(decoder *d)
{
    avcodec_free_context(&d->context);
    av_frame_free(&d->frame);
}

/* ---- composing, off the clock ---- */

typedef struct {
    int x_px, y_px, width_px, height_px;
} rectangle;

/* Picture `i` of `n` in the middle of its cell, whole; a few lines are rather stretched than left black. */
static rectangle place(const mix_tier_spec *t, int i, int n, int width_px, int height_px)
{
    int columns = (int)ceil(sqrt(n)), rows = (n + columns - 1) / columns, column = i % columns, row = i / columns;
    int left = column * t->width_px / columns & ~1, right = (column + 1) * t->width_px / columns & ~1;
    int top = row * t->height_px / rows & ~1, bottom = (row + 1) * t->height_px / rows & ~1;
    int room_w = right - left, room_h = bottom - top;
    int w = MIN(room_w, room_h * width_px / height_px), h = MIN(room_h, room_w * height_px / width_px);
    w = room_w - w <= NEARLY_PX ? room_w : w & ~1;
    h = room_h - h <= NEARLY_PX ? room_h : h & ~1;
    return (rectangle){left + ((room_w - w) / 2 & ~1), top + ((room_h - h) / 2 & ~1), w, h};
}

static void draw(const AVFrame *s, mcu_frame *to, rectangle r)
{
    int x = r.x_px, y = r.y_px;
    I420Scale(s->data[0], s->linesize[0], s->data[1], s->linesize[1], s->data[2], s->linesize[2], s->width, s->height,
              to->plane[0] + y * to->stride[0] + x, to->stride[0], to->plane[1] + y / 2 * to->stride[1] + x / 2, to->stride[1],
              to->plane[2] + y / 2 * to->stride[2] + x / 2, to->stride[2], r.width_px, r.height_px, kFilterBox);
}

static mcu_frame *compose(const bench *b, const mix_tier_spec *t)
{
    mcu_frame *f = mcu_frame_new(t->width_px, t->height_px);
    g_assert(f);
    for (int i = 0; i < 3; i++) {
        memset(f->plane[i], i ? 128 : 16, (size_t)f->stride[i] * (size_t)(i ? t->height_px / 2 : t->height_px));
    }
    for (unsigned i = 0; i < b->task.n; i++) {
        const AVFrame *s = b->decoders[i].frame;
        draw(s, f, place(t, (int)i, (int)b->task.n, s->width, s->height));
    }
    return f;
}

static bool decode_all(bench *b)
{
    for (unsigned i = 0; i < b->task.n; i++) {
        if (!decode(&b->decoders[i])) {
            return false;
        }
    }
    return true;
}

static bool compose_all(bench *b)
{
    for (uint64_t tick = 0; tick < b->task.warm_up + b->task.ticks && !b->no_encode; tick++) {
        if (!decode_all(b)) {
            return false;
        }
        for (unsigned k = 0; k < b->task.n_tiers; k++) {
            if (bench_due(tick, b->tiers[k].spec.fps)) {
                g_ptr_array_add(b->tiers[k].canvases, compose(b, &b->tiers[k].spec));
            }
        }
    }
    for (unsigned i = 0; i < b->task.n; i++) {
        rewind_decoder(&b->decoders[i]);
    }
    return true;
}

/* ---- encoding: the settings of the room's encoder (mixer/venc_x264.c), written down once more so that a dearer room shows ----
 */

static x264_t *open_x264(const mix_tier_spec *t, const char *preset)
{
    x264_param_t p;
    int kbps = t->bitrate_bps / 1000;
    if (x264_param_default_preset(&p, preset, "zerolatency") < 0) {
        return NULL;
    }
    p.i_log_level = X264_LOG_NONE;
    p.i_csp = X264_CSP_I420;
    p.i_width = t->width_px;
    p.i_height = t->height_px;
    p.i_threads = 1;
    p.i_fps_num = p.i_timebase_den = (uint32_t)t->fps;
    p.i_fps_den = p.i_timebase_num = 1;
    p.i_keyint_max = X264_KEYINT_MAX_INFINITE;
    p.i_scenecut_threshold = 0;
    p.rc.f_aq_strength = 0.6F;
    p.rc.i_rc_method = X264_RC_ABR;
    p.rc.i_bitrate = p.rc.i_vbv_max_bitrate = p.rc.i_vbv_buffer_size = kbps;
    p.b_repeat_headers = 1;
    p.b_annexb = 1;
    return x264_param_apply_profile(&p, "baseline") == 0 ? x264_encoder_open(&p) : NULL;
}

static bool encode(tier *t)
{
    const mcu_frame *f = t->canvases->pdata[t->next];
    x264_picture_t in, out;
    x264_nal_t *nal = NULL;
    int count = 0;
    x264_picture_init(&in);
    in.img.i_csp = X264_CSP_I420;
    in.img.i_plane = 3;
    for (int i = 0; i < 3; i++) {
        in.img.plane[i] = f->plane[i];
        in.img.i_stride[i] = f->stride[i];
    }
    in.i_pts = t->next++;
    int size = x264_encoder_encode(t->x264, &nal, &count, &in, &out);
    t->bytes += size > 0 ? (uint64_t)size : 0;
    return size > 0;
}

static void free_canvas(gpointer f)
{
    mcu_frame_unref(f);
}

static bool open_tier(tier *t, const mix_tier_spec *spec, const char *preset)
{
    t->spec = *spec;
    t->canvases = g_ptr_array_new_with_free_func(free_canvas);
    t->x264 = open_x264(spec, preset);
    return t->x264 != NULL;
}

static void close_tier(tier *t)
{
    g_ptr_array_unref(t->canvases);
    if (t->x264) {
        x264_encoder_close(t->x264);
    }
}

/* ---- measuring ---- */

static bool encode_due(bench *b, uint64_t tick)
{
    for (unsigned k = 0; k < b->task.n_tiers && !b->no_encode; k++) {
        tier *t = &b->tiers[k];
        if (!bench_due(tick, t->spec.fps)) {
            continue;
        }
        double start_s = bench_cpu_s();
        if (!encode(t)) {
            return false;
        }
        t->encode_s += bench_cpu_s() - start_s;
    }
    return true;
}

static bool step(bench *b, uint64_t tick)
{
    double start_s = bench_cpu_s();
    if (!b->no_decode && !decode_all(b)) {
        return false;
    }
    double decoded_s = bench_cpu_s();
    b->decode_s += decoded_s - start_s;
    bool fine = encode_due(b, tick);
    b->encode_s += bench_cpu_s() - decoded_s;
    return fine;
}

static void start_counting(bench *b)
{
    b->decode_s = b->encode_s = 0;
    for (unsigned k = 0; k < b->task.n_tiers; k++) {
        b->tiers[k].encode_s = 0;
        b->tiers[k].bytes = 0;
    }
    puts("counting"); /* who measures something else in the same window waits for that */
    fflush(stdout);
    b->total_s = bench_cpu_s();
}

static bool measure(bench *b)
{
    int64_t start_ns = mcu_now_ns();
    for (uint64_t tick = 0; tick < b->task.warm_up + b->task.ticks; tick++) {
        if (b->paced) {
            mcu_sleep_until_ns(start_ns + (int64_t)tick * BENCH_CLIP_NS);
        }
        if (tick == b->task.warm_up) {
            start_counting(b);
        }
        if (!step(b, tick)) {
            return false;
        }
    }
    b->total_s = bench_cpu_s() - b->total_s;
    return true;
}

static void print(const bench *b)
{
    double each = 1e3 / bench_task_seconds(&b->task);
    printf("{\"streams\": %u, \"total_ms\": %.3f, \"decode_ms\": %.3f, \"encode_ms\": %.3f, \"tiers\": [", b->task.n,
           b->total_s * each, b->decode_s * each, b->encode_s * each);
    for (unsigned k = 0; k < b->task.n_tiers; k++) {
        const tier *t = &b->tiers[k];
        printf("%s{\"picture\": \"%dx%d@%d\", \"encode_ms\": %.3f, \"kbps\": %.1f}", k ? ", " : "", t->spec.width_px,
               t->spec.height_px, t->spec.fps, t->encode_s * each, (double)t->bytes * 8e-3 / bench_task_seconds(&b->task));
    }
    printf("]}\n");
}

static bool run(bench *b)
{
    for (unsigned i = 0; i < b->task.n; i++) {
        if (!open_decoder(&b->decoders[i], b->task.clips[i % b->task.n_clips])) {
            return false;
        }
    }
    for (unsigned k = 0; k < b->task.n_tiers; k++) {
        if (!open_tier(&b->tiers[k], &b->task.tiers[k], b->task.preset)) {
            return false;
        }
    }
    return compose_all(b) && measure(b);
}

static void clear(bench *b)
{
    for (unsigned i = 0; i < b->task.n; i++) {
        close_decoder(&b->decoders[i]);
    }
    for (unsigned k = 0; k < b->task.n_tiers; k++) {
        if (b->tiers[k].canvases) {
            close_tier(&b->tiers[k]);
        }
    }
    bench_task_clear(&b->task);
}

int main(int argc, char **argv)
{
    bench b = {0};
    bool flags[3] = {0};
    if (!bench_task_read(&b.task, argc, argv, "rDE", flags)) {
        bench_task_clear(&b.task);
        return 2;
    }
    b.paced = flags[0];
    b.no_decode = flags[1];
    b.no_encode = flags[2];
    bool fine = run(&b);
    if (fine) {
        print(&b);
    } else {
        fprintf(stderr, "tessera-floor: a decoder or encoder failed\n");
    }
    clear(&b);
    return fine ? 0 : 1;
}
