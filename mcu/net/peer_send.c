#include <string.h>

#include "mcu/net/peer_priv.h"

#define KEYFRAME_TELL_NS (250 * MCU_NS_PER_MS)
#define AUDIO_MAX 1275 /* RFC 6716 3.2.1: the largest Opus frame; far above any G.711 packet */

/* ---- leaving ---- */

_Static_assert(MCU_SENDER_ROOM >= MCU_SRTP_OVERHEAD, "it is protected where it is");

static void transmit(void *user, uint8_t *packet, size_t size)
{
    (void)mcu_peer_send_rtp(user, packet, size);
}

static void picture_left(void *user, int64_t media_ns, int64_t now_ns)
{
    const mcu_peer *p = user;
    if (p->callbacks.on_picture_left != NULL) {
        p->callbacks.on_picture_left(p->user, media_ns, now_ns);
    }
}

const mcu_sender_callbacks mcu_peer_sender_callbacks = {.transmit = transmit, .picture_left = picture_left};

void mcu_peer_pump(mcu_peer *p, int64_t now_ns)
{
    p->pace_ns = INT64_MAX;
    if (!mcu_peer_is_up(p)) {
        return;
    }
    int64_t next = mcu_sender_pump(&p->send, now_ns);
    if (next != INT64_MAX) {
        p->pace_ns = MAX(next, now_ns + PEER_PACE_NS);
        mcu_timer_arm(p->pace, p->pace_ns);
    }
}

/* ---- clocks ---- */

static void note_time(mcu_out *o, uint32_t ts, int64_t time_ns, int64_t now_ns)
{
    o->last_ts = ts;
    o->last_time_ns = time_ns != 0 ? time_ns : now_ns;
}

uint32_t mcu_peer_out_ts(const mcu_out *o, int64_t now_ns)
{
    int64_t since_us = (now_ns - o->last_time_ns) / 1000;
    return o->last_ts + (uint32_t)(int32_t)(since_us * (int64_t)o->clock_hz / 1000000);
}

/* ---- pictures ---- */

mcu_status mcu_peer_send_picture(mcu_peer *p, mcu_au *au)
{
    if (!mcu_peer_is_up(p)) {
        return MCU_EAGAIN;
    }
    if (au->codec == MCU_CODEC_NONE || au->codec != mcu_peer_send_codec(p)) {
        return MCU_ENOSUP;
    }
    int64_t now_ns = mcu_net_now_ns(p->net);
    mcu_status s = mcu_sender_push_picture(&p->send, au, p->neg->video.send_pt, false, now_ns);
    if (s == MCU_OK) {
        p->pictures_out++;
        p->keyframes_out += au->keyframe;
        mcu_peer_pump(p, now_ns);
    }
    return s;
}

/* ---- audio ---- */

mcu_status mcu_peer_send_audio(mcu_peer *p, const mcu_au *au)
{
    if (!mcu_peer_is_up(p)) {
        return MCU_EAGAIN;
    }
    if (!mcu_peer_takes_audio(p) || au->codec != p->neg->audio.send_codec) {
        return MCU_ENOSUP;
    }
    if (au->size == 0 || au->size > AUDIO_MAX) {
        return MCU_EINVAL;
    }
    int64_t now_ns = mcu_net_now_ns(p->net);
    if (!mcu_sender_admits_audio(&p->send, now_ns)) {
        return MCU_OK; /* the gap shows in the timestamps */
    }
    uint32_t ts = mcu_out_media_time(&p->send.audio, au) + p->send.audio.ts_offset;
    uint8_t red[MCU_RED_PAYLOAD];
    size_t red_size = 0;
    if (mcu_peer_takes_copies(p)) {
        red_size = mcu_red_pack(&p->red, p->neg->audio.send_pt, ts, au->data, au->size, red);
        p->copies_out += red_size > 0;
    }
    mcu_rtp r = {.marker = p->send.audio.packets == 0,
                 .pt = red_size > 0 ? p->neg->audio.red_pt : p->neg->audio.send_pt,
                 .ts = ts,
                 .ssrc = p->send.audio.ssrc,
                 .payload = red_size > 0 ? red : au->data,
                 .payload_size = red_size > 0 ? red_size : au->size};
    mcu_rtpext_block_apply(&p->send.audio.ext, &r);
    note_time(&p->send.audio, ts, au->time_ns, now_ns);
    mcu_status s = mcu_sender_push(&p->send, mcu_pkt_new(MCU_PKT_AUDIO, &r), now_ns);
    mcu_peer_pump(p, now_ns);
    return s;
}

