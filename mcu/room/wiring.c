#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/room/freeze.h"
#include "mcu/room/leg.h"
#include "mcu/room/leg_pictures.h"
#include "mcu/room/leg_reader.h"
#include "mcu/room/record.h"
#include "mcu/room/room_private.h"
#include "mcu/room/still.h"

#define THIN_TIER_BPS 64000
#define THIN_LAYOUT_NS (2 * MCU_NS_PER_SEC) /* a change of speakers is four layouts: a quarter of a second of 64 kbit/s */

/* ---- peer -> mixer and gateway ---- */

static void on_state(void *user, mcu_peer_state state, const char *why)
{
    mcu_session *s = user;
    mcu_info("session.state", "seat=%s session=%s state=%s why=%s", s->seat->id, s->id, mcu_peer_state_name(state), why);
    switch (state) {
    case MCU_PEER_UP:
        mcu_session_set_up(s);
        mcu_report_session(s, "up", why);
        break;
    case MCU_PEER_STALLED:
        mcu_report_session(s, "stalled", why);
        mcu_roster_changed(s->room);
        break;
    case MCU_PEER_GONE:
        mcu_report_session(s, "gone", why);
        mcu_room_detach(s);
        break;
    case MCU_PEER_ICE:
    case MCU_PEER_DTLS:
    case MCU_PEER_NEW:
    case MCU_PEER_NONE:
        break;
    }
}

static void on_candidate(void *user, const char *candidate, const char *mid)
{
    mcu_session *s = user;
    if (candidate == NULL) {
        mcu_session_gathered(s);
    }
    if (s->trickle) {
        mcu_room_send(s->room,
                      json_pack("{ss ss ss ss ss}", "type", "candidate", "seat", s->seat->id, "session", s->id, "candidate",
                                candidate != NULL ? candidate : "", "mid", mid != NULL ? mid : ""),
                      NULL);
    }
}

static void on_picture_in(void *user, mcu_au *take_au)
{
    mcu_session *s = user;
    if (!s->has_source) {
        mcu_au_unref(take_au);
        return;
    }
    (void)mix_video_source_push(s->room->video, s->seat->person, take_au);
}

static void on_content_in(void *user, mcu_au *take_au)
{
    mcu_session *s = user;
    if (!s->has_content) {
        mcu_au_unref(take_au);
        return;
    }
    (void)mix_video_source_push(s->room->video, s->seat->content, take_au);
}

static void on_audio_in(void *user, mcu_au *take_au)
{
    mcu_session *s = user;
    if (!s->has_voice) {
        mcu_au_unref(take_au);
        return;
    }
    (void)mix_audio_voice_push(s->room->audio, s->seat->person, take_au);
}

static void on_keyframe_request(void *user)
{
    mcu_session *s = user;
    mcu_view_restart(&s->view);
}

const mcu_peer_callbacks mcu_wiring_peer = {
    .on_state = on_state,
    .on_candidate = on_candidate,
    .on_picture = on_picture_in,
    .on_content = on_content_in,
    .on_audio = on_audio_in,
    .on_keyframe_request = on_keyframe_request,
};

/* ---- mixer -> peers and gateway ---- */

static void on_picture_out(void *user, unsigned tier, mcu_au *au)
{
    mcu_room *r = user;
    if (au->codec == MCU_CODEC_JPEG) {
        mcu_still_picture(r, tier, au);
        return;
    }
    mcu_record_picture(r, tier, au);
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        mcu_session *s = seat->session;
        if (mcu_leg_get_pictures(seat->leg) != NULL) {
            mcu_leg_pictures_out(mcu_leg_get_pictures(seat->leg), tier, au);
        }
        if (s != NULL && s->up) {
            mcu_session_take_picture(s, tier, au);
        }
    }
}

static void on_keyframe_wanted(void *user, uint32_t source)
{
    mcu_seat *seat = mcu_people_by_number(user, source);
    mcu_leg_pictures *pictures = seat != NULL ? mcu_leg_get_pictures(seat->leg) : NULL;
    if (pictures != NULL && mcu_leg_pictures_shown(pictures)) {
        mcu_leg_pictures_want(pictures);
    } else if (seat != NULL && seat->session != NULL) {
        mcu_peer_request_keyframe(seat->session->peer);
    }
    seat = mcu_people_by_content(user, source);
    if (seat != NULL && seat->session != NULL) {
        mcu_peer_request_content_keyframe(seat->session->peer);
    }
}

static void on_source_state(void *user, uint32_t source, mix_source_state state)
{
    if (state == MIX_SOURCE_LIVE && mcu_freeze_live(user, source)) {
        return;
    }
    const mcu_seat *seat = mcu_people_by_number(user, source), *sharer = mcu_people_by_content(user, source);
    if (seat != NULL) {
        mcu_info("source.state", "seat=%s state=%s", seat->id, mix_source_state_name(state));
    }
    if (sharer != NULL && sharer->session != NULL) {
        mcu_info("content.state", "seat=%s state=%s", sharer->id, mix_source_state_name(state));
        mcu_session_content_live(sharer->session, state == MIX_SOURCE_LIVE || state == MIX_SOURCE_STALE);
    }
}

