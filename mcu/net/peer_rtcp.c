#include <string.h>

#include "mcu/net/peer_priv.h"

static mcu_out *find_out(mcu_peer *p, uint32_t ssrc)
{
    return ssrc == p->send.video.ssrc ? &p->send.video : ssrc == p->send.audio.ssrc ? &p->send.audio : NULL;
}

/* Smoothed like RFC 6298, without the variance that nothing here uses. */
static int64_t smooth(int64_t old_ns, int64_t new_ns)
{
    return old_ns < 0 ? new_ns : old_ns + (new_ns - old_ns) / 8;
}

static void on_block(mcu_peer *p, const mcu_rtcp_block *b, int64_t now_ns)
{
    mcu_out *o = find_out(p, b->ssrc);
    if (o == NULL) {
        return;
    }
    o->loss = b->fraction / 256.0;
    o->lost = MAX(b->lost, 0);
    o->jitter_ms = b->jitter * 1000.0 / o->clock_hz;
    int64_t rtt = mcu_rtcp_rtt_ns(b, mcu_ntp_mid32(mcu_net_ntp(p->net, now_ns)));
    if (rtt >= 0) {
        p->send.rtt_ns = smooth(p->send.rtt_ns, rtt);
    }
    if (o == &p->send.video) {
        const mcu_bwe_block told = {.loss = o->loss, .rtt_ns = rtt, .lsr = b->lsr, .highest_seq = b->highest_seq};
        mcu_sender_on_report(&p->send, &told, now_ns);
    }
}

static void on_sr(mcu_peer *p, const mcu_rtcp_packet *r, int64_t now_ns)
{
    peer_in *const all[] = {&p->ain.base, &p->vin.base, &p->cin.base};
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        if (all[i]->ssrc != 0 && all[i]->ssrc == r->sender_ssrc) {
            mcu_rtp_stats_on_sr(&all[i]->stats, r->sr.ntp, now_ns);
        }
    }
}

static void on_nack(mcu_peer *p, const mcu_rtcp_packet *r, int64_t now_ns)
{
    uint16_t seqs[MCU_NACK_MAX];
    if (r->media_ssrc != p->send.video.ssrc || !p->neg->video.send) {
        return;
    }
    p->nacks_in++;
    unsigned n = mcu_rtcp_get_nack(r, seqs, G_N_ELEMENTS(seqs));
    mcu_counter_add(p->net->repair_refused, n - mcu_sender_retransmit(&p->send, seqs, n, now_ns));
    mcu_peer_pump(p, now_ns);
}

static void on_fir(mcu_peer *p, const mcu_rtcp_packet *r, int64_t now_ns)
{
    uint32_t ssrc;
    uint8_t seq;
    for (unsigned k = 0; mcu_rtcp_get_fir(r, k, &ssrc, &seq); k++) {
        /* RFC 5104 4.3.1.2: the same number is a repetition of a request that has been heard. */
        if (ssrc == p->send.video.ssrc && seq != p->fir_seen) {
            p->fir_seen = seq;
            p->firs_in++;
            mcu_peer_ask_keyframe(p, now_ns);
        }
    }
}

static void on_remb(mcu_peer *p, const mcu_rtcp_packet *r, int64_t now_ns)
{
    if (!mcu_bwe_remb(p->send.bwe, r->remb_bps, now_ns)) {
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
        return;
    }
    p->remb_bps = (unsigned)MIN(r->remb_bps, UINT32_MAX);
    p->remb_ns = now_ns;
}

static void on_twcc(mcu_peer *p, const mcu_rtcp_packet *r, int64_t now_ns)
{
    if (mcu_sender_on_feedback(&p->send, r, now_ns) != MCU_OK) {
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
    } else {
        mcu_peer_pump(p, now_ns);
    }
}

static void on_packet(mcu_peer *p, const mcu_rtcp_packet *r, int64_t now_ns)
{
    mcu_rtcp_block block;
    switch (r->kind) {
    case MCU_RTCP_SR:
        on_sr(p, r, now_ns);
        /* fall through */
    case MCU_RTCP_RR:
        for (unsigned k = 0; mcu_rtcp_get_block(r, k, &block); k++) {
            on_block(p, &block, now_ns);
        }
        break;
    case MCU_RTCP_NACK:
        on_nack(p, r, now_ns);
        break;
    case MCU_RTCP_PLI:
        if (r->media_ssrc == p->send.video.ssrc) {
            p->plis_in++;
            mcu_peer_ask_keyframe(p, now_ns);
        }
        break;
    case MCU_RTCP_FIR:
        on_fir(p, r, now_ns);
        break;
    case MCU_RTCP_REMB:
        on_remb(p, r, now_ns);
        break;
    case MCU_RTCP_TWCC:
        on_twcc(p, r, now_ns);
        break;
    case MCU_RTCP_NONE:
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
        break;
    case MCU_RTCP_SDES:
    case MCU_RTCP_BYE: /* of a source; the connection ends by close_notify or silence */
    case MCU_RTCP_OTHER:
        break;
    }
}

void mcu_peer_on_rtcp(mcu_peer *p, const uint8_t *packet, size_t size, int64_t now_ns)
{
    mcu_rtcp_iter it;
    if (mcu_rtcp_begin(&it, packet, size) != MCU_OK) {
        mcu_peer_count(&p->bad_packets, p->net->bad_packets);
        return;
    }
    mcu_rtcp_packet r;
    while (mcu_rtcp_next(&it, &r)) {
        on_packet(p, &r, now_ns);
    }
}