void mcu_peer_set_audio_copies(mcu_peer *p, unsigned copies, unsigned stride)
{
    mcu_red_set(&p->red, copies, stride);
}

bool mcu_peer_takes_copies(const mcu_peer *p)
{
    return p->neg != NULL && p->neg->audio.send && p->neg->audio.red_pt != 0;
}

/* ---- keyframes they ask for ---- */

static void tell_keyframe(mcu_peer *p, int64_t now_ns)
{
    p->keyframe_asked = false;
    p->keyframe_told_ns = now_ns;
    if (p->callbacks.on_keyframe_request != NULL) {
        p->callbacks.on_keyframe_request(p->user);
    }
}

void mcu_peer_ask_keyframe(mcu_peer *p, int64_t now_ns)
{
    mcu_sender_keyframe_asked(&p->send);
    if (p->keyframe_told_ns == 0 || now_ns - p->keyframe_told_ns >= KEYFRAME_TELL_NS) {
        tell_keyframe(p, now_ns);
    } else {
        p->keyframe_asked = true;
    }
}

void mcu_peer_tick_send(mcu_peer *p, int64_t now_ns)
{
    mcu_sender_tick(&p->send, now_ns);
    if (p->keyframe_asked && now_ns - p->keyframe_told_ns >= KEYFRAME_TELL_NS) {
        tell_keyframe(p, now_ns);
    } else if (mcu_sender_wants_keyframe(&p->send) && now_ns - p->keyframe_told_ns >= 2 * KEYFRAME_TELL_NS) {
        tell_keyframe(p, now_ns);
    }
    mcu_peer_pump(p, now_ns);
}

/* ---- negotiation ---- */

static void lay_out_ext(mcu_out *o, const mcu_neg_media *m)
{
    mcu_rtpext_map map = {.id = {[MCU_RTPEXT_MID] = m->ext.mid,
                                 [MCU_RTPEXT_TWCC] = m->ext.twcc,
                                 [MCU_RTPEXT_ABS_SEND_TIME] = m->ext.abs_send_time,
                                 [MCU_RTPEXT_PLAYOUT_DELAY] = m->ext.playout_delay}};
    /* Who tells of each packet needs no time in it as well: 4 bytes beside 90 of sound. */
    bool told = m->ext.twcc != 0 && (m->fb & MCU_FB_TWCC) != 0;
    mcu_rtpext_values values = {
        .has = {[MCU_RTPEXT_TWCC] = true, [MCU_RTPEXT_ABS_SEND_TIME] = !told, [MCU_RTPEXT_PLAYOUT_DELAY] = true}};
    values.has[MCU_RTPEXT_MID] = g_strlcpy(values.mid, m->mid, sizeof values.mid) < sizeof values.mid;
    mcu_rtpext_block_init(&o->ext, &map, &values);
}

void mcu_peer_apply_send(mcu_peer *p)
{
    mcu_rtpext_block video = p->send.video.ext;
    p->send.rtx_pt = p->neg->video.send ? p->neg->video.send_rtx_pt : 0;
    lay_out_ext(&p->send.audio, &p->neg->audio);
    lay_out_ext(&p->send.video, &p->neg->video);
    p->send.audio.clock_hz =
        p->neg->audio.send_codec == MCU_CODEC_OPUS || p->neg->audio.send_codec == MCU_CODEC_NONE ? 48000 : 8000;
    if (p->send.picture > 0 && memcmp(&video, &p->send.video.ext, sizeof video) != 0) {
        /* What is queued and kept was laid out for the old ids. */
        mcu_sender_forget(&p->send);
    }
}
