#include "signaling/phone/voice.h"

#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/status.h"
#include "mcu/net/call_rtp.h"
#include "mixer/aenc.h"
#include "mixer/pcm.h"
#include "mixer/penc.h"
#include "signaling/phone/ports.h"

#define TICK_MS 20
#define TICK_NS (TICK_MS * MCU_NS_PER_MS)
#define BEHIND_NS (10 * TICK_NS) /* what a busy machine missed for longer is not made up for */
#define KEYS_WAITING 16

struct tel_voice {
    tel_voice_events events;
    void *user;
    tel_ports ports;     /* ours for life; the call_rtp works on duplicates */
    mcu_leg_state state; /* as agreed, then as given away */
    mcu_call_rtp *rtp;   /* NULL = nothing agreed yet, or given away */
    int64_t given_ns;    /* 0 = not given */
    mix_penc *penc;
    mix_aenc *aenc; /* one of the two */
    tel_sound *sound;
    size_t at;
    uint32_t ts48k;
    int64_t next_ns;
    unsigned tick, readable[2]; /* GLib sources */
    char keys[KEYS_WAITING];    /* of one reading */
    unsigned n_keys;
};

tel_voice *tel_voice_new(const tel_config *c, unsigned *next, const tel_voice_events *events, void *user, GError **error)
{
    tel_voice *v = g_new0(tel_voice, 1);
    if (!tel_ports_open(c, next, &v->ports, error)) {
        g_free(v);
        return NULL;
    }
    v->events = *events;
    v->user = user;
    return v;
}

unsigned tel_voice_port(const tel_voice *v)
{
    return v->ports.port;
}

static void stop_source(unsigned *source)
{
    if (*source) {
        g_source_remove(*source);
        *source = 0;
    }
}

static void stop(tel_voice *v)
{
    stop_source(&v->tick);
    stop_source(&v->readable[0]);
    stop_source(&v->readable[1]);
    mcu_call_rtp_free(g_steal_pointer(&v->rtp));
    mix_penc_free(g_steal_pointer(&v->penc));
    mix_aenc_free(g_steal_pointer(&v->aenc));
    g_clear_pointer(&v->sound, g_free);
}

void tel_voice_free(tel_voice *v)
{
    if (v) {
        stop(v);
        tel_ports_close(&v->ports);
        mcu_leg_wipe(&v->state);
        g_free(v);
    }
}

/* ---- what is sent ---- */

static mcu_au *next_packet(tel_voice *v)
{
    int16_t pcm[MIX_BLOCK] = {0};
    size_t left = v->sound ? v->sound->n - v->at : 0, n = MIN(left, (size_t)MIX_BLOCK);
    if (n > 0) {
        memcpy(pcm, v->sound->pcm + v->at, n * sizeof *pcm);
        v->at += n;
    }
    mcu_au *au =
        v->penc ? mix_penc_encode(v->penc, pcm, v->ts48k, v->next_ns) : mix_aenc_encode(v->aenc, pcm, v->ts48k, v->next_ns);
    v->ts48k += MIX_BLOCK;
    return au;
}

static void send_one(tel_voice *v)
{
    mcu_au *au = next_packet(v);
    if (au) {
        (void)mcu_call_rtp_send(v->rtp, au); /* what cannot be sent is counted there */
        mcu_au_unref(au);
    }
}

