#include <string.h>

#include "mcu/net/peer_priv.h"

#define PLI_NS MCU_NS_PER_SEC
#define PAUSED_NS (2 * MCU_NS_PER_SEC)
#define PAUSED_PLI_NS (5 * MCU_NS_PER_SEC)
#define NACKS_PER_PACKET 64

/* ---- reports ---- */

static unsigned put_blocks(mcu_peer *p, mcu_rtcp_block *out, int64_t now_ns)
{
    unsigned n = 0;
    n += p->ain.base.ssrc != 0 && mcu_rtp_stats_report(&p->ain.base.stats, p->ain.base.ssrc, now_ns, &out[n]);
    n += p->vin.base.ssrc != 0 && mcu_rtp_stats_report(&p->vin.base.stats, p->vin.base.ssrc, now_ns, &out[n]);
    n += p->cin.base.last_ns != 0 && mcu_rtp_stats_report(&p->cin.base.stats, p->cin.base.ssrc, now_ns, &out[n]);
    return n;
}

static void put_sr(mcu_peer *p, mcu_rtcp_writer *w, const mcu_out *o, const mcu_rtcp_block *blocks, unsigned n, int64_t now_ns)
{
    mcu_rtcp_sender_info info = {.ntp = mcu_net_ntp(p->net, now_ns),
                                 .rtp_ts = mcu_peer_out_ts(o, now_ns),
                                 .packets = (uint32_t)o->packets,
                                 .octets = (uint32_t)o->bytes};
    mcu_rtcp_put_sr(w, o->ssrc, &info, blocks, n);
}

/* SR for each SSRC that has sent, RR when none has. The report blocks go into the first. */
static void put_reports(mcu_peer *p, mcu_rtcp_writer *w, const mcu_rtcp_block *blocks, unsigned n, int64_t now_ns)
{
    bool video = p->send.video.packets > 0, audio = p->send.audio.packets > 0;
    if (video) {
        put_sr(p, w, &p->send.video, blocks, n, now_ns);
    }
    if (audio) {
        put_sr(p, w, &p->send.audio, blocks, video ? 0 : n, now_ns);
    }
    if (!video && !audio) {
        mcu_rtcp_put_rr(w, p->send.video.ssrc, blocks, n);
    }
    mcu_rtcp_put_sdes(w, video || !audio ? p->send.video.ssrc : p->send.audio.ssrc, p->cname);
}

/* One ceiling for camera and screen together: senders divide it themselves. */
static void put_ceiling(mcu_peer *p, mcu_rtcp_writer *w, unsigned bps)
{
    const peer_video_in *const both[] = {&p->vin, &p->cin};
    uint32_t ssrcs[G_N_ELEMENTS(both)];
    unsigned n = 0;
    for (unsigned i = 0; i < G_N_ELEMENTS(both); i++) {
        if (both[i]->base.last_ns != 0 && (mcu_peer_video_media(p, both[i])->fb & MCU_FB_REMB)) {
            ssrcs[n++] = both[i]->base.ssrc;
        }
    }
    if (n > 0) {
        mcu_rtcp_put_remb(w, p->send.video.ssrc, bps, ssrcs, n);
    }
}

static void put_remb(mcu_peer *p, mcu_rtcp_writer *w)
{
    if (p->max_video_bps != 0) {
        put_ceiling(p, w, p->max_video_bps);
    }
}

static void send_writer(mcu_peer *p, mcu_rtcp_writer *w)
{
    if (w->size > 0) {
        (void)mcu_peer_send_rtcp(p, w->data, w->size);
    }
}

static void send_report(mcu_peer *p, int64_t now_ns)
{
    uint8_t buffer[PEER_RTCP_MAX + MCU_SRTP_OVERHEAD];
    mcu_rtcp_writer w;
    mcu_rtcp_writer_init(&w, buffer, PEER_RTCP_MAX);
    mcu_rtcp_block blocks[3];
    put_reports(p, &w, blocks, put_blocks(p, blocks, now_ns), now_ns);
    put_remb(p, &w);
    send_writer(p, &w);
}

