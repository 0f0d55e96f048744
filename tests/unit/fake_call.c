/* fake_call.c - a call's RTP and the mixer's side of a telephone, replaced: see fake_media.h. */
#include <string.h>
#include <unistd.h>

#include "mcu/net/call_rtp.h"
#include "mcu/net/call_video.h"
#include "mcu/net/mos.h"
#include "mixer/wav.h"
#include "tests/unit/fake_media.h"

struct mcu_call_rtp {
    mcu_leg_state state;
    mcu_call_rtp_callbacks callbacks;
    void *user;
    int fds[2];
};

mcu_call_rtp *fake_newest_call;

mcu_call_rtp *mcu_call_rtp_new(const mcu_leg_state *state, int take_rtp, int take_rtcp, const mcu_call_rtp_callbacks *callbacks,
                               void *user, int64_t now_ns, GError **error)
{
    (void)now_ns;
    (void)error;
    mcu_call_rtp *c = g_new0(mcu_call_rtp, 1);
    *c = (mcu_call_rtp){.state = *state, .callbacks = *callbacks, .user = user, .fds = {take_rtp, take_rtcp}};
    fake.calls++;
    fake_newest_call = c;
    return c;
}

void mcu_call_rtp_free(mcu_call_rtp *c)
{
    if (c != NULL) {
        close(c->fds[0]);
        close(c->fds[1]);
        fake.calls--;
        g_free(c);
    }
}

void fake_call_key(char key, bool down)
{
    fake_newest_call->callbacks.on_key(fake_newest_call->user, key, down);
}

void fake_call_audio(void)
{
    mcu_au *au = mcu_au_new(160);
    au->codec = fake_newest_call->state.codec;
    fake_newest_call->callbacks.on_audio(fake_newest_call->user, au);
}

void mcu_call_rtp_stamp(mcu_call_rtp *c)
{
    (void)c;
}

void mcu_call_rtp_read(mcu_call_rtp *c, int64_t now_ns)
{
    (void)c;
    (void)now_ns;
}

mcu_status mcu_call_rtp_send(mcu_call_rtp *c, const mcu_au *au)
{
    (void)c;
    (void)au;
    fake.call_packets++;
    return MCU_OK;
}

void mcu_call_rtp_tick(mcu_call_rtp *c, int64_t now_ns)
{
    (void)c;
    (void)now_ns;
}

bool mcu_call_rtp_change(mcu_call_rtp *c, const mcu_leg_state *state, int64_t now_ns, GError **error)
{
    (void)now_ns;
    (void)error;
    c->state = *state;
    return true;
}

void mcu_call_rtp_get_stats(const mcu_call_rtp *c, mcu_call_rtp_stats *out)
{
    (void)c;
    *out = (mcu_call_rtp_stats){.packets_in = 99, .lost = 1, .rtt_ms = 20, .last_report_ns = fake.call_report_ns};
}

bool mcu_call_rtp_held(const mcu_call_rtp *c)
{
    return c->state.hold;
}

mcu_codec mcu_call_rtp_codec(const mcu_call_rtp *c)
{
    return c->state.codec;
}

bool mcu_call_rtp_secure(const mcu_call_rtp *c)
{
    return c->state.secure;
}

double mcu_mos(mcu_codec codec, double loss, double delay_ms)
{
    (void)codec;
    (void)loss;
    (void)delay_ms;
    return 4;
}

mcu_status mix_audio_voice_add_line(mix_audio *a, uint32_t voice, mcu_codec codec, bool in_band)
{
    (void)in_band;
    fake.line_codec[voice] = codec;
    return mix_audio_voice_add(a, voice, codec);
}

void mix_audio_voice_hush(mix_audio *a, uint32_t voice, bool hush)
{
    (void)a;
    fake.hushed[voice] = hush;
}

mcu_status mix_audio_listener_add_line(mix_audio *a, uint32_t listener, uint32_t own_voice, mcu_codec codec)
{
    (void)codec;
    return fake.no_place ? MCU_EFULL : mix_audio_listener_add(a, listener, own_voice);
}

void mix_audio_listener_gain(mix_audio *a, uint32_t listener, unsigned gain)
{
    (void)a;
    fake.gain[listener] = gain;
}

mcu_status mix_audio_listener_say(mix_audio *a, uint32_t listener, const int16_t *pcm, unsigned n)
{
    (void)a;
    (void)pcm;
    fake.said[listener] += n;
    return MCU_OK;
}

int16_t *mix_wav_read(int fd, unsigned *n, GError **error)
{
    (void)fd;
    if (fake.bad_wav) {
        g_set_error_literal(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "not a WAV file");
        return NULL;
    }
    *n = 480;
    return g_new0(int16_t, 480);
}

/* ---- pictures of a call ---- */

struct mcu_call_video {
    mcu_leg_video state;
    mcu_call_video_callbacks callbacks;
    void *user;
    int fds[2];
};

mcu_call_video *mcu_call_video_new(const mcu_leg_video *state, int take_rtp, int take_rtcp,
                                   const mcu_call_video_callbacks *callbacks, void *user, int64_t now_ns, GError **error)
{
    (void)now_ns;
    (void)error;
    mcu_call_video *v = g_new0(mcu_call_video, 1);
    *v = (mcu_call_video){.state = *state, .callbacks = *callbacks, .user = user, .fds = {take_rtp, take_rtcp}};
    fake.video_calls++;
    return v;
}

void mcu_call_video_free(mcu_call_video *v)
{
    if (v != NULL) {
        close(v->fds[0]);
        close(v->fds[1]);
        fake.video_calls--;
        g_free(v);
    }
}

bool mcu_call_video_change(mcu_call_video *v, const mcu_leg_video *state, int64_t now_ns, GError **error)
{
    (void)now_ns;
    (void)error;
    v->state = *state;
    return true;
}

int mcu_call_video_fd(const mcu_call_video *v)
{
    return v->fds[0];
}

int mcu_call_video_rtcp_fd(const mcu_call_video *v)
{
    return v->fds[1];
}

void mcu_call_video_read(mcu_call_video *v, int64_t now_ns)
{
    (void)v;
    (void)now_ns;
}

void mcu_call_video_step(mcu_call_video *v, int64_t now_ns)
{
    (void)v;
    (void)now_ns;
}

mcu_status mcu_call_video_send(mcu_call_video *v, mcu_au *au, int64_t now_ns)
{
    (void)v;
    (void)au;
    (void)now_ns;
    fake.call_pictures++;
    return MCU_OK;
}

void mcu_call_video_want_keyframe(mcu_call_video *v, int64_t now_ns)
{
    (void)now_ns;
    v->callbacks.on_ask(v->user);
}

void mcu_call_video_asked(mcu_call_video *v, int64_t now_ns)
{
    (void)now_ns;
    v->callbacks.on_keyframe_request(v->user);
}

bool mcu_call_video_sends(const mcu_call_video *v)
{
    return v->state.pt != 0 && v->state.send;
}

bool mcu_call_video_receives(const mcu_call_video *v)
{
    return v->state.pt != 0 && v->state.recv;
}

void mcu_call_video_get_link(const mcu_call_video *v, int64_t now_ns, mcu_peer_link *out)
{
    (void)v;
    (void)now_ns;
    *out = (mcu_peer_link){.unheard = true};
}

void mcu_call_video_get_stats(const mcu_call_video *v, mcu_call_video_stats *out)
{
    (void)v;
    *out = (mcu_call_video_stats){.pictures_in = 5};
}
