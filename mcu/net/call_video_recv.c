/* call_video_recv.c - see call_video_priv.h. */
#include "mcu/net/call_video_priv.h"

#define SSRC_SWITCH_NS (500 * MCU_NS_PER_MS) /* another SSRC takes over when the one before has been silent this long */
#define ASK_NS MCU_NS_PER_SEC
#define TELL_NS (250 * MCU_NS_PER_MS)
#define REPORT_NS MCU_NS_PER_SEC
#define RTCP_MAX 256
#define NACK_MAX 64

static uint64_t ntp_at(const mcu_call_video *v, int64_t now_ns)
{
    return mcu_ntp_from_wall_ns(v->started_wall_ns + (now_ns - v->started_ns));
}

/* ---- keyframes ---- */

void mcu_call_video_want_keyframe(mcu_call_video *v, int64_t now_ns)
{
    v->wants_keyframe = true;
    mcu_call_video_ask_due(v, now_ns);
}

void mcu_call_video_ask_due(mcu_call_video *v, int64_t now_ns)
{
    uint8_t packet[RTCP_MAX + MCU_SRTP_OVERHEAD];
    mcu_rtcp_writer w;
    if (!v->wants_keyframe || v->ssrc == 0 || (v->wanted_ns != 0 && now_ns - v->wanted_ns < ASK_NS)) {
        return;
    }
    v->wanted_ns = now_ns;
    v->asked_out++;
    if (!v->state.pli && !v->state.fir) {
        v->callbacks.on_ask(v->user);
        return;
    }
    mcu_rtcp_writer_init(&w, packet, RTCP_MAX);
    mcu_rtcp_put_rr(&w, v->send.video.ssrc, NULL, 0);
    mcu_rtcp_put_sdes(&w, v->send.video.ssrc, v->cname);
    if (v->state.pli) {
        mcu_rtcp_put_pli(&w, v->send.video.ssrc, v->ssrc);
    } else {
        mcu_rtcp_put_fir(&w, v->send.video.ssrc, v->ssrc, v->fir_seq++);
    }
    mcu_call_video_send_rtcp(v, packet, w.size);
}

void mcu_call_video_asked(mcu_call_video *v, int64_t now_ns)
{
    v->asked_in++;
    mcu_sender_keyframe_asked(&v->send);
    v->asked = true;
    mcu_call_video_tell_due(v, now_ns);
}

void mcu_call_video_tell_due(mcu_call_video *v, int64_t now_ns)
{
    if (v->asked && (v->told_ns == 0 || now_ns - v->told_ns >= TELL_NS)) {
        v->asked = false;
        v->told_ns = now_ns;
        v->callbacks.on_keyframe_request(v->user);
    }
}

/* ---- pictures ---- */

void mcu_call_video_new_streams(mcu_call_video *v)
{
    mcu_vjitter_free(v->jitter);
    v->jitter = NULL;
    v->ssrc = 0;
    v->ssrc_ns = v->wanted_ns = 0;
    mcu_rtp_stats_init(&v->stats, 90000);
}

void mcu_call_video_pop(mcu_call_video *v, int64_t now_ns)
{
    if (v->jitter == NULL) {
        return;
    }
    for (mcu_au *au; (au = mcu_vjitter_pop(v->jitter, now_ns)) != NULL;) {
        v->pictures_in++;
        v->wants_keyframe = v->wants_keyframe && !au->keyframe;
        v->callbacks.on_picture(v->user, au);
    }
    if (mcu_vjitter_needs_keyframe(v->jitter)) {
        v->wants_keyframe = true;
    }
}

static bool take_ssrc(mcu_call_video *v, uint32_t ssrc, int64_t now_ns)
{
    if (ssrc != v->ssrc) {
        if (v->ssrc_ns != 0 && now_ns - v->ssrc_ns < SSRC_SWITCH_NS) {
            return false;
        }
        mcu_call_video_new_streams(v);
        v->jitter = mcu_vjitter_new(MCU_CODEC_H264);
        v->ssrc = ssrc;
        v->wanted_ns = now_ns; /* a sender begins with a keyframe: give it time to arrive whole */
    }
    v->ssrc_ns = now_ns;
    return true;
}

void mcu_call_video_on_rtp(mcu_call_video *v, uint8_t *packet, size_t size, const mcu_leg_address *from, int64_t now_ns)
{
    mcu_rtp r;
    size_t wire = size;
    if (v->srtp != NULL && mcu_srtp_unprotect_rtp(v->srtp, packet, &size) != MCU_OK) {
        v->auth_failures++;
        return;
    }
    if (mcu_rtp_parse(packet, size, &r) != MCU_OK || r.pt != v->state.pt) {
        v->bad++;
        return;
    }
    if (!mcu_latch_take(&v->latch, from, v->srtp != NULL, now_ns)) {
        v->refused++;
        return;
    }
    if (!v->state.recv || !take_ssrc(v, r.ssrc, now_ns) || mcu_rtp_stats_push(&v->stats, r.seq, r.ts, wire, now_ns) != MCU_OK) {
        v->bad++;
        return;
    }
    v->last_in_ns = now_ns;
    mcu_status s = mcu_vjitter_push(v->jitter, &r, now_ns);
    v->bad += s == MCU_EINVAL || s == MCU_ENOSUP;
}