/* What theirs suffers, and nothing of ours. */
static void send_receiver_report(mcu_peer *p, int64_t now_ns)
{
    uint8_t buffer[PEER_RTCP_MAX + MCU_SRTP_OVERHEAD];
    mcu_rtcp_writer w;
    mcu_rtcp_writer_init(&w, buffer, PEER_RTCP_MAX);
    mcu_rtcp_block blocks[3];
    unsigned n = put_blocks(p, blocks, now_ns);
    mcu_rtcp_put_rr(&w, p->send.video.ssrc, blocks, n);
    if (!p->neg->video.rtcp_rsize) {
        mcu_rtcp_put_sdes(&w, p->send.video.ssrc, p->cname);
    }
    put_remb(p, &w);
    send_writer(p, &w);
}

static void tick_reports(mcu_peer *p, int64_t now_ns)
{
    const unsigned streams = (p->send.video.packets > 0 ? 1U : 0U) + (p->send.audio.packets > 0 ? 1U : 0U);
    const mcu_bwe_view *view = &p->send.view;
    unsigned path_bps = view->feedback ? view->estimate_bps : 0; /* who only reports has to be asked for round trips */
    switch (mcu_report_clock_due(&p->reports, streams, path_bps, now_ns)) {
    case MCU_REPORT_NONE:
        return;
    case MCU_REPORT_RECEIVER:
        send_receiver_report(p, now_ns);
        break;
    case MCU_REPORT_SENDER:
        send_report(p, now_ns);
        break;
    }
    mcu_peer_roll_rates(p, now_ns);
}

/* A compound begins with a report (RFC 3550 6.1) unless reduced-size RTCP was agreed (RFC 5506); an empty one keeps the loss
 * intervals of the regular reports. */
static void begin_feedback(mcu_peer *p, mcu_rtcp_writer *w, uint8_t *buffer)
{
    mcu_rtcp_writer_init(w, buffer, PEER_RTCP_MAX);
    if (!p->neg->video.rtcp_rsize) {
        mcu_rtcp_put_rr(w, p->send.video.ssrc, NULL, 0);
        mcu_rtcp_put_sdes(w, p->send.video.ssrc, p->cname);
    }
}

void mcu_peer_send_bye(mcu_peer *p)
{
    uint8_t buffer[PEER_RTCP_MAX + MCU_SRTP_OVERHEAD];
    mcu_rtcp_writer w;
    mcu_rtcp_writer_init(&w, buffer, PEER_RTCP_MAX);
    mcu_rtcp_put_rr(&w, p->send.video.ssrc, NULL, 0);
    mcu_rtcp_put_sdes(&w, p->send.video.ssrc, p->cname);
    const uint32_t ssrcs[] = {p->send.video.ssrc, p->send.audio.ssrc};
    mcu_rtcp_put_bye(&w, ssrcs, G_N_ELEMENTS(ssrcs));
    send_writer(p, &w);
}

/* ---- repair of what they send ---- */

/* Returns how many packets that took. */
static unsigned send_nacks(mcu_peer *p, mcu_nack *nack, uint32_t ssrc, int64_t now_ns)
{
    uint16_t seqs[NACKS_PER_PACKET];
    unsigned n = nack != NULL ? mcu_nack_due(nack, mcu_peer_rtt_ns(p), now_ns, seqs, G_N_ELEMENTS(seqs)) : 0;
    if (n == 0) {
        return 0;
    }
    uint8_t buffer[PEER_RTCP_MAX + MCU_SRTP_OVERHEAD];
    mcu_rtcp_writer w;
    begin_feedback(p, &w, buffer);
    mcu_rtcp_put_nack(&w, p->send.video.ssrc, ssrc, seqs, n);
    send_writer(p, &w);
    return 1;
}

static void send_picture_nacks(mcu_peer *p, peer_video_in *v, int64_t now_ns)
{
    if (mcu_peer_video_media(p, v)->fb & MCU_FB_NACK) {
        v->nacks_sent += send_nacks(p, v->nack, v->base.ssrc, now_ns);
    }
}

/* Browsers do not say that they answer these for sound, and do: libwebrtc keeps what it sent for as long as a round trip takes.
 */
static void send_sound_nacks(mcu_peer *p, int64_t now_ns)
{
    if (p->neg->audio.fb & MCU_FB_TWCC) {
        p->ain.nacks_sent += send_nacks(p, p->ain.nack, p->ain.base.ssrc, now_ns);
    }
}

