/* stages.c - tessera-stages: each stage of a room's work a fixed number of times on the same input, for counting instructions.
 * tessera-stages SPEECH.clip CLIP... (video clips as for tessera-floor). Prints the stages' names in the order in which they ran;
 * each one runs within one call of bench_stage(), at which a profiler can begin and end. */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "bench/video_kit.h"
#include "mcu/base/log.h"
#include "mcu/bot/clip.h"
#include "mcu/net/h264_rtp.h"
#include "mcu/net/srtp.h"
#include "mixer/adec.h"
#include "mixer/aenc.h"
#include "mixer/amix.h"
#include "mixer/compositor.h"
#include "mixer/pcm.h"
#include "mixer/text.h"
#include "mixer/vdec.h"
#include "mixer/venc.h"

#define PEOPLE 4
#define BLOCKS 20   /* of sound */
#define PACKETS 50  /* on the wire */
#define PACKET 900  /* bytes */
#define PICTURES 10 /* decoded */

typedef struct {
    bench_task task;
    mcu_clip *speech;
    mix_cpu cpu;
    mix_vdec *vdec;
    mcu_frame *picture[PICTURES];
    mix_source *source[PEOPLE];
    mix_compositor *compositor;
    mix_scene *scene;
    uint64_t tick;
    mix_text *text;
    mix_venc *venc[MIX_MAX_TIERS];
    mcu_au *coded;
    mix_adec *adec;
    mix_aenc *aenc;
    mix_amix *amix;
    int16_t sound[BLOCKS][MIX_BLOCK];
    mcu_srtp *here, *there;
    uint8_t packet[PACKETS][PACKET + MCU_SRTP_OVERHEAD];
    size_t size[PACKETS];
    uint64_t sink;
} kit;

/* ---- the stages ---- */

static void decode(kit *k)
{
    for (unsigned i = 0; i < PICTURES; i++) {
        const AVPacket *p = k->task.clips[0]->pictures->pdata[i];
        mcu_au *au = mcu_au_new_copy(p->data, (size_t)p->size);
        au->codec = MCU_CODEC_H264;
        au->keyframe = (p->flags & AV_PKT_FLAG_KEY) != 0;
        g_assert(mix_vdec_decode(k->vdec, au, &k->picture[i]) == MIX_VDEC_PICTURE);
        mcu_au_unref(au);
    }
}

/* A picture of each person arrives: its tiles are made. */
static void scale(kit *k)
{
    for (unsigned i = 0; i < PEOPLE; i++) {
        mcu_frame *f = mcu_frame_ref(k->picture[i]);
        f->time_ns = (int64_t)(k->tick + 1) * BENCH_CLIP_NS;
        mix_source_show(k->source[i], f);
    }
}

static void tick(kit *k)
{
    mix_compositor_tick(k->compositor, g_steal_pointer(&k->scene), k->tick, (int64_t)(k->tick + 1) * BENCH_CLIP_NS);
    k->tick++;
}

static void compose(kit *k)
{
    tick(k);
}

static void compose_unchanged(kit *k)
{
    tick(k);
}

static void label(kit *k)
{
    mix_overlay_free(mix_text_label(k->text, "Zo\u00eb Bj\u00f6rklund", MIX_ICON_MUTED, 640, 360));
}

static mix_venc *open_tier(const kit *k, unsigned tier)
{
    const mix_tier_spec *t = &k->task.tiers[tier];
    const mix_venc_config c = {.width_px = t->width_px, .height_px = t->height_px, .fps = t->fps, .bitrate_bps = t->bitrate_bps};
    return mix_venc_x264.open(&c, NULL);
}

static void encoder_open(kit *k)
{
    for (unsigned t = 0; t < k->task.n_tiers; t++) {
        k->venc[t] = open_tier(k, t);
        g_assert(k->venc[t]);
    }
}

/* The same canvas: what the encoder costs beside its search for movement. */
static void encode(kit *k, unsigned tier, unsigned pictures)
{
    for (unsigned i = 0; i < pictures; i++) {
        mcu_au_unref(k->coded);
        k->coded = mix_venc_x264.encode(k->venc[tier], mix_compositor_canvas(k->compositor, tier), false);
        g_assert(k->coded);
    }
}

