#include "mcu/room/freeze.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/room/larger.h"
#include "mcu/room/leg.h"
#include "mcu/room/leg_pictures.h"
#include "mcu/room/record.h"
#include "mcu/room/requests.h"

static bool refuse(GError **error, int code, const char *what)
{
    g_set_error(error, MCU_ERROR, code, "%s", what);
    return false;
}

static void let_go(mcu_room *r, mcu_frozen *f)
{
    if (f->number != 0) {
        mix_video_source_remove(r->video, f->number);
        *f = (mcu_frozen){0};
    }
}

/* The mixer's source of what is shown of the seat now; 0 = nothing is. */
static uint32_t shown_source(const mcu_seat *seat, bool screen)
{
    const mcu_session *s = seat->session;
    bool camera = (s != NULL && mcu_session_shows_camera(s)) || mcu_leg_pictures_shown(mcu_leg_get_pictures(seat->leg));
    if (!screen) {
        return camera ? seat->person : 0;
    }
    if (s != NULL && s->content_live) {
        return seat->content;
    }
    return camera && s != NULL && s->share && !mcu_peer_gives_content(s->peer) ? seat->person : 0;
}

/* False: the mixer has no place for it, or it is gone. */
static bool hold(mcu_room *r, const mcu_seat *seat, bool screen, uint32_t source)
{
    let_go(r, &r->freezing); /* was not there yet */
    mcu_frozen f = {
        .number = MCU_STILL_NUMBER | (++r->stills_frozen & ~MCU_CONTENT_NUMBER), .person = seat->person, .screen = screen};
    if (mix_video_freeze(r->video, source, f.number) != MCU_OK) {
        return false;
    }
    r->freezing = f;
    mcu_info("freeze", "seat=%s what=%s px=%u", seat->id, screen ? "screen" : "camera", mix_video_source_px(r->video, source));
    return true;
}

static bool freeze(mcu_room *r, const mcu_seat *seat, bool screen, GError **error)
{
    uint32_t source = shown_source(seat, screen);
    if (source == 0) {
        return refuse(error, MCU_ERROR_NOT_FOUND, screen ? "this person shows no screen now" : "this person is not seen now");
    }
    if (mix_video_source_px(r->video, source) == 0) {
        return refuse(error, MCU_ERROR_UNAVAILABLE, "there is no picture to be held yet");
    }
    if (mcu_larger_ask(r, seat, screen, source, mcu_now_ns())) {
        return true;
    }
    mcu_larger_end(r);
    return hold(r, seat, screen, source) || refuse(error, MCU_ERROR_UNAVAILABLE, "this picture cannot be held now");
}

void mcu_freeze_tick(mcu_room *r, int64_t now_ns)
{
    mcu_larger asked = r->larger;
    const mcu_seat *seat = asked.source != 0 ? mcu_people_by_number(r, asked.person) : NULL;
    bool gone = seat == NULL || shown_source(seat, asked.screen) != asked.source;
    if (asked.source == 0 || (!gone && !mcu_larger_due(r, now_ns))) {
        return;
    }
    mcu_larger_end(r);
    if (gone || !hold(r, seat, asked.screen, asked.source)) {
        mcu_warn("freeze", "gone=%d", gone); /* nobody sees a still, nothing else has changed */
    }
}

static bool release(mcu_room *r, const mcu_seat *seat, GError **error)
{
    bool shown = r->frozen.number != 0 && r->frozen.person == seat->person;
    bool coming = r->freezing.number != 0 && r->freezing.person == seat->person;
    bool asked = r->larger.source != 0 && r->larger.person == seat->person;
    if (!shown && !coming && !asked) {
        return refuse(error, MCU_ERROR_NOT_FOUND, "no picture of this person is held");
    }
    if (asked) {
        mcu_larger_end(r);
    }
    if (coming) {
        let_go(r, &r->freezing);
    }
    if (shown) {
        mcu_frozen was = r->frozen;
        r->frozen = (mcu_frozen){0};
        mcu_people_show(r); /* first: nobody is to see the place of a picture that is gone */
        let_go(r, &was);
        mcu_people_changed(r);
    }
    return true;
}

static bool take(mcu_room *r, const json_t *m, GError **error)
{
    const mcu_seat *seat = mcu_request_find_seat(r, m, error);
    const char *what = json_string_value(json_object_get(m, "what"));
    if (seat == NULL) {
        return false;
    }
    if (g_strcmp0(what, "off") == 0) {
        return release(r, seat, error);
    }
    if (g_strcmp0(what, "camera") != 0 && g_strcmp0(what, "screen") != 0) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "what: must be camera, screen or off");
    }
    return freeze(r, seat, strcmp(what, "screen") == 0, error);
}

bool mcu_request_freeze(mcu_room *r, const json_t *m, GError **error)
{
    if (!take(r, m, error)) {
        return false;
    }
    mcu_reply_ok(r, m);
    return true;
}

bool mcu_freeze_live(mcu_room *r, uint32_t number)
{
    if (number == 0 || number != r->freezing.number) {
        return false;
    }
    mcu_frozen was = r->frozen;
    r->frozen = r->freezing;
    r->freezing = (mcu_frozen){0};
    mcu_people_show(r);
    let_go(r, &was);
    mcu_people_changed(r);
    return true;
}

bool mcu_freeze_person(mcu_room *r, mix_person *out)
{
    const mcu_seat *seat = mcu_freeze_owner(r, r->frozen.number);
    if (seat == NULL || (seat->session == NULL && seat->leg == NULL)) { /* who comes back by another connection has one */
        let_go(r, &r->frozen);
        return false;
    }
    *out = (mix_person){.person = r->frozen.number,
                        .name = seat->name,
                        .camera_on = true,
                        .still = true,
                        .hold = true,
                        .masked = mcu_record_masks(r, seat),
                        .who = 1u << MCU_WHO_CONTENT,
                        .rank = MIX_RANK_NEVER};
    return true;
}

mcu_seat *mcu_freeze_owner(const mcu_room *r, uint32_t number)
{
    return number != 0 && number == r->frozen.number ? mcu_people_by_number(r, r->frozen.person) : NULL;
}

const char *mcu_freeze_of(const mcu_room *r, const mcu_seat *seat)
{
    bool of_seat = r->frozen.number != 0 && r->frozen.person == seat->person;
    return !of_seat ? NULL : r->frozen.screen ? "screen" : "camera";
}