static void send_keyframe_request(mcu_peer *p, peer_video_in *v, int64_t now_ns)
{
    const unsigned fb = mcu_peer_video_media(p, v)->fb;
    bool paused = now_ns - v->base.last_ns > PAUSED_NS; /* what comes next begins with one, most likely */
    int64_t again_ns = paused ? PAUSED_PLI_NS : MAX(PLI_NS, mcu_peer_rtt_ns(p) * 3 / 2);
    bool due = v->wants_keyframe && now_ns >= v->wants_from_ns && (v->asked_ns == 0 || now_ns - v->asked_ns >= again_ns);
    if (!due || v->base.ssrc == 0 || !(fb & (MCU_FB_PLI | MCU_FB_FIR))) {
        return;
    }
    uint8_t buffer[PEER_RTCP_MAX + MCU_SRTP_OVERHEAD];
    mcu_rtcp_writer w;
    begin_feedback(p, &w, buffer);
    if (fb & MCU_FB_PLI) {
        mcu_rtcp_put_pli(&w, p->send.video.ssrc, v->base.ssrc);
        v->plis_sent++;
    } else {
        mcu_rtcp_put_fir(&w, p->send.video.ssrc, v->base.ssrc, v->fir_seq++);
        v->firs_sent++;
    }
    send_writer(p, &w);
    v->asked_ns = now_ns;
}

static void request_keyframe(mcu_peer *p, peer_video_in *v)
{
    if (!v->wants_keyframe) {
        v->wants_keyframe = true;
        v->wants_from_ns = 0;
    } else {
        v->wants_from_ns = MIN(v->wants_from_ns, mcu_net_now_ns(p->net));
    }
    if (mcu_peer_is_up(p)) {
        send_keyframe_request(p, v, mcu_net_now_ns(p->net));
    }
}

void mcu_peer_request_keyframe(mcu_peer *p)
{
    request_keyframe(p, &p->vin);
}

void mcu_peer_request_content_keyframe(mcu_peer *p)
{
    request_keyframe(p, &p->cin);
}

void mcu_peer_set_max_video_bps(mcu_peer *p, unsigned bps)
{
    if (p->max_video_bps == bps) {
        return;
    }
    /* Lifting a ceiling must be said too: silence would leave the old one in force. */
    p->max_video_bps = bps;
    if (mcu_peer_is_up(p)) {
        uint8_t buffer[PEER_RTCP_MAX + MCU_SRTP_OVERHEAD];
        mcu_rtcp_writer w;
        begin_feedback(p, &w, buffer);
        size_t empty = w.size;
        put_ceiling(p, &w, bps != 0 ? bps : 50000000);
        if (w.size > empty) {
            send_writer(p, &w);
        }
    }
}

/* ---- transport-wide feedback ---- */

static void send_twcc(mcu_peer *p, int64_t now_ns)
{
    mcu_twcc_recorder_path(p->twcc_in, p->send.view.estimate_bps);
    while (mcu_twcc_recorder_next_ns(p->twcc_in) <= now_ns) {
        uint8_t packet[PEER_RTCP_MAX], buffer[PEER_RTCP_MAX + MCU_SRTP_OVERHEAD];
        uint32_t media = p->vin.base.ssrc != 0 ? p->vin.base.ssrc : p->ain.base.ssrc;
        size_t n = mcu_twcc_recorder_feedback(p->twcc_in, p->send.video.ssrc, media, now_ns, packet, PEER_RTCP_MAX - 64);
        if (n == 0) {
            break;
        }
        mcu_rtcp_writer w;
        begin_feedback(p, &w, buffer);
        mcu_rtcp_put_raw(&w, packet, n);
        send_writer(p, &w);
    }
}

void mcu_peer_tick_feedback(mcu_peer *p, int64_t now_ns)
{
    if (p->srtp == NULL) {
        return;
    }
    send_sound_nacks(p, now_ns);
    peer_video_in *const videos[] = {&p->vin, &p->cin};
    for (unsigned i = 0; i < G_N_ELEMENTS(videos); i++) {
        send_picture_nacks(p, videos[i], now_ns);
        send_keyframe_request(p, videos[i], now_ns);
    }
    send_twcc(p, now_ns);
    tick_reports(p, now_ns);
    mcu_peer_kick(p, mcu_twcc_recorder_next_ns(p->twcc_in));
}
