#include <string.h>

#include "mcu/base/log.h"
#include "mcu/bot/hostile.h"
#include "mcu/bot/participant_private.h"
#include "mcu/bot/windows.h"

enum { ANSWER_S = 10, GATHER_MS = 1500, PHASE_STEP = 37, LOOK_BACK = 64 };

/* ---- sending ---- */

static mcu_status send_picture(mcu_participant *p, mcu_au *au)
{
    if (!p->crew->options->hostile) {
        return mcu_peer_send_picture(p->peer, au);
    }
    mcu_hostile_packets(p->peer, (unsigned)p->sent_pictures);
    mcu_au *worse = mcu_hostile_picture(au, (unsigned)p->sent_pictures);
    const mcu_status s = mcu_peer_send_picture(p->peer, worse);
    mcu_au_unref(worse);
    return s == MCU_EINVAL ? MCU_OK : s; /* not even a picture: the next one will be */
}

static void send_video(mcu_participant *p, int64_t now_ns)
{
    unsigned index = 0;
    mcu_au *au = NULL;
    while ((au = mcu_playout_take(&p->video, now_ns, &index)) != NULL) {
        if (index < MCU_SENT_MAX) {
            p->due_ns[index] = au->time_ns;
            p->sent_ns[index] = 0;
        }
        if (send_picture(p, au) != MCU_OK) {
            p->refused_pictures++;
            continue;
        }
        p->sent_pictures++;
        p->sent_frame = index;
        p->sent_frame_ns = au->time_ns;
    }
}

static bool has_turn(const mcu_participant *p, int64_t now_ns)
{
    return !p->crew->options->turns || mcu_crew_turn(p->crew, now_ns) == p->index;
}

static void send_silence(mcu_peer *peer, const mcu_au *instead_of)
{
    static const uint8_t silence[] = {0xf8, 0xff, 0xfe}; /* 20 ms, as browsers send it */
    mcu_au *au = mcu_au_new_copy(silence, sizeof silence);
    au->codec = instead_of->codec;
    au->ts = instead_of->ts;
    au->time_ns = instead_of->time_ns;
    (void)mcu_peer_send_audio(peer, au);
    mcu_au_unref(au);
}

static void send_audio(mcu_participant *p, int64_t now_ns)
{
    unsigned index = 0;
    const mcu_au *au = NULL;
    while ((au = mcu_playout_take(&p->audio, now_ns, &index)) != NULL) {
        p->said_packet = index;
        p->said_ns = au->time_ns;
        if (has_turn(p, now_ns)) {
            (void)mcu_peer_send_audio(p->peer, au);
        } else {
            send_silence(p->peer, au);
        }
    }
}

/* People whose sound belongs to their pictures: what one leaves out the other does. */
static void keep_together(mcu_participant *p)
{
    if (p->crew->options->clap) {
        mcu_playout_follow(&p->audio, &p->video);
    }
}

static gboolean tick(GSource *source, GSourceFunc f, gpointer user)
{
    mcu_participant *p = user;
    (void)f;
    g_source_set_ready_time(source, -1);
    if (p->peer != NULL) {
        const int64_t now_ns = mcu_now_ns();
        send_audio(p, now_ns);
        send_video(p, now_ns);
        keep_together(p);
        int64_t next_ns = MIN(mcu_playout_next_ns(&p->video), mcu_playout_next_ns(&p->audio));
        if (p->ear != NULL) {
            mcu_ear_play(p->ear, now_ns);
            next_ns = MIN(next_ns, mcu_ear_next_ns(p->ear));
        }
        g_source_set_ready_time(source, next_ns == INT64_MAX ? -1 : next_ns / 1000 + 1);
    }
    return G_SOURCE_CONTINUE;
}

GSource *mcu_participant_ticker_new(mcu_participant *p)
{
    static GSourceFuncs functions = {.dispatch = tick};
    GSource *s = g_source_new(&functions, sizeof(GSource));
    g_source_set_callback(s, NULL, p, NULL);
    g_source_set_priority(s, G_PRIORITY_HIGH);
    g_source_attach(s, NULL);
    return s;
}

