#include "mcu/room/leg_pictures.h"

#include <glib-unix.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/net/call_video.h"

#define STEP_MS 10

struct mcu_leg_pictures {
    mcu_leg *leg;
    mcu_room *room;
    mcu_seat *seat; /* borrowed; outlives the leg */
    mcu_call_video *video;
    mcu_leg_video state; /* what signalling has said; its keys are not kept */
    GSource *readers[2];
    GSource *stepper; /* while there are pictures */
    mcu_view view;
    mcu_tier_choice choice;
    bool has_source;
};

/* ---- what it watches ---- */

static unsigned top_tier(const mcu_leg_pictures *p)
{
    const mcu_room_options *o = &p->room->options;
    mcu_decode_limits limits = {.max_mbs = p->state.max_mbs, .max_mbps = p->state.max_mbps, .max_kbps = p->state.max_kbps};
    unsigned top = MAX(p->seat->tier_cap, mcu_room_options_top(o, &limits));
    return p->room->without_largest && o->tiers.n_tiers > 1 ? MAX(top, 1) : top;
}

static void apply_tier(mcu_leg_pictures *p)
{
    unsigned n = p->room->options.tiers.n_tiers;
    mcu_tier_choice_cap(&p->choice, top_tier(p));
    unsigned tier = mcu_call_video_sends(p->video) ? p->choice.tier : n;
    if (mcu_view_want(&p->view, tier < n ? tier : p->room->options.video.n_tiers)) {
        mcu_view_remind(&p->view);
    }
    mcu_senders_ask(p->room);
}

void mcu_leg_pictures_tick(mcu_leg_pictures *p, int64_t now_ns)
{
    mcu_peer_link link;
    if (p->state.pt == 0) {
        return;
    }
    mcu_call_video_get_link(p->video, now_ns, &link);
    if (!link.unheard) { /* who reports nothing gets what it said it takes */
        mcu_tier_choice_step(&p->choice, &p->room->options.tiers, &link, now_ns);
    }
    apply_tier(p);
    mcu_view_remind(&p->view);
}

void mcu_leg_pictures_out(mcu_leg_pictures *p, unsigned tier, mcu_au *au)
{
    if (mcu_view_pass(&p->view, tier, au) && mcu_call_video_send(p->video, au, mcu_now_ns()) == MCU_EFULL) {
        p->view.needs_keyframe = true;
    }
}

unsigned mcu_leg_pictures_watched(const mcu_leg_pictures *p)
{
    return p == NULL || !mcu_call_video_sends(p->video) ? 0 : 1u << p->view.current | 1u << p->view.wanted;
}

/* ---- what it shows ---- */

static void on_picture(void *user, mcu_au *take_au)
{
    mcu_leg_pictures *p = user;
    if (!p->has_source) {
        mcu_au_unref(take_au);
        return;
    }
    (void)mix_video_source_push(p->room->video, p->seat->person, take_au);
}

static void on_keyframe_request(void *user)
{
    mcu_leg_pictures *p = user;
    mcu_view_restart(&p->view);
}

static void on_ask(void *user)
{
    mcu_leg_pictures *p = user;
    mcu_room_send(p->room, json_pack("{ss ss ss}", "type", "keyframe", "seat", p->seat->id, "session", mcu_leg_id(p->leg)), NULL);
}

void mcu_leg_pictures_want(mcu_leg_pictures *p)
{
    mcu_call_video_want_keyframe(p->video, mcu_now_ns());
}

void mcu_leg_pictures_asked(mcu_leg_pictures *p)
{
    mcu_call_video_asked(p->video, mcu_now_ns());
}

bool mcu_leg_pictures_shown(const mcu_leg_pictures *p)
{
    return p != NULL && p->has_source && p->seat->sends_video;
}

/* The camera of a browser on the same seat comes first. */
static void apply_source(mcu_leg_pictures *p)
{
    bool wants = mcu_call_video_receives(p->video) && (p->seat->session == NULL || !p->seat->session->has_source);
    if (wants && !p->has_source) {
        p->has_source = mix_video_source_add(p->room->video, p->seat->person) == MCU_OK;
    } else if (!wants && p->has_source) {
        mix_video_source_remove(p->room->video, p->seat->person);
        p->has_source = false;
    }
}

/* ---- life ---- */

static gboolean on_readable(int fd, GIOCondition condition, gpointer user)
{
    (void)fd;
    (void)condition;
    mcu_leg_pictures *p = user;
    mcu_call_video_read(p->video, mcu_now_ns());
    return G_SOURCE_CONTINUE;
}

static gboolean on_step(gpointer user)
{
    mcu_leg_pictures *p = user;
    mcu_call_video_step(p->video, mcu_now_ns());
    return G_SOURCE_CONTINUE;
}

