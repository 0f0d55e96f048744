#include <string.h>

#include "mcu/net/h264_rtp.h"
#include "mcu/net/peer_priv.h"
#include "mcu/net/vp8_rtp.h"

#define KEYFRAME_TELL_NS (250 * MCU_NS_PER_MS)
#define DRAIN_NS (100 * MCU_NS_PER_MS)         /* a picture, keyframes included, is on its way within this time */
#define RECOVER_DELAY_NS (100 * MCU_NS_PER_MS) /* after a drop: the queue is this short before a keyframe is asked for */
#define PACER_MIN_BPS 150000u
#define PACER_MAX_BPS 20000000u
#define AUDIO_MAX 1275 /* RFC 6716 3.2.1: the largest Opus frame; far above any G.711 packet */

/* ---- leaving ---- */

static peer_out *out_of(mcu_peer *p, mcu_pkt_kind kind)
{
    return kind == MCU_PKT_AUDIO ? &p->aout : kind == MCU_PKT_RTX ? &p->rtxout : &p->vout;
}

static void transmit(mcu_peer *p, const mcu_pkt *pkt)
{
    uint8_t wire[MCU_RTP_MAX + MCU_SRTP_OVERHEAD];
    memcpy(wire, pkt->data, pkt->size);
    (void)mcu_peer_send_rtp(p, wire, pkt->size);
}

/* Numbers and times are given here, so that what the pacer dropped leaves no gap. */
static void leave(mcu_peer *p, mcu_pkt *take_pkt, int64_t now_ns)
{
    peer_out *o = out_of(p, take_pkt->kind);
    const mcu_rtpext_block *ext = take_pkt->kind == MCU_PKT_AUDIO ? &p->aout.ext : &p->vout.ext;
    mcu_rtp_set_seq(take_pkt->data, o->seq++);
    if (ext->at[MCU_RTPEXT_TWCC] != 0) {
        uint16_t seq = mcu_twcc_history_sent(p->twcc_out, take_pkt->size, (uint8_t)take_pkt->kind, now_ns);
        mcu_rtpext_patch_twcc(ext, take_pkt->data, seq);
    }
    mcu_rtpext_patch_abs_send_time(ext, take_pkt->data, now_ns);
    transmit(p, take_pkt);
    mcu_rtp r;
    o->packets++;
    o->bytes += mcu_rtp_parse(take_pkt->data, take_pkt->size, &r) == MCU_OK ? r.payload_size : 0;
    o->rate.bytes += take_pkt->size;
    if (take_pkt->kind == MCU_PKT_VIDEO && take_pkt->last && p->callbacks.on_picture_left != NULL) {
        p->callbacks.on_picture_left(p->user, take_pkt->media_ns, now_ns);
    }
    if (take_pkt->kind == MCU_PKT_VIDEO) {
        mcu_rtx_history_put(p->history, take_pkt, now_ns);
    } else {
        mcu_pkt_free(take_pkt);
    }
}

void mcu_peer_pump(mcu_peer *p, int64_t now_ns)
{
    p->pace_ns = INT64_MAX;
    if (!mcu_peer_is_up(p)) {
        return;
    }
    for (mcu_pkt *pkt; (pkt = mcu_pacer_pop(p->pacer, now_ns)) != NULL;) {
        leave(p, pkt, now_ns);
    }
    int64_t next = mcu_pacer_next_ns(p->pacer);
    if (next != INT64_MAX) {
        /* One grid for all peers: a wake-up serves every queue. */
        p->pace_ns = (MAX(next, now_ns) / PEER_PACE_NS + 1) * PEER_PACE_NS;
        mcu_timer_arm(p->pace, p->pace_ns);
    }
}

/* ---- clocks ---- */

static uint32_t media_ts(const peer_out *o, const mcu_au *au)
{
    uint32_t ts = au->ts;
    if (ts == 0) {
        ts = (uint32_t)(au->time_ns / 1000 * o->clock_hz / 1000000);
    }
    return ts + o->ts_offset;
}

static void note_time(peer_out *o, uint32_t ts, int64_t time_ns, int64_t now_ns)
{
    o->last_ts = ts;
    o->last_time_ns = time_ns != 0 ? time_ns : now_ns;
}

uint32_t mcu_peer_out_ts(const peer_out *o, int64_t now_ns)
{
    int64_t since_us = (now_ns - o->last_time_ns) / 1000;
    return o->last_ts + (uint32_t)(int32_t)(since_us * (int64_t)o->clock_hz / 1000000);
}

/* ---- pictures ---- */

