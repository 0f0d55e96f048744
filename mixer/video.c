/* video.c - see video.h. */
#include "mixer/video.h"

#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mixer/venc.h"
#include "mixer/video_private.h"

#define MAX_WORKERS 4
#define DEFAULT_MAX_SOURCE_PX 1920
#define STALE_CHECK_MS 500
#define STILL_MAX_S 60

int mix_video_codec_slot(mcu_codec codec)
{
    static const mcu_codec slots[MIX_TIER_CODECS] = {MCU_CODEC_H264, MCU_CODEC_VP8, MCU_CODEC_JPEG, MCU_CODEC_H264_UNITS};
    for (int i = 0; i < MIX_TIER_CODECS; i++) {
        if (slots[i] == codec) {
            return i;
        }
    }
    return -1;
}

/* ---- start and stop ---- */

static bool check_tier(const mix_tier_spec *t, unsigned every_s, GError **error)
{
    bool sizes = t->width_px >= 64 && t->height_px >= 36 && t->width_px <= 4096 && t->height_px <= 4096 &&
                 !((t->width_px | t->height_px) & 1);
    bool stills = every_s > 0 && every_s <= STILL_MAX_S && t->fps == 1;
    if (!sizes || t->fps < 1 || t->fps > 60 || t->bitrate_bps < (stills ? 10000 / (int)every_s : 10000) ||
        (every_s > 0 && !stills)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "tier %.7s: %dx%d at %d pictures and %d bit a second is not possible",
                    t->name, t->width_px, t->height_px, t->fps, t->bitrate_bps);
        return false;
    }
    return true;
}

/* A wrong preset must be an error of the start, not of the first viewer. */
static bool check_preset(const char *preset, GError **error)
{
    mix_venc_config c = {.width_px = 64, .height_px = 64, .fps = 1, .bitrate_bps = 10000, .preset = preset};
    mix_venc *e = mix_venc_x264.open(&c, error);
    mix_venc_x264.close(e);
    return e != NULL;
}

static bool check_config(const mix_video_config *c, GError **error)
{
    if (c->n_tiers == 0 || c->n_tiers > MIX_MAX_TIERS) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%u tiers: 1 to %d are possible", c->n_tiers, MIX_MAX_TIERS);
        return false;
    }
    for (unsigned i = 0; i < c->n_tiers; i++) {
        if (!check_tier(&c->tiers[i], c->every_s[i], error)) {
            return false;
        }
    }
    return check_preset(c->preset, error);
}

static void register_metrics(mix_video *v)
{
    static const double seconds[] = {0.0005, 0.001, 0.002, 0.004, 0.006, 0.008, 0.012, 0.016, 0.024, 0.04, 0.08, 0.2};
    static const double late[] = {0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.1, 0.5};
    v->replaced =
        mcu_counter_get("tessera_frames_replaced_total", NULL, "Pictures and canvases replaced by newer ones before use.");
    v->queue_drops = mcu_counter_get("tessera_video_queue_drops_total", NULL, "Pictures dropped because a video queue was full.");
    v->refused = mcu_counter_get("tessera_source_refused_total", NULL, "Coded pictures that were not let into a decoder.");
    v->lateness = mcu_histogram_get("tessera_frame_lateness_seconds", NULL, "How late the video clock's ticks began.", late,
                                    G_N_ELEMENTS(late));
    v->overload =
        mcu_gauge_get("tessera_video_overload", NULL,
                      "What is given up for want of time: 1 half the largest tier's pictures, 2 its preset, 3 its viewers.");
    v->stills = mcu_counter_get("tessera_stills_total", NULL, "JPEG pictures of tiers made.");
    for (unsigned i = 0; i < v->n_tiers; i++) {
        char label[32];
        g_snprintf(label, sizeof label, "tier=\"%s\"", v->specs[i].name);
        v->tiers[i].encode_seconds =
            mcu_histogram_get("tessera_encode_seconds", label, "Time to encode one picture.", seconds, G_N_ELEMENTS(seconds));
        v->tiers[i].keyframes_total = mcu_counter_get("tessera_keyframes_total", label, "Keyframes encoded.");
        v->tiers[i].entries_total =
            mcu_counter_get("tessera_entry_keyframes_total", label, "Keyframes encoded apart, for those alone who entered.");
    }
    v->replaced_before = mcu_counter_value(v->replaced);
    v->queue_drops_before = mcu_counter_value(v->queue_drops);
}

