#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/room/room_private.h"

#define GATHER_LIMIT_MS 1000
#define LINE_BELIEVED_BPS 2000000 /* of what a page measured in a moment; more has to show */

const char *mcu_session_kind_name(mcu_session_kind k)
{
    switch (k) {
    case MCU_SESSION_WS:
        return "ws";
    case MCU_SESSION_WHIP:
        return "whip";
    case MCU_SESSION_WHEP:
        return "whep";
    case MCU_SESSION_NONE:
        break;
    }
    return "none";
}

mcu_session *mcu_session_new(mcu_room *r, mcu_seat *seat, const char *id, mcu_session_kind kind, bool trickle, GError **error)
{
    mcu_session *s = g_new0(mcu_session, 1);
    s->room = r;
    s->seat = seat;
    g_strlcpy(s->id, id, sizeof s->id);
    s->kind = kind;
    s->trickle = trickle;
    s->audio_on = s->video_on = true;
    s->tier_wished = s->tier_kept = r->options.tiers.n_tiers + 1;
    s->quality = s->listed_quality = -1;
    s->created_ns = mcu_now_ns();
    bool gives = kind != MCU_SESSION_WHEP;
    mcu_peer_policy policy = {
        .prefer_h264 = true,
        .send_video = true,
        .send_audio = true,
        .recv_video = gives && seat->sends_video,
        .recv_audio = gives && seat->sends_audio,
        .recv_content = kind == MCU_SESSION_WS,
        .max_video_bps = mcu_uplink_bps(mcu_people_sessions(r) + 1, 0),
    };
    s->peer = mcu_peer_new(r->net, &policy, &mcu_wiring_peer, s, error);
    if (s->peer == NULL) {
        g_free(s);
        return NULL;
    }
    mcu_view_init(&s->view, r->video, MCU_CODEC_NONE, r->options.video.n_tiers, mcu_tiers_moving(&r->options.tiers));
    return s;
}

void mcu_session_leave_mixer(mcu_session *s)
{
    mcu_room *r = s->room;
    mcu_view_clear(&s->view);
    if (s->has_source) {
        mix_video_source_remove(r->video, s->seat->person);
    }
    if (s->has_content) {
        mix_video_source_remove(r->video, s->seat->content);
    }
    mcu_session_rest_sound(s);
    s->has_source = s->has_content = s->content_live = false;
}

static void stop_answer_timer(mcu_session *s)
{
    if (s->answer_timer != NULL) {
        g_source_destroy(s->answer_timer);
        g_clear_pointer(&s->answer_timer, g_source_unref);
    }
}

void mcu_session_free(mcu_session *s)
{
    if (s == NULL) {
        return;
    }
    mcu_session_leave_mixer(s);
    stop_answer_timer(s);
    mcu_peer_free(s->peer);
    g_clear_pointer(&s->answer_id, json_decref);
    g_free(s->offer);
    g_free(s);
}

void mcu_session_rest_sound(mcu_session *s)
{
    if (s->has_listener) {
        mix_audio_listener_remove(s->room->audio, s->seat->person);
    }
    if (s->has_voice) {
        mix_audio_voice_remove(s->room->audio, s->seat->person);
    }
    s->has_voice = s->has_listener = s->talking = false;
}

bool mcu_session_is_person(const mcu_session *s)
{
    return s->up && !s->closing && s->kind != MCU_SESSION_WHEP && (s->seat->sends_audio || s->seat->sends_video);
}

bool mcu_session_shows_camera(const mcu_session *s)
{
    return s->has_source && s->video_on && s->seat->sends_video;
}

void mcu_session_apply_state(mcu_session *s)
{
    if (s->has_voice) {
        mix_audio_voice_mute(s->room->audio, s->seat->person, !s->audio_on || s->seat->muted || !s->seat->sends_audio);
    }
    mcu_people_changed(s->room);
}

static void take_codec(mcu_session *s)
{
    const mcu_room_options *o = &s->room->options;
    mcu_codec codec = mcu_peer_send_codec(s->peer);
    if (codec != s->view.codec) {
        mcu_view_clear(&s->view);
        mcu_view_init(&s->view, s->room->video, codec, o->video.n_tiers, mcu_tiers_moving(&o->tiers));
        s->tier_kept = o->tiers.n_tiers + 1; /* another decoder, another choice */
    }
    mcu_decode_limits limits = mcu_peer_decode_limits(s->peer);
    s->tier_able = mcu_room_options_top(o, &limits);
}

/* By the time that the connection is up there is, most often, a keyframe of what it begins with. */
static void start_encoder(mcu_session *s)
{
    take_codec(s);
    mcu_session_begin_tier(s);
    mcu_session_apply_tier(s);
}

/* What the newest offer negotiated, towards the mixer. Runs at first UP and after every later offer. */
static void join_mixer(mcu_session *s)
{
    mcu_room *r = s->room;
    uint32_t person = s->seat->person;
    bool wants_source = mcu_peer_gives_video(s->peer);
    if (wants_source && !s->has_source) {
        s->has_source = mix_video_source_add(r->video, person) == MCU_OK;
    } else if (!wants_source && s->has_source) {
        mix_video_source_remove(r->video, person);
        s->has_source = false;
    }
    bool phone = s->seat->leg != NULL; /* its microphone and sound rest */
    if (mcu_peer_gives_audio(s->peer) && !s->has_voice && !phone) {
        s->has_voice = mix_audio_voice_add(r->audio, person, MCU_CODEC_OPUS) == MCU_OK;
    }
    if (mcu_peer_takes_audio(s->peer) && !s->has_listener && !phone) {
        s->has_listener = mix_audio_listener_add(r->audio, person, s->has_voice ? person : 0) == MCU_OK;
    }
    take_codec(s);
    mcu_seat_apply_sound(r, s->seat);
    mcu_session_apply_tier(s);
    mcu_session_apply_share(s);
    mcu_session_apply_state(s);
    if (s->has_source) {
        mcu_peer_request_keyframe(s->peer);
    }
}