static void start_sending(mcu_participant *p)
{
    const mcu_codec codec = mcu_peer_send_codec(p->peer);
    const int64_t now_ns = mcu_now_ns();
    const mcu_clip *video = NULL;
    const mcu_clip *audio = NULL;
    if (codec != MCU_CODEC_NONE && mcu_bot_sends_video(p->crew->options)) {
        video = mcu_crew_video_clip(p->crew, codec, p->index);
    }
    if (mcu_bot_sends_audio(p->crew->options) && !p->crew->options->mute) {
        audio = mcu_crew_audio_clip(p->crew, p->index);
    }
    mcu_playout_start(&p->video, video, p->index * PHASE_STEP, now_ns);
    if (p->crew->options->fps > 0) {
        mcu_playout_pace(&p->video, (int64_t)((double)MCU_NS_PER_SEC / p->crew->options->fps));
    }
    mcu_playout_start(&p->audio, audio, 0, now_ns);
    keep_together(p);
    g_source_set_ready_time(p->ticker, 0);
}

/* ---- the peer's callbacks ---- */

static void on_state(void *user, mcu_peer_state state, const char *why)
{
    mcu_participant *p = user;
    mcu_debug("bot.peer", "index=%u state=%s why=%s", p->index, mcu_peer_state_name(state), why);
    if (state == MCU_PEER_UP) {
        if (p->up_ns == 0) {
            p->up_ns = mcu_now_ns();
        }
        if (p->phase != MCU_PARTICIPANT_LIVE) {
            mcu_participant_set_phase(p, MCU_PARTICIPANT_LIVE, "up");
            start_sending(p);
        }
    } else if (state == MCU_PEER_GONE || (state == MCU_PEER_STALLED && !mcu_signal_trickles(p->signal))) {
        mcu_participant_again(p, why); /* by WHIP nobody tells us that the room has restarted */
    }
}

static void offer(mcu_participant *p, const char *sdp)
{
    const char *lie = p->crew->options->lie;
    g_autofree char *false_sdp = lie != NULL ? mcu_hostile_offer(sdp, lie) : NULL;
    p->offered = true;
    mcu_signal_offer(p->signal, lie != NULL ? false_sdp : sdp);
}

static void send_whole_offer(mcu_participant *p)
{
    g_autofree char *sdp = mcu_peer_local_description(p->peer);
    if (!p->offered && sdp != NULL) {
        offer(p, sdp);
    }
}

static void on_candidate(void *user, const char *candidate, const char *mid)
{
    mcu_participant *p = user;
    if (mcu_signal_trickles(p->signal)) {
        mcu_signal_candidate(p->signal, candidate, mid != NULL ? mid : "0");
    } else if (candidate == NULL && p->peer != NULL) {
        send_whole_offer(p);
    }
}

static void keep_window(const mcu_participant *p, const mcu_au *au)
{
    if (p->crew->windows != NULL) {
        mcu_window_write(p->crew->windows, p->index, au);
    }
}

static void on_picture(void *user, mcu_au *take_au)
{
    mcu_participant *p = user;
    const int64_t now_ns = mcu_now_ns();
    mcu_tally_picture(&p->tally, now_ns, take_au->keyframe);
    keep_window(p, take_au);
    if (p->viewer == NULL) {
        mcu_au_unref(take_au);
    } else if (!mcu_viewer_push(p->viewer, take_au, p->scene, now_ns)) {
        p->tally.dropped++;
        mcu_peer_request_keyframe(p->peer);
    }
}

/* The pacer holds far fewer pictures than LOOK_BACK. */
static void on_picture_left(void *user, int64_t time_ns, int64_t now_ns)
{
    mcu_participant *p = user;
    const unsigned n = p->video.clip != NULL ? p->video.clip->packets->len : 0;
    for (unsigned back = 1; back <= MIN(LOOK_BACK, n); back++) {
        const unsigned index = (p->video.next + n - back) % n;
        if (index < MCU_SENT_MAX && p->due_ns[index] == time_ns) {
            p->sent_ns[index] = now_ns;
            return;
        }
    }
}