static unsigned worker_count(unsigned wanted)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n = wanted ? wanted : cores > 0 ? (unsigned)cores : 1;
    return n > MAX_WORKERS && !wanted ? MAX_WORKERS : n;
}

static gboolean on_stale_timer(gpointer user)
{
    int64_t now_ns = mcu_now_ns();
    mix_video_check_stale(user, now_ns);
    mix_video_check_load(user, now_ns);
    return G_SOURCE_CONTINUE;
}

static void start_stale_timer(mix_video *v)
{
    v->stale_timer = g_timeout_source_new(STALE_CHECK_MS);
    g_source_set_callback(v->stale_timer, on_stale_timer, v, NULL);
    g_source_attach(v->stale_timer, v->context);
}

mix_video *mix_video_new(GMainContext *context, const mix_video_config *config, const mix_video_callbacks *callbacks, void *user,
                         GError **error)
{
    if (!check_config(config, error)) {
        return NULL;
    }
    mix_video *v = g_new0(mix_video, 1);
    v->context = context ? g_main_context_ref(context) : NULL;
    v->n_tiers = config->n_tiers;
    v->preset = g_strdup(config->preset);
    v->callbacks = *callbacks;
    v->user = user;
    v->ending = g_ptr_array_new();
    for (unsigned i = 0; i < v->n_tiers; i++) {
        v->specs[i] = config->tiers[i];
        v->views[i] = config->view[i];
        v->signer[i] = config->signer[i];
        v->every_s[i] = config->every_s[i];
        v->masks[i] = config->masks[i];
        v->specs[i].name[sizeof v->specs[i].name - 1] = '\0';
        v->tick_fps = MAX(v->tick_fps, config->tiers[i].fps);
        v->tiers[i].n_told = -1;
    }
    mix_overload_init(&v->load);
    register_metrics(v);
    v->workers = mcu_workers_new(worker_count(config->workers), "video");
    v->art = mix_art_new(v->workers, &v->cpu, error);
    v->source_env = (mix_source_env){.workers = v->workers,
                                     .cpu = &v->cpu,
                                     .max_px = config->max_source_px ? config->max_source_px : DEFAULT_MAX_SOURCE_PX,
                                     .notify = mix_video_notify,
                                     .user = v,
                                     .queue_drops = v->queue_drops,
                                     .refused = v->refused,
                                     .frames_replaced = v->replaced};
    if (!v->art) {
        mix_video_free(v);
        return NULL;
    }
    g_assert(mix_video_mail_start(v));
    start_stale_timer(v);
    return v;
}

static void stop_clock(mix_video *v)
{
    if (!v->clock) {
        return;
    }
    mix_vclock_stats s;
    mix_vclock_get_stats(v->clock, &s);
    v->ticks += s.ticks;
    v->late += s.late;
    v->missed += s.missed;
    for (unsigned t = 0; t < v->n_tiers; t++) {
        v->tiers[t].skipped += s.skipped_unchanged[t];
    }
    mix_vclock_stop(v->clock);
    v->clock = NULL;
}

static void stop_encoder(mix_video *v, unsigned tier, int slot)
{
    mix_tier_entry *t = &v->tiers[tier];
    mix_encoder_stop(t->encoder[slot]);
    g_ptr_array_add(v->ending, t->encoder[slot]);
    t->encoder[slot] = NULL;
    mix_keybank_free(t->bank[slot]);
    mix_keybank_free(t->entry_bank[slot]);
    t->bank[slot] = t->entry_bank[slot] = NULL;
}

static void free_names(mix_video *v)
{
    for (unsigned i = 0; i < v->n_people; i++) {
        g_free((char *)v->people[i].name);
    }
    v->n_people = 0;
}

static void join_encoders(mix_video *v)
{
    for (unsigned t = 0; t < v->n_tiers; t++) {
        for (int c = 0; c < MIX_TIER_CODECS; c++) {
            if (v->tiers[t].encoder[c]) {
                stop_encoder(v, t, c);
            }
        }
    }
    for (unsigned i = 0; i < v->ending->len; i++) {
        mix_encoder *e = g_ptr_array_index(v->ending, i);
        mix_encoder_join(e);
        mix_encoder_unref(e);
    }
    g_ptr_array_free(v->ending, TRUE);
}

