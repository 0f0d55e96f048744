/* Who sends pictures is asked for what the largest tile of them is worth, among the canvases that somebody looks at: by REMB,
 * which every device obeys, and by name, which ours do.  Thread: the loop. */
#include "mcu/base/clock.h"
#include "mcu/room/larger.h"
#include "mcu/room/leg_pictures.h"
#include "mcu/room/record.h"
#include "mcu/room/room_private.h"

#define SCREEN_BPS 1500000 /* a page of text, whole within a second or two */

/* A bit each. */
static unsigned tiers_watched(const mcu_room *r)
{
    unsigned watched = mcu_record_watched(r);
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        const mcu_session *s = seat->session;
        watched |= mcu_leg_pictures_watched(mcu_leg_get_pictures(seat->leg));
        if (s != NULL && s->up) {
            watched |= 1u << s->view.current | 1u << s->view.wanted;
        }
    }
    return watched;
}

static mcu_uplink_sight sight_of(const mcu_room *r, const mcu_seat *seat, unsigned people, unsigned watched)
{
    mcu_uplink_sight sight = {.people = people, .signing = seat->signing, .one_size = seat->fixed};
    for (unsigned t = 0; t < r->options.video.n_tiers; t++) {
        if ((watched & 1u << t) && seat->tile_px[t] > 0) {
            sight.px = MAX(sight.px, seat->tile_px[t]);
            sight.lines = MAX(sight.lines, seat->tile_lines[t]);
            sight.fps = MAX(sight.fps, (unsigned)r->options.video.tiers[t].fps);
        }
    }
    return sight;
}

void mcu_senders_say(mcu_session *s)
{
    const mcu_uplink u = s->uplink.asked;
    if (!s->uplink.told) {
        return;
    }
    json_t *m = json_pack("{ss ss ss}", "type", "limits", "seat", s->seat->id, "session", s->id);
    const struct {
        const char *name;
        unsigned value;
    } members[] = {{"lines", u.lines}, {"fps", u.fps}, {"bps", u.bps}};
    for (unsigned i = 0; i < G_N_ELEMENTS(members); i++) {
        if (members[i].value != 0) {
            json_object_set_new(m, members[i].name, json_integer(members[i].value));
        }
    }
    g_autofree char *key = g_strdup_printf("limits %s", s->seat->id);
    mcu_room_send(s->room, m, key);
}

/* Nothing of it concerns a screen that comes in the camera's place, nor a picture that is about to be held. */
static mcu_uplink worth_of(const mcu_session *s, const mcu_uplink_sight *sight, unsigned larger_bps)
{
    bool screen = s->share && !mcu_peer_gives_content(s->peer);
    return screen || larger_bps != 0 ? (mcu_uplink){0} : mcu_uplink_worth(sight);
}

void mcu_senders_tick(mcu_room *r, int64_t now_ns)
{
    unsigned people = mcu_people_sessions(r), watched = tiers_watched(r);
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        mcu_session *s = seat->session;
        if (s == NULL || !s->has_source) {
            continue;
        }
        mcu_uplink_sight sight = sight_of(r, seat, people, watched);
        unsigned larger_bps = mcu_larger_bps(r, seat);
        unsigned bps = mcu_uplink_bps(people, sight.px) + (s->has_content ? SCREEN_BPS : 0);
        mcu_peer_set_max_video_bps(s->peer, MAX(bps, larger_bps));
        if (mcu_uplink_step(&s->uplink, worth_of(s, &sight, larger_bps), now_ns)) {
            mcu_senders_say(s);
        }
    }
}

void mcu_senders_ask(mcu_room *r)
{
    mcu_senders_tick(r, mcu_now_ns());
}
