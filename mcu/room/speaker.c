#include "mcu/base/log.h"
#include "mcu/room/record.h"
#include "mcu/room/room_private.h"

bool mcu_speaker_signs(const mcu_session *s)
{
    return s->seat->signing && mcu_session_shows_camera(s);
}

static double level_of(const mcu_seat *seat, const mix_voice_level *levels, unsigned n)
{
    bool original = seat->sound.channel[0] == '\0' && !seat->sound.clinical; /* who interprets takes nobody's place */
    bool heard = original && mcu_seat_is_heard(seat);
    for (unsigned i = 0; heard && i < n; i++) {
        if (levels[i].voice == seat->person) {
            return levels[i].level_dbov;
        }
    }
    return MCU_STAGE_SILENCE_DBOV;
}

static bool step(mcu_room *r, const mix_voice_level *levels, unsigned n, int64_t now_ns)
{
    mcu_stage_input in[MCU_STAGE_MAX];
    unsigned people = 0;
    for (guint i = 0; i < r->order->len && people < MCU_STAGE_MAX; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        if (mcu_seat_is_person(seat)) {
            bool signs = seat->session != NULL && mcu_speaker_signs(seat->session);
            in[people++] = (mcu_stage_input){seat->person, level_of(seat, levels, n), signs};
        }
    }
    return mcu_stage_step(&r->stage, in, people, now_ns);
}

void mcu_speaker_levels(mcu_room *r, const mix_voice_level *levels, unsigned n, int64_t now_ns)
{
    if (step(r, levels, n, now_ns)) {
        mcu_picture_changed(r);
    }
}

void mcu_speaker_attend(mcu_room *r)
{
    (void)step(r, NULL, 0, r->stage.now_ns);
}

bool mcu_layout_use(mcu_room *r, const char *name, GError **error)
{
    const mcu_layout *l = name != NULL ? mcu_layouts_find(r->options.layouts, name) : NULL;
    if (l == NULL) {
        g_autofree char *names = mcu_layouts_names(r->options.layouts);
        g_set_error(error, MCU_ERROR, MCU_ERROR_NOT_FOUND, "no such layout; there are %s", names);
        return false;
    }
    g_strlcpy(r->layout, l->name, sizeof r->layout);
    mix_video_set_layout(r->video, l);
    mcu_record_layout(r);
    mcu_canvases_changed(r);
    return true;
}

bool mcu_layout_replace(mcu_room *r, const json_t *layouts, GError **error)
{
    mcu_layouts *fresh = mcu_layouts_parse(layouts, error);
    if (fresh == NULL) {
        return false;
    }
    mcu_layouts *old = r->options.layouts;
    r->options.layouts = fresh;
    if (!mcu_layout_use(r, r->layout, NULL)) {
        mcu_warn("layout.gone", "layout=%s", r->layout);
        (void)mcu_layout_use(r, MCU_LAYOUT_DEFAULT, NULL);
    }
    mcu_layouts_free(old);
    return true;
}