typedef struct {
    mcu_peer *peer;
    uint32_t ts;
    bool keyframe, first;
    int64_t media_ns, now_ns;
} packing;

static void on_payload(void *user, const uint8_t *payload, size_t size, bool last)
{
    packing *k = user;
    mcu_peer *p = k->peer;
    mcu_rtp r = {
        .marker = last, .pt = p->neg->video.send_pt, .ts = k->ts, .ssrc = p->vout.ssrc, .payload = payload, .payload_size = size};
    mcu_rtpext_block_apply(&p->vout.ext, &r);
    mcu_pkt *pkt = mcu_pkt_new(MCU_PKT_VIDEO);
    pkt->size = (uint16_t)mcu_rtp_write(pkt->data, sizeof pkt->data, &r);
    pkt->first = k->first;
    pkt->last = last;
    pkt->media_ns = k->media_ns;
    pkt->keyframe = k->keyframe;
    pkt->picture = p->picture;
    k->first = false;
    (void)mcu_pacer_push(p->pacer, pkt, k->now_ns);
}

/* Fast enough that a picture leaves within DRAIN_NS, but not much faster than the remote says that it can receive. */
static void set_pace(mcu_peer *p, size_t bytes, int64_t now_ns)
{
    unsigned last_bps = p->vout.rate.bps;
    uint64_t bps = last_bps > 300000 ? (uint64_t)last_bps * 5 / 2 : (uint64_t)last_bps * 3 / 2;
    int64_t queued_ns = mcu_pacer_video_delay_ns(p->pacer);
    uint64_t queued_bits = (uint64_t)queued_ns * p->pace_bps / (uint64_t)MCU_NS_PER_SEC;
    bps = MAX(bps, (queued_bits + bytes * 8) * (uint64_t)MCU_NS_PER_SEC / (uint64_t)DRAIN_NS);
    uint64_t ceiling = PACER_MAX_BPS;
    if (p->remb_bps != 0 && !p->policy.fixed_rate && now_ns - p->remb_ns < 10 * MCU_NS_PER_SEC) {
        ceiling = CLAMP((uint64_t)p->remb_bps * 3 / 2, PACER_MIN_BPS, PACER_MAX_BPS);
    }
    p->pace_bps = (unsigned)CLAMP(bps, MIN(PACER_MIN_BPS, ceiling), ceiling);
    mcu_pacer_set_bps(p->pacer, p->pace_bps);
}

static mcu_status refuse_picture(mcu_peer *p)
{
    p->need_keyframe = true;
    p->refused++;
    return MCU_EFULL;
}