/* ---- RTCP ---- */

void mcu_call_video_report(mcu_call_video *v, int64_t now_ns)
{
    uint8_t packet[RTCP_MAX + MCU_SRTP_OVERHEAD];
    mcu_rtcp_writer w;
    mcu_rtcp_block block;
    if (now_ns < v->report_ns) {
        return;
    }
    v->report_ns = now_ns + REPORT_NS;
    unsigned n = v->ssrc != 0 && mcu_rtp_stats_report(&v->stats, v->ssrc, now_ns, &block);
    const mcu_out *o = &v->send.video;
    mcu_rtcp_writer_init(&w, packet, RTCP_MAX);
    if (o->packets > 0) {
        mcu_rtcp_sender_info info = {.ntp = ntp_at(v, now_ns),
                                     .rtp_ts = o->last_ts + (uint32_t)(int32_t)((now_ns - o->last_time_ns) / 1000 * 9 / 100),
                                     .packets = (uint32_t)o->packets,
                                     .octets = (uint32_t)o->bytes};
        mcu_rtcp_put_sr(&w, o->ssrc, &info, &block, n);
    } else {
        mcu_rtcp_put_rr(&w, o->ssrc, &block, n);
    }
    mcu_rtcp_put_sdes(&w, o->ssrc, v->cname);
    mcu_call_video_send_rtcp(v, packet, w.size);
}

static void on_block(mcu_call_video *v, const mcu_rtcp_block *b, int64_t now_ns)
{
    if (b->ssrc == v->send.video.ssrc) {
        v->send.video.loss = b->fraction / 256.0;
        const mcu_bwe_block told = {.loss = v->send.video.loss,
                                    .rtt_ns = mcu_rtcp_rtt_ns(b, mcu_ntp_mid32(ntp_at(v, now_ns))),
                                    .lsr = b->lsr,
                                    .highest_seq = b->highest_seq};
        mcu_sender_on_report(&v->send, &told, now_ns);
    }
}

static void on_fir(mcu_call_video *v, const mcu_rtcp_packet *p, int64_t now_ns)
{
    uint32_t ssrc;
    uint8_t seq;
    for (unsigned i = 0; mcu_rtcp_get_fir(p, i, &ssrc, &seq); i++) {
        /* RFC 5104 4.3.1.2: the same number is a repetition of a request that has been heard. */
        if (ssrc == v->send.video.ssrc && (seq != v->fir_seen || v->asked_in == 0)) {
            v->fir_seen = seq;
            mcu_call_video_asked(v, now_ns);
        }
    }
}

static void on_nack(mcu_call_video *v, const mcu_rtcp_packet *p, int64_t now_ns)
{
    uint16_t seqs[NACK_MAX];
    if (p->media_ssrc == v->send.video.ssrc) {
        (void)mcu_sender_retransmit(&v->send, seqs, mcu_rtcp_get_nack(p, seqs, NACK_MAX), now_ns);
    }
}

static void on_rtcp(mcu_call_video *v, const mcu_rtcp_packet *p, int64_t now_ns)
{
    mcu_rtcp_block block;
    v->bad += p->kind == MCU_RTCP_NONE;
    if (p->kind == MCU_RTCP_SR && p->sender_ssrc == v->ssrc) {
        mcu_rtp_stats_on_sr(&v->stats, p->sr.ntp, now_ns);
    }
    for (unsigned i = 0; (p->kind == MCU_RTCP_SR || p->kind == MCU_RTCP_RR) && mcu_rtcp_get_block(p, i, &block); i++) {
        on_block(v, &block, now_ns);
    }
    if (p->kind == MCU_RTCP_NACK) {
        on_nack(v, p, now_ns);
    } else if (p->kind == MCU_RTCP_FIR) {
        on_fir(v, p, now_ns);
    } else if (p->kind == MCU_RTCP_PLI && p->media_ssrc == v->send.video.ssrc) {
        mcu_call_video_asked(v, now_ns);
    }
}

/* Reports of a clear call come from the host that its pictures come from. */
static bool ours(mcu_call_video *v, const mcu_leg_address *from, int64_t now_ns)
{
    return (v->srtp != NULL || mcu_leg_address_same_host(from, &v->latch.remote)) &&
           mcu_latch_take(&v->rtcp_latch, from, v->srtp != NULL, now_ns);
}

void mcu_call_video_on_rtcp(mcu_call_video *v, uint8_t *packet, size_t size, const mcu_leg_address *from, int64_t now_ns)
{
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    if (v->srtp != NULL && mcu_srtp_unprotect_rtcp(v->srtp, packet, &size) != MCU_OK) {
        v->auth_failures++;
        return;
    }
    if (!ours(v, from, now_ns)) {
        v->refused++;
        return;
    }
    if (mcu_rtcp_begin(&it, packet, size) != MCU_OK) {
        v->bad++;
        return;
    }
    while (mcu_rtcp_next(&it, &p)) {
        on_rtcp(v, &p, now_ns);
    }
}