static gboolean on_tick(void *user)
{
    tel_voice *v = user;
    int64_t now = mcu_now_ns();
    v->next_ns = MAX(v->next_ns, now - BEHIND_NS);
    for (; v->next_ns <= now; v->next_ns += TICK_NS) {
        send_one(v);
    }
    mcu_call_rtp_tick(v->rtp, now);
    if (v->sound && v->at >= v->sound->n) {
        g_clear_pointer(&v->sound, g_free);
        v->events.played(v->user); /* may play the next, or give all away */
    }
    return v->rtp ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void tel_voice_play(tel_voice *v, tel_sound *take_sound)
{
    g_free(v->sound);
    v->sound = take_sound;
    v->at = 0;
}

/* ---- what comes ---- */

static void on_audio(void *user, mcu_au *take_au)
{
    (void)user; /* nobody listens yet */
    mcu_au_unref(take_au);
}

/* The call may end by a key, which must not be inside the reading of its socket. */
static void on_key(void *user, char key, bool down)
{
    tel_voice *v = user;
    if (down && v->n_keys < KEYS_WAITING) {
        v->keys[v->n_keys++] = key;
    }
}

static gboolean on_readable(gint fd, GIOCondition what, void *user)
{
    (void)fd;
    (void)what;
    tel_voice *v = user;
    mcu_call_rtp_read(v->rtp, mcu_now_ns());
    for (unsigned i = 0; i < v->n_keys && v->rtp; i++) {
        v->events.digit(v->user, v->keys[i]);
    }
    v->n_keys = 0;
    return v->rtp ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* ---- what is agreed ---- */

static void apply(mcu_leg_state *s, const tel_agreed *a)
{
    s->codec = a->codec;
    s->pt_in = a->pt_in;
    s->pt_out = a->pt_out;
    s->event_pt = a->event_pt;
    s->ptime_ms = a->ptime_ms;
    s->remote = a->remote;
    s->remote_rtcp = a->remote_rtcp;
    s->rtcp_mux = a->rtcp_mux;
    s->hold = a->hold;
    s->secure = a->secure;
    memcpy(s->key_in, a->key_in, sizeof s->key_in);
}

static bool open_encoder(tel_voice *v, GError **error)
{
    mix_penc_free(g_steal_pointer(&v->penc));
    mix_aenc_free(g_steal_pointer(&v->aenc));
    if (v->state.codec == MCU_CODEC_OPUS) {
        v->aenc = mix_aenc_new(NULL, error);
    } else {
        v->penc = mix_penc_new(v->state.codec, error);
    }
    return v->aenc || v->penc;
}

static bool begin(tel_voice *v, GError **error)
{
    static const mcu_call_rtp_callbacks callbacks = {on_audio, on_key};
    int64_t now = mcu_now_ns();
    int rtp = dup(v->ports.fds[0]), rtcp = v->state.rtcp_mux ? -1 : dup(v->ports.fds[1]);
    v->state.ssrc = mcu_random32();
    v->state.seq = (uint16_t)(mcu_random32() & 0x7fff); /* far from its turn: RFC 3711 3.3.1 */
    v->state.ts = mcu_random32();
    v->rtp = mcu_call_rtp_new(&v->state, rtp, rtcp, &callbacks, v, now, error);
    if (!v->rtp) {
        return false;
    }
    v->next_ns = now;
    v->tick = g_timeout_add(TICK_MS, on_tick, v);
    v->readable[0] = g_unix_fd_add(mcu_call_rtp_fd(v->rtp), G_IO_IN, on_readable, v);
    v->readable[1] = rtcp >= 0 ? g_unix_fd_add(mcu_call_rtp_rtcp_fd(v->rtp), G_IO_IN, on_readable, v) : 0;
    return true;
}

bool tel_voice_agree(tel_voice *v, const tel_agreed *a, const uint8_t key[MCU_LEG_KEY_SIZE], GError **error)
{
    mcu_codec former = v->state.codec;
    apply(&v->state, a);
    memcpy(v->state.key_out, key, sizeof v->state.key_out);
    if (former != a->codec && !open_encoder(v, error)) {
        return false;
    }
    return v->rtp ? mcu_call_rtp_change(v->rtp, &v->state, mcu_now_ns(), error) : begin(v, error);
}

/* ---- the hand-over ---- */

unsigned tel_voice_hand_over(tel_voice *v, mcu_leg_state *out, int fds[2])
{
    int64_t now = mcu_now_ns();
    if (v->rtp) {
        mcu_call_rtp_export(v->rtp, &v->state);
        stop(v);
    } else {
        mcu_leg_advance(&v->state, now - v->given_ns);
    }
    v->given_ns = now;
    *out = v->state;
    memcpy(fds, v->ports.fds, sizeof v->ports.fds);
    return v->state.rtcp_mux ? 1 : 2;
}

void tel_voice_note_change(tel_voice *v, const tel_agreed *a)
{
    bool moved = !mcu_leg_address_same(&v->state.remote, &a->remote);
    bool new_key = memcmp(v->state.key_in, a->key_in, sizeof a->key_in) != 0;
    apply(&v->state, a);
    v->state.latched = v->state.latched && !moved;
    v->state.roc_in = new_key ? 0 : v->state.roc_in;
}
