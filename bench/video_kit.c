/* video_kit.c - see video_kit.h. */
#include "bench/video_kit.h"

#include <getopt.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mcu/base/status.h"

static const mix_tier_spec product_tiers[] = {
    {"A", 1280, 720, 25, 1200000}, {"B", 640, 360, 25, 400000}, {"C", 480, 270, 15, 150000}, {"D", 320, 180, 10, 64000}};

/* ---- clips ---- */

static void free_packet(gpointer data)
{
    AVPacket *p = data;
    av_packet_free(&p);
}

void bench_clip_free(bench_clip *c)
{
    if (c) {
        avcodec_parameters_free(&c->parameters);
        g_ptr_array_unref(c->pictures);
        g_free(c);
    }
}

static AVBSFContext *open_filter(const AVCodecParameters *from)
{
    AVBSFContext *b = NULL;
    const AVBitStreamFilter *f = av_bsf_get_by_name("h264_mp4toannexb");
    if (!f || av_bsf_alloc(f, &b) < 0) {
        return NULL;
    }
    if (avcodec_parameters_copy(b->par_in, from) < 0 || av_bsf_init(b) < 0) {
        av_bsf_free(&b);
    }
    return b;
}

/* Through the filter into the clip; NULL ends the stream. */
static bool filter(AVBSFContext *b, AVPacket *take, bench_clip *c)
{
    if (av_bsf_send_packet(b, take) < 0) {
        return false;
    }
    AVPacket *out = av_packet_alloc();
    while (out && av_bsf_receive_packet(b, out) >= 0) {
        g_ptr_array_add(c->pictures, out);
        out = av_packet_alloc();
    }
    av_packet_free(&out);
    return true;
}

static bool read_pictures(AVFormatContext *f, int stream, AVBSFContext *b, bench_clip *c)
{
    AVPacket *p = av_packet_alloc();
    bool fine = p != NULL;
    while (fine && av_read_frame(f, p) >= 0) {
        fine = p->stream_index != stream || filter(b, p, c);
        av_packet_unref(p);
    }
    av_packet_free(&p);
    return fine && filter(b, NULL, c) && c->pictures->len > 0;
}

static bool read_file(AVFormatContext *f, bench_clip *c)
{
    if (avformat_find_stream_info(f, NULL) < 0) {
        return false;
    }
    int stream = av_find_best_stream(f, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (stream < 0 || f->streams[stream]->codecpar->codec_id != AV_CODEC_ID_H264) {
        return false;
    }
    AVBSFContext *b = open_filter(f->streams[stream]->codecpar);
    bool fine = b && avcodec_parameters_copy(c->parameters, b->par_out) >= 0 && read_pictures(f, stream, b, c);
    av_bsf_free(&b);
    return fine && (((AVPacket *)c->pictures->pdata[0])->flags & AV_PKT_FLAG_KEY);
}

bench_clip *bench_clip_load(const char *path, GError **error)
{
    bench_clip *c = g_new0(bench_clip, 1);
    c->parameters = avcodec_parameters_alloc();
    c->pictures = g_ptr_array_new_with_free_func(free_packet);
    AVFormatContext *f = NULL;
    bool fine = avformat_open_input(&f, path, NULL, NULL) >= 0 && read_file(f, c);
    avformat_close_input(&f);
    if (!fine) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s is not a clip with H.264 that begins with a keyframe", path);
        g_clear_pointer(&c, bench_clip_free);
    }
    return c;
}

/* ---- options ---- */

static bool read_tiers(bench_task *t, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", 0);
    t->n_tiers = 0;
    for (unsigned i = 0; parts[i]; i++) {
        mix_tier_spec s = {.name = {(char)('A' + i)}};
        int kbps = 0;
        if (i == MIX_MAX_TIERS || sscanf(parts[i], "%dx%d@%d:%d", &s.width_px, &s.height_px, &s.fps, &kbps) != 4 ||
            s.fps > BENCH_CLIP_FPS) {
            return false;
        }
        s.bitrate_bps = kbps * 1000;
        t->tiers[t->n_tiers++] = s;
    }
    return t->n_tiers > 0;
}

static bool read_option(bench_task *t, int option, const char *value)
{
    unsigned number = (unsigned)strtoul(value, NULL, 10);
    switch (option) {
    case 'n':
        t->n = number;
        return number >= 1 && number <= BENCH_MAX_STREAMS;
    case 'T':
        t->n_tiers = number;
        return number >= 1 && number <= G_N_ELEMENTS(product_tiers);
    case 't':
        return read_tiers(t, value);
    case 'f':
        t->ticks = number;
        return number >= 1 && number <= 3000;
    case 'w':
        t->warm_up = number;
        return number <= 3000;
    case 'p':
        t->preset = value;
        return true;
    case 'o':
        t->folder = value;
        return true;
    case 'x':
        t->settings = value;
        return true;
    default:
        return false;
    }
}

static bool read_options(bench_task *t, int argc, char **argv, const char *others, bool *flags)
{
    g_autofree char *letters = g_strconcat("n:T:t:f:w:p:x:o:", others, NULL);
    for (int o; (o = getopt(argc, argv, letters)) != -1;) {
        const char *other = o == '?' ? NULL : strchr(others, o);
        if (other) {
            flags[other - others] = true;
        } else if (o == '?' || !read_option(t, o, optarg)) {
            return false;
        }
    }
    return optind < argc;
}

bool bench_task_read(bench_task *t, int argc, char **argv, const char *others, bool *flags)
{
    *t = (bench_task){.n = 4, .ticks = 6 * BENCH_CLIP_FPS, .preset = "superfast", .n_tiers = G_N_ELEMENTS(product_tiers)};
    memcpy(t->tiers, product_tiers, sizeof product_tiers);
    av_log_set_level(AV_LOG_ERROR);
    if (!read_options(t, argc, argv, others, flags)) {
        fprintf(stderr,
                "%s [-n STREAMS] [-T TIERS | -t WxH@FPS:KBPS,...] [-f TICKS] [-w TICKS] [-p PRESET] [-x SETTINGS] [-o FOLDER] "
                "[-%s] CLIP...\n",
                argv[0], others);
        return false;
    }
    for (int i = optind; i < argc && t->n_clips < t->n; i++) {
        g_autoptr(GError) error = NULL;
        bench_clip *c = bench_clip_load(argv[i], &error);
        if (!c) {
            fprintf(stderr, "%s: %s\n", argv[0], error->message);
            return false;
        }
        t->clips[t->n_clips++] = c;
    }
    return true;
}

void bench_task_clear(bench_task *t)
{
    for (unsigned i = 0; i < t->n_clips; i++) {
        bench_clip_free(t->clips[i]);
    }
    t->n_clips = 0;
}

/* ---- time ---- */

double bench_cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_task_seconds(const bench_task *t)
{
    return (double)t->ticks / BENCH_CLIP_FPS;
}

bool bench_due(uint64_t tick, int fps)
{
    uint64_t rate = (uint64_t)fps;
    return tick * rate / BENCH_CLIP_FPS != (tick + 1) * rate / BENCH_CLIP_FPS;
}
