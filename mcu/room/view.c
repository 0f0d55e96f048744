#include "mcu/room/view.h"

static bool shows(const mcu_view *v, unsigned tier)
{
    return v->codec != MCU_CODEC_NONE && tier < v->n_tiers;
}

void mcu_view_init(mcu_view *v, mix_video *video, mcu_codec codec, unsigned n_tiers)
{
    *v = (mcu_view){.video = video, .codec = codec, .n_tiers = n_tiers, .current = n_tiers, .wanted = n_tiers};
}

void mcu_view_clear(mcu_view *v)
{
    if (v->video == NULL) {
        return;
    }
    mcu_view_want(v, v->n_tiers);
    v->video = NULL;
}

static void give_back(mcu_view *v, unsigned tier)
{
    if (shows(v, tier)) {
        mix_video_unuse(v->video, tier, v->codec);
    }
}

void mcu_view_want(mcu_view *v, unsigned tier)
{
    if (tier == v->wanted || (tier < v->n_tiers && !shows(v, tier))) {
        return;
    }
    if (v->wanted != v->current) {
        give_back(v, v->wanted);
    }
    v->wanted = tier;
    if (tier == v->current) {
        return;
    }
    if (!shows(v, tier)) {
        give_back(v, v->current);
        v->current = tier;
        return;
    }
    if (mix_video_use(v->video, tier, v->codec) != MCU_OK) {
        v->wanted = v->current;
        return;
    }
    mix_video_request_keyframe(v->video, tier, v->codec);
}

bool mcu_view_pass(mcu_view *v, unsigned tier, const mcu_au *au)
{
    if (au->codec != v->codec) {
        return false;
    }
    if (tier == v->wanted && v->wanted != v->current && au->keyframe) {
        give_back(v, v->current);
        v->current = v->wanted;
        v->needs_keyframe = false;
        return true;
    }
    if (tier != v->current) {
        return false;
    }
    if (v->needs_keyframe && !au->keyframe) {
        return false;
    }
    v->needs_keyframe = false;
    return true;
}

void mcu_view_remind(mcu_view *v)
{
    if (v->wanted != v->current && shows(v, v->wanted)) {
        mix_video_request_keyframe(v->video, v->wanted, v->codec);
    }
}

void mcu_view_restart(mcu_view *v)
{
    if (shows(v, v->current)) {
        mix_video_request_keyframe(v->video, v->current, v->codec);
    }
    mcu_view_remind(v);
}
