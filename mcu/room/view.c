#include "mcu/room/view.h"

static bool shows(const mcu_view *v, unsigned tier)
{
    return v->codec != MCU_CODEC_NONE && tier < v->n_tiers;
}

void mcu_view_init(mcu_view *v, mix_video *video, mcu_codec codec, unsigned n_tiers, unsigned n_moving)
{
    *v = (mcu_view){
        .video = video, .codec = codec, .n_tiers = n_tiers, .n_moving = n_moving, .current = n_tiers, .wanted = n_tiers};
}

void mcu_view_clear(mcu_view *v)
{
    if (v->video == NULL) {
        return;
    }
    (void)mcu_view_want(v, v->n_tiers);
    v->video = NULL;
}

static void request(const mcu_view *v, unsigned tier)
{
    if (v->shared) {
        mix_video_request_keyframe(v->video, tier, v->codec);
    } else if (tier < v->current && v->current < v->n_moving) {
        mix_video_rise(v->video, tier, v->codec);
    } else {
        mix_video_enter(v->video, tier, v->codec);
    }
}

static void give_back(mcu_view *v, unsigned tier)
{
    if (shows(v, tier)) {
        mix_video_unuse(v->video, tier, v->codec);
    }
}

bool mcu_view_want(mcu_view *v, unsigned tier)
{
    if (tier == v->wanted || (tier < v->n_tiers && !shows(v, tier))) {
        return false;
    }
    if (v->wanted != v->current) {
        give_back(v, v->wanted);
    }
    v->wanted = tier;
    if (tier == v->current) {
        return false;
    }
    if (!shows(v, tier)) {
        give_back(v, v->current);
        v->current = tier;
        return false;
    }
    if (mix_video_use(v->video, tier, v->codec) != MCU_OK) {
        v->wanted = v->current;
        return false;
    }
    return true;
}

unsigned mcu_view_cached(const mcu_view *v, size_t most_bytes, mcu_au *const **pictures)
{
    *pictures = NULL;
    if (v->wanted == v->current || !shows(v, v->wanted) || v->shared) {
        return 0;
    }
    unsigned n = mix_video_bank(v->video, v->wanted, v->codec, pictures);
    size_t bytes = 0;
    for (unsigned i = 0; i < n; i++) {
        bytes += (*pictures)[i]->size;
    }
    return bytes <= most_bytes ? n : 0;
}

static bool begin(mcu_view *v, const mcu_au *au)
{
    v->needs_keyframe = v->lost = false;
    v->entered = au->entry;
    return true;
}

bool mcu_view_pass(mcu_view *v, unsigned tier, const mcu_au *au)
{
    if (au->codec != v->codec || (au->entry && v->shared)) {
        return false;
    }
    if (tier == v->wanted && v->wanted != v->current && au->keyframe) {
        give_back(v, v->current);
        v->current = v->wanted;
        return begin(v, au);
    }
    if (tier != v->current) {
        return false;
    }
    if (au->keyframe && (!au->entry || v->entered || v->needs_keyframe || v->lost)) {
        return begin(v, au);
    }
    return !v->needs_keyframe && au->entry == v->entered;
}

void mcu_view_remind(mcu_view *v)
{
    if (v->wanted != v->current && shows(v, v->wanted)) {
        request(v, v->wanted);
    }
}

void mcu_view_restart(mcu_view *v)
{
    if (shows(v, v->current)) {
        v->lost = true;
        request(v, v->current);
    }
    mcu_view_remind(v);
}