void mix_video_free(mix_video *v)
{
    if (!v) {
        return;
    }
    if (v->stale_timer) {
        g_source_destroy(v->stale_timer);
        g_source_unref(v->stale_timer);
    }
    stop_clock(v);
    join_encoders(v);
    for (unsigned i = 0; i < MIX_MAX_PEOPLE; i++) {
        if (v->sources[i].source) {
            mix_source_close(v->sources[i].source);
            mix_source_unref(v->sources[i].source);
        }
    }
    mix_art_free(v->art);
    mcu_workers_free(v->workers);
    mix_video_mail_stop(v);
    free_names(v);
    if (v->context) {
        g_main_context_unref(v->context);
    }
    g_free(v->preset);
    g_free(v->caption);
    g_free(v->recorded_caption);
    g_free(v->line);
    g_free(v->logo);
    g_free(v);
}

/* ---- people and tiers ---- */

static bool masks_more(const mix_video *v, const mix_person *people, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; people[i].masked && k < v->n_people; k++) {
            if (v->people[k].person == people[i].person && !v->people[k].masked) {
                return true;
            }
        }
    }
    return false;
}

void mix_video_set_people(mix_video *v, const mix_person *people, unsigned n)
{
    if (masks_more(v, people, n)) {
        v->masked_scene = v->scenes + 1;
    }
    free_names(v);
    v->n_people = MIN(n, MIX_MAX_PEOPLE);
    for (unsigned i = 0; i < v->n_people; i++) {
        v->people[i] = people[i];
        v->people[i].name = g_strdup(people[i].name ? people[i].name : "");
    }
    mix_video_rebuild(v);
}

void mix_video_set_layout(mix_video *v, const mcu_layout *layout)
{
    v->layout = layout;
    mix_video_rebuild(v);
}

uint64_t mix_video_scene(const mix_video *v)
{
    return v->scenes;
}

bool mix_video_tier_live(const mix_tier_entry *t)
{
    bool live = false;
    for (int c = 0; c < MIX_TIER_CODECS; c++) {
        live = live || t->encoder[c];
    }
    return live;
}

static mix_encoder *start_encoder(mix_video *v, unsigned tier, mcu_codec codec)
{
    const mix_tier_entry *t = &v->tiers[tier];
    mix_encoder_config c = {.spec = v->specs[tier],
                            .tier = tier,
                            .every_s = v->every_s[tier],
                            .codec = codec,
                            .preset = mix_video_preset(v, tier),
                            .cpu = &v->cpu,
                            .deliver = mix_video_deliver,
                            .ended = mix_video_ended,
                            .user = v,
                            .seconds = t->encode_seconds,
                            .keyframes = codec == MCU_CODEC_JPEG ? v->stills : t->keyframes_total,
                            .entries = t->entries_total,
                            .replaced = v->replaced,
                            .queue_drops = v->queue_drops};
    GError *error = NULL;
    mix_encoder *e = mix_encoder_start(&c, &error);
    if (!e) {
        mcu_error_log("video.encoder", "tier=%s error=\"%s\"", v->specs[tier].name, error->message);
        g_error_free(error);
    }
    return e;
}

static bool start_clock(mix_video *v)
{
    if (!v->clock) {
        mix_vclock_config c = {v->tick_fps, &v->cpu, v->workers, v->lateness, mix_video_applied, v};
        v->clock = mix_vclock_start(&c, NULL);
    }
    return v->clock != NULL;
}

mcu_status mix_video_use(mix_video *v, unsigned tier, mcu_codec codec)
{
    int slot = mix_video_codec_slot(codec);
    if (tier >= v->n_tiers || slot < 0) {
        return MCU_EINVAL;
    }
    mix_tier_entry *t = &v->tiers[tier];
    if (t->uses[slot] == 0) {
        if (!mix_video_tier_live(t)) {
            t->n_told = -1;
        }
        t->encoder[slot] = start_clock(v) ? start_encoder(v, tier, codec) : NULL;
        if (!t->encoder[slot]) {
            return MCU_ENOMEM;
        }
        if (codec != MCU_CODEC_JPEG) {
            t->bank[slot] = mix_keybank_new((size_t)v->specs[tier].bitrate_bps / 8);
            t->entry_bank[slot] = mix_keybank_new((size_t)v->specs[tier].bitrate_bps / 8);
        }
        mix_video_rebuild(v);
    }
    mix_encoder_set_watchers(t->encoder[slot], ++t->uses[slot]);
    return MCU_OK;
}

