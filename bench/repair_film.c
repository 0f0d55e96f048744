/* How large the pictures of a tier are: people in a grid, composed and encoded in VP8 as a room does. */
#include "bench/repair_kit.h"
#include "mixer/compositor.h"
#include "mixer/venc.h"

typedef struct {
    mix_cpu cpu;
    mix_source *sources[BENCH_MAX_STREAMS];
    mix_compositor *compositor;
} stage;

static void ignore(void *user, mix_source *s, mix_notice what)
{
    (void)user;
    (void)s;
    (void)what;
}

static void open_stage(stage *s, const bench_task *t)
{
    const mix_source_env env = {.cpu = &s->cpu,
                                .max_px = 4096,
                                .notify = ignore,
                                .queue_drops = mcu_counter_get("repair_drops", NULL, "Not one is meant to be."),
                                .refused = mcu_counter_get("repair_refused", NULL, "Not one is meant to be."),
                                .frames_replaced = mcu_counter_get("repair_replaced", NULL, "Each that no canvas showed.")};
    for (unsigned i = 0; i < t->n; i++) {
        s->sources[i] = mix_source_new(i + 1, &env);
    }
    s->compositor = mix_compositor_new(BENCH_CLIP_FPS, &s->cpu);
}

static void close_stage(stage *s, const bench_task *t)
{
    mix_compositor_free(s->compositor);
    for (unsigned i = 0; i < t->n; i++) {
        mix_source_close(s->sources[i]);
        mix_source_unref(s->sources[i]);
    }
}

static mix_scene *grid(stage *s, const bench_task *t)
{
    const mix_tier_spec *spec = &t->tiers[0];
    mix_scene *scene = mix_scene_new();
    mix_guest guests[BENCH_MAX_STREAMS];
    mix_place places[MIX_MAX_PEOPLE];
    mix_ground ground = {spec->name, spec->width_px, spec->height_px, MCU_WHO_NONE, 0};
    scene->n_people = t->n;
    scene->n_tiers = 1;
    scene->tiers[0].live = true;
    scene->tiers[0].width_px = spec->width_px;
    scene->tiers[0].height_px = spec->height_px;
    scene->tiers[0].fps = spec->fps;
    for (unsigned i = 0; i < t->n; i++) {
        guests[i] = (mix_guest){0, MIX_RANK_NEVER, 0};
        scene->people[i] = (mix_scene_person){.person = i + 1, .source = mix_source_ref(s->sources[i])};
    }
    mix_scene_lay(scene, 0, places, mix_arrange(NULL, &ground, guests, t->n, places), BENCH_CLIP_FPS);
    for (unsigned i = 0; i < t->n; i++) {
        mix_source_want(s->sources[i], scene->people[i].want);
    }
    return scene;
}

static void feed(stage *s, const bench_task *t, unsigned tick)
{
    for (unsigned i = 0; i < t->n; i++) {
        const GPtrArray *pictures = t->clips[i % t->n_clips]->pictures;
        const AVPacket *p = pictures->pdata[tick % pictures->len];
        mcu_au *au = mcu_au_new_copy(p->data, (size_t)p->size);
        g_assert(au);
        au->codec = MCU_CODEC_H264;
        au->keyframe = (p->flags & AV_PKT_FLAG_KEY) != 0;
        au->time_ns = (int64_t)(tick + 1) * BENCH_CLIP_NS;
        (void)mix_source_push(s->sources[i], au);
    }
}

static void shoot(stage *s, const bench_task *t, mix_venc *venc, repair_film *out)
{
    mix_scene *scene = grid(s, t);
    for (unsigned tick = 0; tick < t->ticks && out->n < REPAIR_FILM; tick++) {
        feed(s, t, tick);
        mix_compositor_tick(s->compositor, scene, tick, (int64_t)(tick + 1) * BENCH_CLIP_NS);
        scene = NULL;
        const mcu_frame *canvas = mix_compositor_canvas(s->compositor, 0);
        if (canvas && mix_compositor_due(tick, t->tiers[0].fps, BENCH_CLIP_FPS)) {
            mcu_au *au = mix_venc_vpx.encode(venc, canvas, false);
            g_assert(au && au->keyframe == (out->n == 0));
            out->bytes[out->n++] = (unsigned)au->size;
            mcu_au_unref(au);
        }
    }
}

bool repair_film_make(const bench_task *t, repair_film *out, GError **error)
{
    const mix_tier_spec *spec = &t->tiers[0];
    const mix_venc_config c = {
        .width_px = spec->width_px, .height_px = spec->height_px, .fps = spec->fps, .bitrate_bps = spec->bitrate_bps};
    mix_venc *venc = mix_venc_vpx.open(&c, error);
    if (venc == NULL) {
        return false;
    }
    stage s = {0};
    *out = (repair_film){.tier = *spec};
    open_stage(&s, t);
    shoot(&s, t, venc, out);
    close_stage(&s, t);
    mix_venc_vpx.close(venc);
    return out->n > 0;
}
