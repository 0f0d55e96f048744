#include "mcu/net/peer.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/net/peer_priv.h"

const char *mcu_peer_state_name(mcu_peer_state s)
{
    static const char *const names[] = {"none", "new", "ice", "dtls", "up", "stalled", "gone"};
    return (unsigned)s < G_N_ELEMENTS(names) ? names[s] : "none";
}

bool mcu_peer_is_up(const mcu_peer *p)
{
    return p->state == MCU_PEER_UP || p->state == MCU_PEER_STALLED;
}

void mcu_peer_set_state(mcu_peer *p, mcu_peer_state state, const char *why)
{
    if (p->state == state || p->state == MCU_PEER_GONE) {
        return;
    }
    mcu_info("peer.state", "from=%s to=%s why=\"%s\"", mcu_peer_state_name(p->state), mcu_peer_state_name(state), why);
    p->state = state;
    if (state == MCU_PEER_GONE) {
        mcu_counter_add(p->net->never_up, p->connected_ns == 0);
        mcu_timer_disarm(p->tick);
        mcu_timer_disarm(p->pace);
    } else {
        mcu_peer_kick(p, mcu_net_now_ns(p->net));
    }
    if (p->callbacks.on_state != NULL) {
        p->callbacks.on_state(p->user, state, why);
    }
}

/* ---- time ---- */

void mcu_peer_kick(mcu_peer *p, int64_t at_ns)
{
    if (at_ns < p->tick_ns && p->state != MCU_PEER_GONE) {
        p->tick_ns = at_ns;
        mcu_timer_arm(p->tick, at_ns);
    }
}

static void check_setup(mcu_peer *p, int64_t now_ns)
{
    if (p->since_ns == 0 || p->connected_ns != 0) {
        return;
    }
    if (now_ns - p->since_ns >= PEER_SETUP_NS) {
        mcu_peer_set_state(p, MCU_PEER_GONE, p->state == MCU_PEER_DTLS ? "dtls timeout" : "ice timeout");
    } else {
        mcu_peer_kick(p, p->since_ns + PEER_SETUP_NS);
    }
}

static void check_silence(mcu_peer *p, int64_t now_ns)
{
    int64_t silent_ns = now_ns - p->last_in_ns;
    if (silent_ns >= PEER_CONSENT_NS) {
        mcu_peer_set_state(p, MCU_PEER_GONE, "consent expired");
    } else if (silent_ns >= PEER_STALL_NS && p->state == MCU_PEER_UP) {
        mcu_peer_set_state(p, MCU_PEER_STALLED, "nothing heard for 5 s");
    }
}

static void tell_gathered(mcu_peer *p)
{
    if (p->tell_gathered && !p->quiet) {
        p->tell_gathered = false;
        if (p->callbacks.on_candidate != NULL) {
            p->callbacks.on_candidate(p->user, NULL, p->neg != NULL ? p->neg->bundle_mid : "0");
        }
    }
}

/* Ticks of all peers fall on the same multiples of 20 ms, so that one wake-up serves them. */
static int64_t next_tick(int64_t now_ns)
{
    return (now_ns / PEER_TICK_NS + 1) * PEER_TICK_NS;
}

static void on_tick(void *user, int64_t now_ns)
{
    mcu_peer *p = user;
    p->late_ns = MAX(now_ns - p->tick_ns, p->late_ns * 3 / 4);
    p->tick_ns = INT64_MAX;
    tell_gathered(p);
    mcu_peer_tick_dtls(p, now_ns);
    check_setup(p, now_ns);
    if (p->connected_ns != 0) {
        check_silence(p, now_ns);
    }
    if (mcu_peer_is_up(p)) {
        mcu_peer_pop_pictures(p, now_ns);
        mcu_peer_tick_send(p, now_ns);
        mcu_peer_tick_feedback(p, now_ns);
    }
    if (p->connected_ns != 0) {
        mcu_peer_kick(p, next_tick(now_ns));
    }
}

static void on_pace(void *user, int64_t now_ns)
{
    mcu_peer_pump(user, now_ns);
}