static unsigned live_encoders(const mix_video *v, unsigned *live_tiers)
{
    unsigned n = 0;
    *live_tiers = 0;
    for (unsigned t = 0; t < v->n_tiers; t++) {
        for (int c = 0; c < MIX_TIER_CODECS; c++) {
            n += v->tiers[t].encoder[c] != NULL;
        }
        *live_tiers += mix_video_tier_live(&v->tiers[t]);
    }
    return n;
}

void mix_video_unuse(mix_video *v, unsigned tier, mcu_codec codec)
{
    int slot = mix_video_codec_slot(codec);
    if (tier >= v->n_tiers || slot < 0 || v->tiers[tier].uses[slot] == 0) {
        return;
    }
    if (--v->tiers[tier].uses[slot] > 0) {
        mix_encoder_set_watchers(v->tiers[tier].encoder[slot], v->tiers[tier].uses[slot]);
        return;
    }
    stop_encoder(v, tier, slot);
    unsigned tiers;
    if (live_encoders(v, &tiers) == 0) {
        stop_clock(v);
    }
    mix_video_rebuild(v);
}

void mix_video_request_keyframe(mix_video *v, unsigned tier, mcu_codec codec)
{
    int slot = mix_video_codec_slot(codec);
    if (tier < v->n_tiers && slot >= 0 && v->tiers[tier].encoder[slot]) {
        mix_encoder_request_key(v->tiers[tier].encoder[slot]);
    }
}

void mix_video_enter(mix_video *v, unsigned tier, mcu_codec codec)
{
    int slot = mix_video_codec_slot(codec);
    if (tier < v->n_tiers && slot >= 0 && v->tiers[tier].encoder[slot]) {
        mix_encoder_enter(v->tiers[tier].encoder[slot]);
    }
}

void mix_video_rise(mix_video *v, unsigned tier, mcu_codec codec)
{
    int slot = mix_video_codec_slot(codec);
    if (tier < v->n_tiers && slot >= 0 && v->tiers[tier].encoder[slot]) {
        mix_encoder_rise(v->tiers[tier].encoder[slot]);
    }
}

unsigned mix_video_bank(mix_video *v, unsigned tier, mcu_codec codec, mcu_au *const **pictures)
{
    int slot = mix_video_codec_slot(codec);
    *pictures = NULL;
    if (tier >= v->n_tiers || slot < 0 || !v->tiers[tier].bank[slot]) {
        return 0;
    }
    const int64_t now_ns = mcu_now_ns();
    unsigned n = mix_keybank_get(v->tiers[tier].bank[slot], now_ns, pictures);
    return n > 0 ? n : mix_keybank_get(v->tiers[tier].entry_bank[slot], now_ns, pictures);
}

void mix_video_get_stats(mix_video *v, mix_video_stats *out)
{
    *out = (mix_video_stats){.ticks = v->ticks, .late_ticks = v->late, .missed_ticks = v->missed};
    mix_vclock_stats clock = {0};
    if (v->clock) {
        mix_vclock_get_stats(v->clock, &clock);
    }
    out->ticks += clock.ticks;
    out->late_ticks += clock.late;
    out->missed_ticks += clock.missed;
    out->overload = (unsigned)v->load.level;
    out->live_encoders = live_encoders(v, &out->live_tiers);
    for (unsigned i = 0; i < MIX_MAX_PEOPLE; i++) {
        out->sources += v->sources[i].source != NULL;
    }
    for (unsigned t = 0; t < v->n_tiers; t++) {
        out->encoded[t] = v->tiers[t].encoded;
        out->keyframes[t] = v->tiers[t].keyframes;
        out->skipped_unchanged[t] = v->tiers[t].skipped + clock.skipped_unchanged[t];
    }
    out->frames_replaced = mcu_counter_value(v->replaced) - v->replaced_before;
    out->queue_drops = mcu_counter_value(v->queue_drops) - v->queue_drops_before;
    for (int i = 0; i < MIX_CPU_STAGES; i++) {
        out->cpu_s[i] = (double)atomic_load_explicit(&v->cpu.ns[i], memory_order_relaxed) * 1e-9;
    }
}