static void note_tiles(mcu_room *r, unsigned tier, const mix_tile *tiles, unsigned n)
{
    for (guint i = 0; i < r->order->len; i++) {
        ((mcu_seat *)r->order->pdata[i])->tile_px[tier] = 0;
    }
    for (unsigned i = 0; i < n; i++) {
        mcu_seat *seat = mcu_people_by_number(r, tiles[i].person);
        if (seat != NULL) {
            seat->tile_px[tier] = (unsigned)(tiles[i].width_px * tiles[i].height_px);
            seat->tile_lines[tier] = (unsigned)MAX(tiles[i].height_px, tiles[i].width_px * 9 / 16);
        }
    }
    mcu_senders_ask(r);
}

static void on_layout(void *user, unsigned tier, const mix_tile *tiles, unsigned n)
{
    mcu_room *r = user;
    if (tier >= MIX_MAX_TIERS) {
        return;
    }
    note_tiles(r, tier, tiles, n);
    if (r->options.canvases[tier].recorded) { /* nobody watches that */
        return;
    }
    json_decref(r->layouts[tier]);
    r->layouts[tier] = mcu_report_layout(r, tier, tiles, n);
    r->layout_waits[tier] = true;
    mcu_layouts_tick(r, mcu_now_ns());
}

void mcu_layout_say(mcu_room *r, unsigned tier)
{
    g_autofree char *key = g_strdup_printf("layout%u", tier);
    mcu_room_send(r, json_incref(r->layouts[tier]), key);
}

void mcu_layouts_tick(mcu_room *r, int64_t now_ns)
{
    for (unsigned i = 0; i < MIX_MAX_TIERS; i++) {
        bool thin = r->options.video.tiers[i].bitrate_bps <= THIN_TIER_BPS;
        if (r->layout_waits[i] && (!thin || now_ns - r->layout_said_ns[i] >= THIN_LAYOUT_NS)) {
            r->layout_waits[i] = false;
            r->layout_said_ns[i] = now_ns;
            mcu_layout_say(r, i);
        }
    }
}

static void on_overload(void *user, bool without_largest)
{
    mcu_room *r = user;
    r->without_largest = without_largest;
    mcu_canvases_changed(r);
    mcu_roster_changed(r);
}

static void on_audio_out(void *user, const mix_audio_out *out, unsigned n)
{
    mcu_room *r = user;
    int64_t now_ns = mcu_now_ns();
    if (r->leg_reader != NULL) {
        mcu_leg_reader_follow(r->leg_reader, out[0].au->time_ns);
    }
    for (unsigned i = 0; i < n; i++) {
        if (out[i].listener == MCU_RECORD_LISTENER) {
            mcu_record_sound(r, out[i].au);
            continue;
        }
        mcu_seat *seat = mcu_people_by_number(r, out[i].listener);
        if (seat != NULL && seat->leg != NULL) {
            mcu_leg_hear(seat->leg, out[i].au, now_ns);
        } else if (seat != NULL && seat->session != NULL && seat->session->has_listener && !seat->session->hushed) {
            (void)mcu_peer_send_audio(seat->session->peer, out[i].au);
        }
    }
}

static void on_talking(void *user, uint32_t voice, bool talking, double level_dbov)
{
    (void)level_dbov;
    mcu_room *r = user;
    mcu_seat *seat = mcu_people_by_number(r, voice);
    if (seat != NULL && seat->leg != NULL) {
        if (mcu_leg_set_talking(seat->leg, talking)) {
            mcu_people_changed(r);
        }
        return;
    }
    if (seat == NULL || seat->session == NULL) {
        return;
    }
    mcu_session *s = seat->session;
    bool heard = talking && s->audio_on && !seat->muted;
    if (heard != s->talking) {
        s->talking = heard;
        mcu_people_changed(r);
    }
}

static void on_key(void *user, uint32_t voice, char key)
{
    mcu_seat *seat = mcu_people_by_number(user, voice);
    if (seat != NULL && seat->leg != NULL) {
        mcu_leg_key(seat->leg, key);
    }
}

static void on_levels(void *user, const mix_voice_level *levels, unsigned n, int64_t now_ns)
{
    mcu_speaker_levels(user, levels, n, now_ns);
}

static const mix_video_callbacks video_callbacks = {
    .on_picture = on_picture_out,
    .on_keyframe_wanted = on_keyframe_wanted,
    .on_source_state = on_source_state,
    .on_layout = on_layout,
    .on_overload = on_overload,
};

static const mix_audio_callbacks audio_callbacks = {
    .on_audio = on_audio_out,
    .on_talking = on_talking,
    .on_levels = on_levels,
    .on_key = on_key,
};

bool mcu_wiring_init(mcu_room *r, GError **error)
{
    r->net = mcu_net_new(r->context, &r->options.net, error);
    if (r->net == NULL) {
        return false;
    }
    r->video = mix_video_new(r->context, &r->options.video, &video_callbacks, r, error);
    if (r->video == NULL) {
        return false;
    }
    r->audio = mix_audio_new(r->context, &r->options.audio, &audio_callbacks, r, error);
    return r->audio != NULL;
}

void mcu_wiring_clear(mcu_room *r)
{
    mcu_stills_clear(r);
    g_clear_pointer(&r->audio, mix_audio_free);
    g_clear_pointer(&r->video, mix_video_free);
    g_clear_pointer(&r->net, mcu_net_free);
    for (unsigned i = 0; i < MIX_MAX_TIERS; i++) {
        g_clear_pointer(&r->layouts[i], json_decref);
    }
}