static void encode_a(kit *k)
{
    encode(k, 0, 2);
}

static void encode_b(kit *k)
{
    encode(k, 1, 2);
}

static void encode_c(kit *k)
{
    encode(k, 2, 2);
}

static void encode_d(kit *k)
{
    encode(k, 3, 2);
}

static void count_payload(void *user, const mcu_payload *p, bool last)
{
    *(uint64_t *)user += mcu_payload_size(p) + p->head[0] + last;
}

static void packetise(kit *k)
{
    for (unsigned i = 0; i < PACKETS; i++) {
        g_assert(mcu_h264_pack(k->coded->data, k->coded->size, 1100, count_payload, &k->sink) == MCU_OK);
    }
}

static void opus_decode(kit *k)
{
    int16_t pcm[MIX_PACKET_MAX];
    for (unsigned i = 0; i < BLOCKS; i++) {
        const mcu_au *au = k->speech->packets->pdata[i];
        unsigned n = 0;
        g_assert(mix_adec_decode(k->adec, au->data, au->size, pcm, &n) == MCU_OK && n == MIX_BLOCK);
        memcpy(k->sound[i], pcm, sizeof k->sound[i]);
    }
}

static void audio_mix(kit *k)
{
    int32_t rest[MIX_BLOCK];
    for (unsigned i = 0; i < BLOCKS; i++) {
        mix_amix_begin(k->amix, i);
        for (unsigned p = 0; p < PEOPLE; p++) {
            g_assert(mix_amix_add(k->amix, p, i, k->sound[(i + p) % BLOCKS]) == MCU_OK);
        }
        for (int p = -1; p < PEOPLE; p++) {
            mix_amix_rest(k->amix, p, rest);
            k->sink += (uint64_t)rest[0];
        }
    }
}

static void opus_encode(kit *k)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        mcu_au_unref(mix_aenc_encode(k->aenc, k->sound[i], i * MIX_BLOCK, 0));
    }
}

static void srtp_protect(kit *k)
{
    for (unsigned i = 0; i < PACKETS; i++) {
        g_assert(mcu_srtp_protect_rtp(k->here, k->packet[i], &k->size[i]) == MCU_OK);
    }
}

static void srtp_unprotect(kit *k)
{
    for (unsigned i = 0; i < PACKETS; i++) {
        g_assert(mcu_srtp_unprotect_rtp(k->there, k->packet[i], &k->size[i]) == MCU_OK);
    }
}

/* In this order: each builds on those before. */
static const struct {
    const char *name;
    void (*run)(kit *k);
} stages[] = {
    {"decode", decode},
    {"scale", scale},
    {"compose", compose},
    {"compose_unchanged", compose_unchanged},
    {"label", label},
    {"encoder_open", encoder_open},
    {"encode_a", encode_a},
    {"encode_b", encode_b},
    {"encode_c", encode_c},
    {"encode_d", encode_d},
    {"packetise", packetise},
    {"opus_decode", opus_decode},
    {"audio_mix", audio_mix},
    {"opus_encode", opus_encode},
    {"srtp_protect", srtp_protect},
    {"srtp_unprotect", srtp_unprotect},
};

void bench_stage(kit *k, void (*run)(kit *k));
__attribute__((noinline)) void bench_stage(kit *k, void (*run)(kit *k))
{
    run(k);
    k->sink++; /* not a tail call: the profiler waits for the return from here */
}

/* ---- what they work on ---- */

static void ignore(void *user, mix_source *s, mix_notice what)
{
    (void)user;
    (void)s;
    (void)what;
}

static void lay(kit *k)
{
    mix_scene *s = k->scene = mix_scene_new();
    mix_guest guests[PEOPLE];
    mix_place places[MIX_MAX_PEOPLE];
    s->n_people = PEOPLE;
    s->n_tiers = k->task.n_tiers;
    for (unsigned i = 0; i < PEOPLE; i++) {
        guests[i] = (mix_guest){0, MIX_RANK_NEVER, 0};
        s->people[i] = (mix_scene_person){.person = i + 1, .source = mix_source_ref(k->source[i])};
    }
    for (unsigned t = 0; t < k->task.n_tiers; t++) {
        const mix_tier_spec *spec = &k->task.tiers[t];
        mix_scene_tier *tier = &s->tiers[t];
        mix_ground ground = {spec->name, spec->width_px, spec->height_px, MCU_WHO_NONE, 0};
        *tier = (mix_scene_tier){.live = true, .width_px = spec->width_px, .height_px = spec->height_px, .fps = spec->fps};
        mix_scene_lay(s, t, places, mix_arrange(NULL, &ground, guests, PEOPLE, places), BENCH_CLIP_FPS);
    }
    for (unsigned i = 0; i < PEOPLE; i++) {
        mix_source_want(k->source[i], s->people[i].want);
    }
}

