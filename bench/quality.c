/* quality.c - tessera-quality: how much of the canvases is left after the room's encoders, the same on every run: nothing is
 * paced. tessera-quality [-n STREAMS] [-T TIERS | -t WxH@FPS:KBPS,...] [-f TICKS] [-w TICKS] [-p PRESET] [-x SETTINGS] [-o
 * FOLDER] CLIP... The streams are decoded, composed as a grid by the mixer's own compositor, encoded as a room does, decoded
 * again and compared. Prints, for each tier, SSIM of the luma (8x8 windows), what was spent, and the CPU milliseconds of encoding
 * a second of it. The first -w ticks are encoded but not judged. -o keeps canvases (A.y4m) and what the encoders made of them
 * (A.h264), for another's judgement. */
#include <glib.h>
#include <libyuv/compare.h>
#include <stdio.h>
#include <string.h>

#include "bench/video_kit.h"
#include "mcu/base/log.h"
#include "mixer/compositor.h"
#include "mixer/vdec.h"
#include "mixer/venc.h"

typedef struct {
    mix_venc *venc;
    mix_vdec *vdec;
    double ssim, cpu_s;
    uint64_t bytes, pictures;
    FILE *canvases, *coded; /* NULL = not kept */
} judged;

typedef struct {
    bench_task task;
    mix_cpu cpu;
    mix_source *sources[BENCH_MAX_STREAMS];
    mix_compositor *compositor;
    judged tiers[MIX_MAX_TIERS];
} bench;

static void ignore(void *user, mix_source *s, mix_notice what)
{
    (void)user;
    (void)s;
    (void)what;
}

static FILE *open_file(const bench_task *t, const mix_tier_spec *spec, const char *ending)
{
    g_autofree char *path = t->folder ? g_strdup_printf("%s/%s.%s", t->folder, spec->name, ending) : NULL;
    return path ? fopen(path, "wb") : NULL;
}

static void close_file(FILE *f)
{
    if (f) {
        fclose(f);
    }
}

static void keep(const judged *j, const mcu_frame *canvas, const mcu_au *au)
{
    if (!j->canvases || !j->coded) {
        return;
    }
    fwrite(au->data, 1, au->size, j->coded);
    fputs("FRAME\n", j->canvases);
    for (int p = 0; p < 3; p++) {
        int half = p > 0;
        for (int y = 0; y < canvas->height_px >> half; y++) {
            fwrite(canvas->plane[p] + (ptrdiff_t)y * canvas->stride[p], 1, (size_t)(canvas->width_px >> half), j->canvases);
        }
    }
}

static bool open_tier(const bench_task *t, const mix_tier_spec *spec, judged *j, GError **error)
{
    mix_venc_config c = {.width_px = spec->width_px,
                         .height_px = spec->height_px,
                         .fps = spec->fps,
                         .bitrate_bps = spec->bitrate_bps,
                         .preset = t->preset,
                         .settings = t->settings};
    j->venc = mix_venc_x264.open(&c, error);
    j->vdec = mix_vdec_new(4096);
    j->canvases = open_file(t, spec, "y4m");
    j->coded = open_file(t, spec, "h264");
    if (j->canvases) {
        fprintf(j->canvases, "YUV4MPEG2 W%d H%d F%d:1 Ip C420jpeg\n", spec->width_px, spec->height_px, spec->fps);
    }
    return j->venc != NULL;
}

static bool start(bench *b, GError **error)
{
    const mix_source_env env = {.cpu = &b->cpu,
                                .max_px = 4096,
                                .notify = ignore,
                                .queue_drops = mcu_counter_get("quality_drops", NULL, "Not one is meant to be."),
                                .refused = mcu_counter_get("quality_refused", NULL, "Not one is meant to be."),
                                .frames_replaced = mcu_counter_get("quality_replaced", NULL, "Each that no canvas showed.")};
    for (unsigned i = 0; i < b->task.n; i++) {
        b->sources[i] = mix_source_new(i + 1, &env);
    }
    b->compositor = mix_compositor_new(BENCH_CLIP_FPS, &b->cpu);
    bool fine = true;
    for (unsigned k = 0; fine && k < b->task.n_tiers; k++) {
        fine = open_tier(&b->task, &b->task.tiers[k], &b->tiers[k], error);
    }
    return fine;
}

static void clear(bench *b)
{
    mix_compositor_free(b->compositor);
    for (unsigned i = 0; i < b->task.n; i++) {
        if (b->sources[i]) {
            mix_source_close(b->sources[i]);
            mix_source_unref(b->sources[i]);
        }
    }
    for (unsigned k = 0; k < b->task.n_tiers; k++) {
        mix_venc_x264.close(b->tiers[k].venc);
        mix_vdec_free(b->tiers[k].vdec);
        close_file(b->tiers[k].canvases);
        close_file(b->tiers[k].coded);
    }
    bench_task_clear(&b->task);
}