static void on_audio(void *user, mcu_au *take_au)
{
    mcu_participant *p = user;
    keep_window(p, take_au);
    if (p->hearing != NULL) {
        mcu_hearing_push(p->hearing, take_au);
    }
    if (p->ear != NULL) {
        mcu_ear_push(p->ear, take_au);
    }
    mcu_au_unref(take_au);
}

static void on_keyframe_request(void *user)
{
    mcu_participant *p = user;
    p->keyframe_requests++;
    mcu_playout_keyframe(&p->video);
    keep_together(p);
}

/* ---- connections ---- */

static void clear_timer(guint *id)
{
    if (*id != 0) {
        g_source_remove(*id);
        *id = 0;
    }
}

void mcu_participant_disconnect(mcu_participant *p)
{
    clear_timer(&p->answer_timer);
    clear_timer(&p->gather_timer);
    g_source_set_ready_time(p->ticker, -1);
    p->video.clip = p->audio.clip = NULL;
    p->offered = false;
    g_clear_pointer(&p->peer, mcu_peer_free);
}

static gboolean no_answer(gpointer user)
{
    mcu_participant *p = user;
    p->answer_timer = 0;
    mcu_participant_again(p, "no answer");
    return G_SOURCE_REMOVE;
}

static gboolean gathered_enough(gpointer user)
{
    mcu_participant *p = user;
    p->gather_timer = 0;
    send_whole_offer(p);
    return G_SOURCE_REMOVE;
}

static bool send_offer(mcu_participant *p, bool ice_restart, GError **error)
{
    g_autofree char *sdp = mcu_peer_offer(p->peer, ice_restart, error);
    if (sdp == NULL) {
        return false;
    }
    clear_timer(&p->answer_timer);
    p->answer_timer = g_timeout_add_seconds(ANSWER_S, no_answer, p);
    if (mcu_signal_trickles(p->signal)) {
        offer(p, sdp);
    } else if (mcu_peer_gathered(p->peer)) {
        send_whole_offer(p);
    } else {
        p->gather_timer = g_timeout_add(GATHER_MS, gathered_enough, p);
    }
    return true;
}

void mcu_participant_connect(mcu_participant *p)
{
    static const mcu_peer_callbacks callbacks = {.on_state = on_state,
                                                 .on_candidate = on_candidate,
                                                 .on_picture = on_picture,
                                                 .on_audio = on_audio,
                                                 .on_keyframe_request = on_keyframe_request,
                                                 .on_picture_left = on_picture_left};
    const mcu_bot_options *o = p->crew->options;
    const mcu_peer_policy policy = {
        .prefer_h264 = true,
        .send_video = mcu_bot_sends_video(o),
        .send_audio = mcu_bot_sends_audio(o),
        .recv_video = true,
        .recv_audio = true,
        .video_codecs = mcu_bot_codecs(o, p->index),
        .fixed_rate = true,
    };
    g_autoptr(GError) error = NULL;
    mcu_participant_disconnect(p);
    p->peer = mcu_peer_new(p->crew->net, &policy, &callbacks, p, &error);
    if (p->peer == NULL || !send_offer(p, false, &error)) {
        mcu_participant_again(p, error->message);
        return;
    }
    p->connections++;
    mcu_participant_set_phase(p, MCU_PARTICIPANT_CONNECTING, "offered");
}

void mcu_participant_restart_ice(mcu_participant *p)
{
    g_autoptr(GError) error = NULL;
    if (p->peer != NULL && !send_offer(p, true, &error)) {
        mcu_participant_again(p, error->message);
    }
}

void mcu_participant_answer(mcu_participant *p, const char *sdp)
{
    g_autoptr(GError) error = NULL;
    if (p->peer == NULL) {
        return;
    }
    clear_timer(&p->answer_timer);
    if (!mcu_peer_accept(p->peer, sdp, &error)) {
        mcu_participant_again(p, error->message);
    }
}
