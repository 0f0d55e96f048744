/* video_load.c - when the machine has no time for the largest tier: what is measured, and what then changes.  Thread: the loop.
 */
#include "mcu/base/log.h"
#include "mixer/video_private.h"

#define FASTEST "ultrafast"
#define HANDS_FPS 20 /* fewer cannot be read */

/* The largest tier, and what else is of its size: other views of it. */
static bool is_largest(const mix_video *v, unsigned tier)
{
    return v->specs[tier].width_px == v->specs[0].width_px && v->specs[tier].height_px == v->specs[0].height_px;
}

static bool has_hands(const mix_video *v)
{
    for (unsigned i = 0; i < v->n_people; i++) {
        if (v->people[i].who & 1u << MCU_WHO_SIGNING) {
            return true;
        }
    }
    return false;
}

int mix_video_fps(const mix_video *v, unsigned tier)
{
    int all = v->specs[tier].fps;
    bool fewer = v->load.level >= MIX_LOAD_FEWER && is_largest(v, tier) && all > 1;
    return !fewer ? all : has_hands(v) ? MAX(all / 2, MIN(all, HANDS_FPS)) : all / 2;
}

const char *mix_video_preset(const mix_video *v, unsigned tier)
{
    return v->load.level >= MIX_LOAD_FASTER && is_largest(v, tier) ? FASTEST : v->preset;
}

typedef struct {
    uint64_t offered, missed;
} tally;

static tally count_pictures(const mix_video *v)
{
    tally t = {0, 0};
    for (unsigned i = 0; i < v->n_tiers; i++) {
        for (int c = 0; c < MIX_TIER_CODECS && is_largest(v, i); c++) {
            if (v->tiers[i].encoder[c]) {
                mix_encoder_tally(v->tiers[i].encoder[c], &t.offered, &t.missed);
            }
        }
    }
    return t;
}

static double share(uint64_t part, uint64_t whole, uint64_t part_before, uint64_t whole_before)
{
    bool fresh = whole < whole_before || part < part_before; /* an encoder has gone, with its counters */
    return fresh || whole == whole_before ? 0 : (double)(part - part_before) / (double)(whole - whole_before);
}

static double missed_lately(mix_video *v)
{
    mix_vclock_stats clock;
    mix_vclock_get_stats(v->clock, &clock);
    tally t = count_pictures(v);
    double ticks = share(clock.late, clock.ticks, v->load_late, v->load_ticks);
    double pictures = share(t.missed, t.offered, v->load_missed, v->load_offered);
    v->load_ticks = clock.ticks;
    v->load_late = clock.late;
    v->load_offered = t.offered;
    v->load_missed = t.missed;
    return MAX(ticks, pictures);
}

/* Both of x264's: VP8 has no presets, and would begin anew for nothing. */
static void set_presets(mix_video *v, unsigned tier)
{
    static const mcu_codec codecs[] = {MCU_CODEC_H264, MCU_CODEC_H264_UNITS};
    for (unsigned i = 0; i < G_N_ELEMENTS(codecs); i++) {
        mix_encoder *e = v->tiers[tier].encoder[mix_video_codec_slot(codecs[i])];
        if (e) {
            mix_encoder_set_preset(e, mix_video_preset(v, tier));
        }
    }
}

static void apply(mix_video *v)
{
    mcu_warn("video.overload", "level=%s", mix_load_name(v->load.level));
    mcu_gauge_set(v->overload, v->load.level);
    for (unsigned i = 0; i < v->n_tiers; i++) {
        if (is_largest(v, i)) {
            set_presets(v, i);
        }
    }
    mix_video_rebuild(v);
    if (v->callbacks.on_overload) {
        v->callbacks.on_overload(v->user, v->load.level >= MIX_LOAD_WITHOUT);
    }
}

void mix_video_check_load(mix_video *v, int64_t now_ns)
{
    if (now_ns - v->load_checked_ns < MCU_NS_PER_SEC - MCU_NS_PER_SEC / 10) {
        return;
    }
    v->load_checked_ns = now_ns;
    double missed = v->clock ? missed_lately(v) : 0;
    if (mix_overload_step(&v->load, missed, now_ns)) {
        apply(v);
    }
}