/* ---- life ---- */

static void random_word(char *out, size_t size)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz012345";
    mcu_random(out, size - 1);
    for (size_t k = 0; k < size - 1; k++) {
        out[k] = alphabet[(uint8_t)out[k] % 32];
    }
    out[size - 1] = '\0';
}

static void copy_policy(mcu_peer *p, const mcu_peer_policy *policy)
{
    p->policy = *policy;
    if (policy->video_codecs != NULL) {
        size_t n = 0;
        while (n + 1 < G_N_ELEMENTS(p->video_codecs) && policy->video_codecs[n] != MCU_CODEC_NONE) {
            p->video_codecs[n] = policy->video_codecs[n];
            n++;
        }
        p->policy.video_codecs = p->video_codecs;
    }
    p->max_video_bps = policy->max_video_bps;
}

mcu_peer *mcu_peer_new(mcu_net *net, const mcu_peer_policy *policy, const mcu_peer_callbacks *callbacks, void *user,
                       GError **error)
{
    (void)error;
    mcu_peer *p = g_new0(mcu_peer, 1);
    p->net = net;
    p->callbacks = *callbacks;
    p->user = user;
    copy_policy(p, policy);
    p->state = MCU_PEER_NEW;
    p->tick = mcu_timer_new(net->timers, on_tick, p);
    p->pace = mcu_timer_new(net->timers, on_pace, p);
    p->tick_ns = p->pace_ns = INT64_MAX;
    p->early_candidates = g_ptr_array_new_with_free_func(g_free);
    p->session_id = ((uint64_t)mcu_random32() << 16 | mcu_random32() >> 16) & INT64_MAX;
    random_word(p->cname, sizeof p->cname);
    random_word(p->stream_id, sizeof p->stream_id);
    p->twcc_in = mcu_twcc_recorder_new();
    mcu_sender_init(&p->send, &mcu_peer_sender_callbacks, p);
    p->send.fixed_rate = policy->fixed_rate;
    p->fir_seen = -1;
    net->n_peers++;
    return p;
}

void mcu_peer_free(mcu_peer *p)
{
    if (p == NULL) {
        return;
    }
    memset(&p->callbacks, 0, sizeof p->callbacks);
    if (mcu_peer_is_up(p)) {
        mcu_peer_send_bye(p);
        mcu_dtls_close(p->dtls);
    }
    p->state = MCU_PEER_GONE;
    mcu_peer_close_transport(p);
    mcu_peer_clear_recv(p);
    mcu_timer_free(p->tick);
    mcu_timer_free(p->pace);
    mcu_sender_clear(&p->send);
    mcu_twcc_recorder_free(p->twcc_in);
    g_ptr_array_unref(p->early_candidates);
    g_free(p->neg);
    g_free(p->description);
    p->net->n_peers--;
    g_free(p);
}

/* ---- what was agreed ---- */

mcu_peer_state mcu_peer_get_state(const mcu_peer *p)
{
    return p->state;
}

mcu_codec mcu_peer_send_codec(const mcu_peer *p)
{
    return p->neg != NULL && p->neg->video.send ? p->neg->video.send_codec : MCU_CODEC_NONE;
}

bool mcu_peer_takes_audio(const mcu_peer *p)
{
    return p->neg != NULL && p->neg->audio.send && p->neg->audio.send_codec != MCU_CODEC_NONE;
}

bool mcu_peer_gives_video(const mcu_peer *p)
{
    return p->neg != NULL && p->neg->video.recv;
}

bool mcu_peer_gives_content(const mcu_peer *p)
{
    return p->neg != NULL && p->neg->content.recv;
}

bool mcu_peer_gives_audio(const mcu_peer *p)
{
    return p->neg != NULL && p->neg->audio.recv;
}

mcu_decode_limits mcu_peer_decode_limits(const mcu_peer *p)
{
    return p->neg != NULL ? p->neg->video.limits : (mcu_decode_limits){0};
}

unsigned mcu_peer_ice_restarts(const mcu_peer *p)
{
    return p->ice_restarts;
}
