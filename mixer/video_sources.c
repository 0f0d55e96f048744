/* video_sources.c - what participants send: who is known, what goes to a decoder, what has become stale.  Thread: the loop. */
#include "mcu/base/log.h"
#include "mixer/video_private.h"

const char *mix_source_state_name(mix_source_state s)
{
    static const char *const names[] = {"none", "waiting", "live", "stale", "refused"};
    return (unsigned)s < G_N_ELEMENTS(names) ? names[s] : "none";
}

mix_source_entry *mix_video_find_source(mix_video *v, uint32_t id)
{
    for (unsigned i = 0; i < MIX_MAX_PEOPLE; i++) {
        if (v->sources[i].source && mix_source_id(v->sources[i].source) == id) {
            return &v->sources[i];
        }
    }
    return NULL;
}

static mix_source_entry *find_free(mix_video *v)
{
    for (unsigned i = 0; i < MIX_MAX_PEOPLE; i++) {
        if (!v->sources[i].source) {
            return &v->sources[i];
        }
    }
    return NULL;
}

mcu_status mix_video_source_add(mix_video *v, uint32_t id)
{
    if (id == 0 || mix_video_find_source(v, id)) {
        return MCU_EINVAL;
    }
    mix_source_entry *e = find_free(v);
    if (!e) {
        return MCU_EFULL;
    }
    *e = (mix_source_entry){.source = mix_source_new(id, &v->source_env), .state = MIX_SOURCE_WAITING};
    mix_video_rebuild(v);
    return MCU_OK;
}

mcu_status mix_video_freeze(mix_video *v, uint32_t id, uint32_t still)
{
    const mix_source_entry *from = mix_video_find_source(v, id);
    if (!from || still == 0 || mix_video_find_source(v, still)) {
        return MCU_EINVAL;
    }
    mix_source_entry *e = find_free(v);
    if (!e) {
        return MCU_EFULL;
    }
    mix_source_env env = v->source_env;
    env.workers = NULL; /* nothing will be decoded */
    mix_source *s = mix_source_new(still, &env);
    mcu_status status = mix_source_freeze(from->source, s);
    if (status != MCU_OK) {
        mix_source_unref(s);
        return status;
    }
    *e = (mix_source_entry){.source = s, .state = MIX_SOURCE_WAITING, .still = true};
    return MCU_OK;
}

unsigned mix_video_source_px(mix_video *v, uint32_t id)
{
    const mix_source_entry *e = mix_video_find_source(v, id);
    return e ? mix_source_px(e->source) : 0;
}

void mix_video_source_remove(mix_video *v, uint32_t id)
{
    mix_source_entry *e = mix_video_find_source(v, id);
    if (e) {
        mix_source_close(e->source);
        mix_source_unref(e->source);
        *e = (mix_source_entry){0};
        mix_video_rebuild(v);
    }
}

mcu_status mix_video_source_push(mix_video *v, uint32_t id, mcu_au *take_au)
{
    mix_source_entry *e = mix_video_find_source(v, id);
    if (!e || e->still) {
        mcu_au_unref(take_au);
        return MCU_EINVAL;
    }
    if (!e->decoded) {
        e->missed = true;
        mcu_au_unref(take_au);
        return MCU_OK;
    }
    return mix_source_push(e->source, take_au);
}

void mix_video_set_state(mix_video *v, mix_source_entry *e, mix_source_state state)
{
    if (e->state != state) {
        e->state = state;
        mcu_info("video.source", "source=%u state=%s", mix_source_id(e->source), mix_source_state_name(state));
        if (v->callbacks.on_source_state) {
            v->callbacks.on_source_state(v->user, mix_source_id(e->source), state);
        }
    }
}

void mix_video_check_stale(mix_video *v, int64_t now_ns)
{
    for (unsigned i = 0; i < MIX_MAX_PEOPLE; i++) {
        mix_source_entry *e = &v->sources[i];
        if (e->source && !e->still && (e->state == MIX_SOURCE_LIVE || e->state == MIX_SOURCE_STALE)) {
            bool stale = now_ns - mix_source_last_ns(e->source) > MIX_SOURCE_STALE_NS;
            mix_video_set_state(v, e, stale ? MIX_SOURCE_STALE : MIX_SOURCE_LIVE);
        }
    }
}