/* Everybody in one grid on every tier, without names: those would be easy to encode. */
static mix_scene *grid(bench *b)
{
    mix_scene *s = mix_scene_new();
    mix_guest guests[BENCH_MAX_STREAMS];
    s->n_people = b->task.n;
    s->n_tiers = b->task.n_tiers;
    for (unsigned i = 0; i < b->task.n; i++) {
        guests[i] = (mix_guest){0, MIX_RANK_NEVER, 0};
        s->people[i] = (mix_scene_person){.person = i + 1, .source = mix_source_ref(b->sources[i])};
    }
    for (unsigned k = 0; k < b->task.n_tiers; k++) {
        const mix_tier_spec *spec = &b->task.tiers[k];
        mix_place places[MIX_MAX_PEOPLE];
        mix_ground ground = {spec->name, spec->width_px, spec->height_px, MCU_WHO_NONE, 0};
        s->tiers[k].live = true;
        s->tiers[k].width_px = spec->width_px;
        s->tiers[k].height_px = spec->height_px;
        s->tiers[k].fps = spec->fps;
        mix_scene_lay(s, k, places, mix_arrange(NULL, &ground, guests, b->task.n, places), BENCH_CLIP_FPS);
    }
    for (unsigned i = 0; i < b->task.n; i++) {
        mix_source_want(b->sources[i], s->people[i].want);
    }
    return s;
}

static void feed(bench *b, unsigned tick, int64_t now_ns)
{
    for (unsigned i = 0; i < b->task.n; i++) {
        const GPtrArray *pictures = b->task.clips[i % b->task.n_clips]->pictures;
        const AVPacket *p = pictures->pdata[tick % pictures->len];
        mcu_au *au = mcu_au_new_copy(p->data, (size_t)p->size);
        g_assert(au);
        au->codec = MCU_CODEC_H264;
        au->keyframe = (p->flags & AV_PKT_FLAG_KEY) != 0;
        au->time_ns = now_ns;
        (void)mix_source_push(b->sources[i], au);
    }
}

static void judge(judged *j, const mcu_frame *canvas, bool counts)
{
    double cpu_s = bench_cpu_s();
    mcu_au *au = mix_venc_x264.encode(j->venc, canvas, false);
    j->cpu_s += counts ? bench_cpu_s() - cpu_s : 0;
    mcu_frame *seen = NULL;
    g_assert(au);
    keep(j, canvas, au);
    if (mix_vdec_decode(j->vdec, au, &seen) == MIX_VDEC_PICTURE && counts) {
        j->ssim += CalcFrameSsim(canvas->plane[0], canvas->stride[0], seen->plane[0], seen->stride[0], canvas->width_px,
                                 canvas->height_px);
        j->bytes += au->size;
        j->pictures++;
    }
    mcu_frame_unref(seen);
    mcu_au_unref(au);
}

static void run(bench *b)
{
    mix_scene *scene = grid(b);
    for (unsigned tick = 0; tick < b->task.warm_up + b->task.ticks; tick++) {
        int64_t now_ns = (int64_t)(tick + 1) * BENCH_CLIP_NS;
        feed(b, tick, now_ns);
        mix_compositor_tick(b->compositor, scene, tick, now_ns);
        scene = NULL;
        for (unsigned k = 0; k < b->task.n_tiers; k++) {
            const mcu_frame *canvas = mix_compositor_canvas(b->compositor, k);
            if (canvas && mix_compositor_due(tick, b->task.tiers[k].fps, BENCH_CLIP_FPS)) {
                judge(&b->tiers[k], canvas, tick >= b->task.warm_up);
            }
        }
    }
}

static void print(const bench *b)
{
    printf("{\"streams\": %u, \"tiers\": [", b->task.n);
    for (unsigned k = 0; k < b->task.n_tiers; k++) {
        const mix_tier_spec *t = &b->task.tiers[k];
        const judged *j = &b->tiers[k];
        printf("%s{\"name\": \"%s\", \"picture\": \"%dx%d@%d\", \"ssim\": %.5f, \"kbps\": %.1f, \"encode_ms\": %.3f}",
               k ? ", " : "", t->name, t->width_px, t->height_px, t->fps, j->pictures ? j->ssim / (double)j->pictures : 0,
               (double)j->bytes * 8e-3 / bench_task_seconds(&b->task), j->cpu_s * 1e3 / bench_task_seconds(&b->task));
    }
    printf("]}\n");
}

int main(int argc, char **argv)
{
    bench b = {0};
    g_autoptr(GError) error = NULL;
    mcu_log_init("tessera-quality", MCU_LOG_WARN);
    bool none = false;
    if (!bench_task_read(&b.task, argc, argv, "", &none)) {
        bench_task_clear(&b.task);
        return 2;
    }
    bool fine = start(&b, &error);
    if (fine) {
        run(&b);
        print(&b);
    } else {
        fprintf(stderr, "tessera-quality: %s\n", error->message);
    }
    clear(&b);
    return fine ? 0 : 1;
}