mcu_status mcu_peer_send_picture(mcu_peer *p, const mcu_au *au)
{
    if (!mcu_peer_is_up(p)) {
        return MCU_EAGAIN;
    }
    if (au->codec == MCU_CODEC_NONE || au->codec != mcu_peer_send_codec(p)) {
        return MCU_ENOSUP;
    }
    bool h264 = au->codec == MCU_CODEC_H264;
    size_t bytes = 0;
    unsigned n = h264 ? mcu_h264_pack_count(au->data, au->size, MCU_RTP_PAYLOAD, &bytes)
                      : mcu_vp8_pack_count(au->size, MCU_RTP_PAYLOAD, &bytes);
    if (n == 0) {
        return MCU_EINVAL;
    }
    int64_t now_ns = mcu_net_now_ns(p->net);
    set_pace(p, bytes, now_ns);
    if ((p->need_keyframe && !au->keyframe) || !mcu_pacer_admits(p->pacer, n, bytes)) {
        return refuse_picture(p);
    }
    p->need_keyframe = false;
    packing k = {.peer = p,
                 .ts = media_ts(&p->vout, au),
                 .keyframe = au->keyframe,
                 .first = true,
                 .media_ns = au->time_ns,
                 .now_ns = now_ns};
    note_time(&p->vout, k.ts, au->time_ns, now_ns);
    p->picture++;
    mcu_status s = h264 ? mcu_h264_pack(au->data, au->size, MCU_RTP_PAYLOAD, on_payload, &k)
                        : mcu_vp8_pack(au->data, au->size, MCU_RTP_PAYLOAD, on_payload, &k);
    p->pictures_out += s == MCU_OK;
    p->keyframes_out += s == MCU_OK && au->keyframe;
    mcu_peer_pump(p, now_ns);
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
    uint32_t ts = media_ts(&p->aout, au);
    uint8_t red[MCU_RED_PAYLOAD];
    size_t red_size = 0;
    if (mcu_peer_takes_copies(p)) {
        red_size = mcu_red_pack(&p->red, p->neg->audio.send_pt, ts, au->data, au->size, red);
        p->copies_out += red_size > 0;
    }
    mcu_rtp r = {.marker = p->aout.packets == 0,
                 .pt = red_size > 0 ? p->neg->audio.red_pt : p->neg->audio.send_pt,
                 .ts = ts,
                 .ssrc = p->aout.ssrc,
                 .payload = red_size > 0 ? red : au->data,
                 .payload_size = red_size > 0 ? red_size : au->size};
    mcu_rtpext_block_apply(&p->aout.ext, &r);
    note_time(&p->aout, ts, au->time_ns, now_ns);
    mcu_pkt *pkt = mcu_pkt_new(MCU_PKT_AUDIO);
    pkt->size = (uint16_t)mcu_rtp_write(pkt->data, sizeof pkt->data, &r);
    mcu_status s = mcu_pacer_push(p->pacer, pkt, now_ns);
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

/* ---- retransmission ---- */

/* Without RTX the same bytes go out once more: protecting them again gives the same ciphertext, nothing new under one IV. */
static void resend(mcu_peer *p, const mcu_pkt *original, int64_t now_ns)
{
    if (p->neg->video.send_rtx_pt == 0) {
        transmit(p, original);
        p->rtx_sent++;
        return;
    }
    mcu_pkt *pkt = mcu_pkt_new(MCU_PKT_RTX);
    if (mcu_rtx_pack(original, p->rtxout.ssrc, p->neg->video.send_rtx_pt, pkt) != MCU_OK) {
        mcu_pkt_free(pkt);
    } else if (mcu_pacer_push(p->pacer, pkt, now_ns) == MCU_OK) {
        p->rtx_sent++;
    }
}

void mcu_peer_retransmit(mcu_peer *p, const uint16_t *seqs, unsigned n, int64_t now_ns)
{
    if (!p->neg->video.send) {
        return;
    }
    for (unsigned k = 0; k < n; k++) {
        const mcu_pkt *original;
        if (mcu_rtx_history_answer(p->history, seqs[k], mcu_peer_rtt_ns(p), now_ns, &original) == MCU_OK) {
            resend(p, original, now_ns);
        }
    }
    mcu_peer_pump(p, now_ns);
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
    if (p->keyframe_told_ns == 0 || now_ns - p->keyframe_told_ns >= KEYFRAME_TELL_NS) {
        tell_keyframe(p, now_ns);
    } else {
        p->keyframe_asked = true;
    }
}

void mcu_peer_tick_send(mcu_peer *p, int64_t now_ns)
{
    bool recovered = p->need_keyframe && mcu_pacer_video_delay_ns(p->pacer) < RECOVER_DELAY_NS;
    if (p->keyframe_asked && now_ns - p->keyframe_told_ns >= KEYFRAME_TELL_NS) {
        tell_keyframe(p, now_ns);
    } else if (recovered && now_ns - p->keyframe_told_ns >= 2 * KEYFRAME_TELL_NS) {
        tell_keyframe(p, now_ns);
    }
}

/* ---- negotiation ---- */

static void lay_out_ext(peer_out *o, const mcu_neg_media *m)
{
    mcu_rtpext_map map = {
        .id = {
            [MCU_RTPEXT_MID] = m->ext.mid, [MCU_RTPEXT_TWCC] = m->ext.twcc, [MCU_RTPEXT_ABS_SEND_TIME] = m->ext.abs_send_time}};
    mcu_rtpext_values values = {.has = {[MCU_RTPEXT_TWCC] = true, [MCU_RTPEXT_ABS_SEND_TIME] = true}};
    values.has[MCU_RTPEXT_MID] = g_strlcpy(values.mid, m->mid, sizeof values.mid) < sizeof values.mid;
    mcu_rtpext_block_init(&o->ext, &map, &values);
}

void mcu_peer_apply_send(mcu_peer *p)
{
    mcu_rtpext_block video = p->vout.ext;
    lay_out_ext(&p->aout, &p->neg->audio);
    lay_out_ext(&p->vout, &p->neg->video);
    p->aout.clock_hz = p->neg->audio.send_codec == MCU_CODEC_OPUS || p->neg->audio.send_codec == MCU_CODEC_NONE ? 48000 : 8000;
    if (p->picture > 0 && memcmp(&video, &p->vout.ext, sizeof video) != 0) {
        /* What is queued and kept was laid out for the old ids. */
        (void)mcu_pacer_drop_video(p->pacer);
        mcu_rtx_history_free(p->history);
        p->history = mcu_rtx_history_new();
        p->need_keyframe = true;
    }
}