static void stop(GSource **source)
{
    if (*source != NULL) {
        g_source_destroy(*source);
        g_clear_pointer(source, g_source_unref);
    }
}

static GSource *start(const mcu_leg_pictures *p, GSource *source, GSourceFunc fn)
{
    g_source_set_callback(source, fn, (gpointer)(uintptr_t)p, NULL);
    g_source_attach(source, p->room->context);
    return source;
}

static void apply(mcu_leg_pictures *p)
{
    bool runs = p->state.pt != 0;
    mcu_codec codec = p->state.whole_units ? MCU_CODEC_H264_UNITS : MCU_CODEC_H264;
    if (runs && p->stepper == NULL) {
        p->stepper = start(p, g_timeout_source_new(STEP_MS), on_step);
    } else if (!runs) {
        stop(&p->stepper);
    }
    if (runs && codec != p->view.codec) {
        mcu_view_clear(&p->view);
        mcu_view_init(&p->view, p->room->video, codec, p->room->options.video.n_tiers, mcu_tiers_moving(&p->room->options.tiers));
    }
    apply_source(p);
    apply_tier(p);
    mcu_people_changed(p->room);
}

bool mcu_leg_pictures_change(mcu_leg_pictures *p, const mcu_leg_video *state, GError **error)
{
    if (!mcu_call_video_change(p->video, state, mcu_now_ns(), error)) {
        return false;
    }
    bool began = p->state.pt == 0;
    p->state = *state;
    memset(p->state.key_in, 0, sizeof p->state.key_in);
    memset(p->state.key_out, 0, sizeof p->state.key_out);
    if (began) {
        const mcu_tier_table *tiers = &p->room->options.tiers;
        unsigned fits = state->max_kbps != 0 ? mcu_tier_that_fits(tiers, state->max_kbps * 1000 + (unsigned)tiers->audio_bps) : 0;
        unsigned top = top_tier(p);
        mcu_tier_choice_init(&p->choice, tiers, MAX(fits, top), top, mcu_now_ns());
    }
    apply(p);
    mcu_info("leg.video", "seat=%s runs=%d send=%d recv=%d tier=%s", p->seat->id, state->pt != 0, state->send, state->recv,
             mcu_room_options_tier_name(&p->room->options, p->choice.tier));
    return true;
}

mcu_leg_pictures *mcu_leg_pictures_new(mcu_leg *l, mcu_seat *seat, mcu_room *r, const mcu_leg_video *state, int take_rtp,
                                       int take_rtcp, GError **error)
{
    static const mcu_call_video_callbacks callbacks = {on_picture, on_keyframe_request, on_ask};
    mcu_leg_pictures *p = g_new0(mcu_leg_pictures, 1);
    p->leg = l;
    p->seat = seat;
    p->room = r;
    mcu_view_init(&p->view, r->video, MCU_CODEC_NONE, r->options.video.n_tiers, mcu_tiers_moving(&r->options.tiers));
    p->video = mcu_call_video_new(state, take_rtp, take_rtcp, &callbacks, p, mcu_now_ns(), error);
    if (p->video == NULL || !mcu_leg_pictures_change(p, state, error)) {
        mcu_leg_pictures_free(p);
        return NULL;
    }
    const int fds[] = {mcu_call_video_fd(p->video), mcu_call_video_rtcp_fd(p->video)};
    for (unsigned i = 0; i < G_N_ELEMENTS(fds); i++) {
        p->readers[i] = start(p, g_unix_fd_source_new(fds[i], G_IO_IN), G_SOURCE_FUNC(on_readable));
    }
    return p;
}

void mcu_leg_pictures_free(mcu_leg_pictures *p)
{
    if (p == NULL) {
        return;
    }
    stop(&p->readers[0]);
    stop(&p->readers[1]);
    stop(&p->stepper);
    mcu_view_clear(&p->view);
    if (p->has_source) {
        mix_video_source_remove(p->room->video, p->seat->person);
    }
    mcu_call_video_free(p->video);
    g_free(p);
}

const char *mcu_leg_pictures_tier(const mcu_leg_pictures *p)
{
    return mcu_room_options_tier_name(&p->room->options, mcu_canvas_tier(p->room, p->view.current));
}

json_t *mcu_leg_pictures_inspection(const mcu_leg_pictures *p)
{
    mcu_call_video_stats t;
    mcu_call_video_get_stats(p->video, &t);
    return json_pack("{sb ss sI sI sI sI sI sI}", "shown", mcu_leg_pictures_shown(p), "tier", mcu_leg_pictures_tier(p),
                     "pictures_in", (json_int_t)t.pictures_in, "pictures_out", (json_int_t)t.pictures_out, "refused",
                     (json_int_t)t.refused, "auth_failures", (json_int_t)t.auth_failures, "asked_in", (json_int_t)t.asked_in,
                     "asked_out", (json_int_t)t.asked_out);
}