static void open_video(kit *k)
{
    const mix_source_env env = {.cpu = &k->cpu,
                                .max_px = 4096,
                                .notify = ignore,
                                .queue_drops = mcu_counter_get("stages_drops", NULL, "Not one is meant to be."),
                                .refused = mcu_counter_get("stages_refused", NULL, "Not one is meant to be."),
                                .frames_replaced = mcu_counter_get("stages_replaced", NULL, "Not one is meant to be.")};
    k->vdec = mix_vdec_new(4096);
    k->text = mix_text_new(NULL);
    for (unsigned i = 0; i < PEOPLE; i++) {
        k->source[i] = mix_source_new(i + 1, &env);
    }
    k->compositor = mix_compositor_new(BENCH_CLIP_FPS, &k->cpu);
    lay(k);
}

static bool open_sound(kit *k, const char *path, GError **error)
{
    k->speech = mcu_clip_load(path, error);
    k->adec = mix_adec_new(MCU_CODEC_OPUS, NULL);
    k->aenc = mix_aenc_new(NULL, NULL);
    k->amix = mix_amix_new(PEOPLE, 48000);
    return k->speech != NULL;
}

static bool open_wire(kit *k, GError **error)
{
    const mcu_srtp_keys keys = {.profile = MCU_SRTP_AEAD_AES_128_GCM, .local = {1, 2, 3}, .remote = {1, 2, 3}};
    for (unsigned i = 0; i < PACKETS; i++) {
        static const uint8_t head[12] = {0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
        memcpy(k->packet[i], head, sizeof head);
        k->packet[i][3] = (uint8_t)i;
        k->size[i] = PACKET;
    }
    k->here = mcu_srtp_warm(error) ? mcu_srtp_new(&keys, error) : NULL;
    k->there = k->here ? mcu_srtp_new(&keys, error) : NULL;
    return k->there != NULL;
}

static void clear(kit *k)
{
    mix_compositor_free(k->compositor);
    for (unsigned i = 0; i < PEOPLE && k->source[i]; i++) {
        mix_source_close(k->source[i]);
        mix_source_unref(k->source[i]);
    }
    for (unsigned i = 0; i < PICTURES; i++) {
        mcu_frame_unref(k->picture[i]);
    }
    for (unsigned t = 0; t < k->task.n_tiers; t++) {
        mix_venc_x264.close(k->venc[t]);
    }
    mix_vdec_free(k->vdec);
    mix_text_free(k->text);
    mcu_au_unref(k->coded);
    mix_adec_free(k->adec);
    mix_aenc_free(k->aenc);
    mix_amix_free(k->amix);
    mcu_srtp_free(k->here);
    mcu_srtp_free(k->there);
    mcu_clip_free(k->speech);
    bench_task_clear(&k->task);
}

int main(int argc, char **argv)
{
    kit *k = g_new0(kit, 1);
    g_autoptr(GError) error = NULL;
    mcu_log_init("tessera-stages", MCU_LOG_WARN);
    bool none = false;
    if (argc < 3 || !bench_task_read(&k->task, argc - 1, argv + 1, "", &none)) {
        fprintf(stderr, "tessera-stages SPEECH.clip CLIP...\n");
        return 2;
    }
    bool fine = open_sound(k, argv[1], &error) && open_wire(k, &error);
    if (fine) {
        open_video(k);
        for (unsigned i = 0; i < G_N_ELEMENTS(stages); i++) {
            bench_stage(k, stages[i].run);
            puts(stages[i].name);
        }
    } else {
        fprintf(stderr, "tessera-stages: %s\n", error->message);
    }
    clear(k);
    g_free(k);
    return fine ? 0 : 1;
}