void mcu_session_set_up(mcu_session *s)
{
    bool first = !s->up;
    if (first) {
        s->up = true;
        s->up_ns = mcu_now_ns();
        if (s->line_bps != 0) {
            mcu_peer_set_start_bps(s->peer, MIN(s->line_bps, LINE_BELIEVED_BPS));
        }
        s->tier_kept = s->room->options.tiers.n_tiers + 1;
        mcu_session_begin_tier(s);
        mcu_session_drop_unkept(s);
    }
    unsigned ready = s->view.wanted;
    join_mixer(s);
    if (first && s->view.wanted == ready && s->view.wanted != s->view.current) {
        mcu_session_enter(s); /* another tier has been entered already */
    }
}

static void send_answer(mcu_session *s, const char *sdp, const json_t *id)
{
    mcu_room_send(s->room,
                  json_pack("{ss sO ss ss ss}", "type", "answer", "id", id, "seat", s->seat->id, "session", s->id, "sdp", sdp),
                  NULL);
}

static gboolean answer_gathered(gpointer user)
{
    mcu_session *s = user;
    stop_answer_timer(s);
    g_autofree char *sdp = mcu_peer_local_description(s->peer);
    if (s->answer_id != NULL && sdp != NULL) {
        send_answer(s, sdp, s->answer_id);
    }
    g_clear_pointer(&s->answer_id, json_decref);
    return G_SOURCE_REMOVE;
}

void mcu_session_gathered(mcu_session *s)
{
    if (s->answer_id != NULL) {
        answer_gathered(s);
    }
}

bool mcu_session_offer(mcu_session *s, const char *sdp, const json_t *id, GError **error)
{
    g_autofree char *answer = mcu_peer_answer(s->peer, sdp, error);
    if (answer == NULL) {
        return false;
    }
    g_free(s->offer);
    s->offer = g_strdup(sdp);
    if (s->trickle || mcu_peer_gathered(s->peer)) {
        g_autofree char *whole = mcu_peer_local_description(s->peer);
        send_answer(s, whole != NULL ? whole : answer, id);
    } else {
        g_clear_pointer(&s->answer_id, json_decref);
        s->answer_id = json_incref((json_t *)id);
        stop_answer_timer(s);
        s->answer_timer = g_timeout_source_new(GATHER_LIMIT_MS);
        g_source_set_callback(s->answer_timer, answer_gathered, s, NULL);
        g_source_attach(s->answer_timer, s->room->context);
    }
    if (s->up) {
        join_mixer(s);
    } else {
        start_encoder(s);
    }
    return true;
}

/* The remote's newest offer again, with its new credentials and without its old candidates (RFC 9725 4.3.2 brings no SDP). */
static char *offer_with_credentials(const char *offer, const char *ufrag, const char *pwd)
{
    g_auto(GStrv) lines = g_strsplit(offer, "\n", -1);
    GString *out = g_string_new(NULL);
    for (char **line = lines; *line != NULL; line++) {
        g_strchomp(*line);
        if (**line == '\0' || g_str_has_prefix(*line, "a=candidate:") || g_str_has_prefix(*line, "a=end-of-candidates")) {
            continue;
        }
        if (g_str_has_prefix(*line, "a=ice-ufrag:")) {
            g_string_append_printf(out, "a=ice-ufrag:%s\r\n", ufrag);
        } else if (g_str_has_prefix(*line, "a=ice-pwd:")) {
            g_string_append_printf(out, "a=ice-pwd:%s\r\n", pwd);
        } else {
            g_string_append_printf(out, "%s\r\n", *line);
        }
    }
    return g_string_free(out, FALSE);
}

json_t *mcu_session_ice_restart(mcu_session *s, const char *ufrag, const char *pwd, GError **error)
{
    if (s->offer == NULL || strlen(ufrag) > 256 || strlen(pwd) > 256 || strpbrk(ufrag, "\r\n \t") || strpbrk(pwd, "\r\n \t")) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "ICE credentials are not usable");
        return NULL;
    }
    g_autofree char *offer = offer_with_credentials(s->offer, ufrag, pwd);
    g_autofree char *answer = mcu_peer_answer(s->peer, offer, error);
    if (answer == NULL) {
        return NULL;
    }
    g_free(s->offer);
    s->offer = g_steal_pointer(&offer);
    g_autofree char *whole = mcu_peer_local_description(s->peer);
    return json_string(whole != NULL ? whole : answer);
}

void mcu_session_report(mcu_session *s)
{
    if (s->up && !s->closing) {
        mcu_peer_stats stats;
        int64_t now_ns = mcu_now_ns();
        mcu_peer_get_stats(s->peer, &stats);
        mcu_session_repeat_sound(s, &stats, now_ns);
        mcu_view_remind(&s->view);
        mcu_report_quality(s, &stats);
        mcu_report_sound(s, &stats, now_ns);
    }
}
