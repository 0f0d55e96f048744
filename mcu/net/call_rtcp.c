/* call_rtcp.c - see call_rtp_priv.h. */
#include <string.h>

#include "mcu/net/call_rtp_priv.h"
#include "mcu/net/rtcp.h"

#define REPORT_NS (5 * MCU_NS_PER_SEC)
#define REPORT_MAX 256

static uint64_t ntp_at(const mcu_call_rtp *c, int64_t now_ns)
{
    return mcu_ntp_from_wall_ns(c->started_wall_ns + (now_ns - c->started_ns));
}

/* ---- out ---- */

static void put_report(mcu_call_rtp *c, mcu_rtcp_writer *w, int64_t now_ns)
{
    mcu_rtcp_block block;
    unsigned n = c->ssrc != 0 && mcu_rtp_stats_report(&c->stats, c->ssrc, now_ns, &block);
    if (c->sent_ns == 0) {
        mcu_rtcp_put_rr(w, c->state.ssrc, &block, n);
        return;
    }
    int64_t since_ms = (now_ns - c->sent_ns) / MCU_NS_PER_MS;
    mcu_rtcp_sender_info info = {
        .ntp = ntp_at(c, now_ns),
        .rtp_ts = c->ts_sent + (uint32_t)(since_ms * (int64_t)(mcu_leg_clock_hz(c->state.codec) / 1000)),
        .packets = (uint32_t)c->packets,
        .octets = (uint32_t)c->octets,
    };
    mcu_rtcp_put_sr(w, c->state.ssrc, &info, &block, n);
}

void mcu_call_tick_rtcp(mcu_call_rtp *c, int64_t now_ns)
{
    if (now_ns < c->report_ns) {
        return;
    }
    c->report_ns = now_ns + REPORT_NS;
    uint8_t packet[REPORT_MAX + MCU_SRTP_OVERHEAD];
    mcu_rtcp_writer w;
    mcu_rtcp_writer_init(&w, packet, REPORT_MAX);
    put_report(c, &w, now_ns);
    mcu_rtcp_put_sdes(&w, c->state.ssrc, c->cname);
    size_t size = w.size;
    if (c->srtp != NULL && mcu_srtp_protect_rtcp(c->srtp, packet, &size) != MCU_OK) {
        c->send_failed++;
        return;
    }
    c->srtcp_index += c->srtp != NULL;
    bool mux = c->state.rtcp_mux;
    (void)mcu_call_send_to(c, mux ? c->rtp_fd : c->rtcp_fd, mux ? &c->latch.remote : &c->rtcp_latch.remote, packet, size);
}

/* ---- in ---- */

static void on_block(mcu_call_rtp *c, const mcu_rtcp_block *b, int64_t now_ns)
{
    if (b->ssrc != c->state.ssrc) {
        return;
    }
    c->remote_loss = b->fraction / 256.0;
    int64_t rtt_ns = mcu_rtcp_rtt_ns(b, mcu_ntp_mid32(ntp_at(c, now_ns)));
    if (rtt_ns >= 0) {
        c->rtt_ms = (double)rtt_ns / (double)MCU_NS_PER_MS;
    }
}

static void on_report(mcu_call_rtp *c, const mcu_rtcp_packet *p, int64_t now_ns)
{
    mcu_rtcp_block b;
    if (p->kind == MCU_RTCP_NONE) {
        c->bad++;
    }
    if (p->kind == MCU_RTCP_SR && p->sender_ssrc == c->ssrc) {
        mcu_rtp_stats_on_sr(&c->stats, p->sr.ntp, now_ns);
    }
    for (unsigned i = 0; (p->kind == MCU_RTCP_SR || p->kind == MCU_RTCP_RR) && mcu_rtcp_get_block(p, i, &b); i++) {
        on_block(c, &b, now_ns);
    }
}

/* Reports of a clear leg come from the host that its media comes from; with one socket they are held against the same latch. */
static bool ours(mcu_call_rtp *c, const mcu_leg_address *from, int64_t now_ns)
{
    if (c->srtp != NULL) {
        return c->state.rtcp_mux || mcu_latch_take(&c->rtcp_latch, from, true, now_ns);
    }
    if (c->state.rtcp_mux) {
        return mcu_leg_address_same(from, &c->latch.remote);
    }
    return mcu_leg_address_same_host(from, &c->latch.remote) && mcu_latch_take(&c->rtcp_latch, from, false, now_ns);
}

void mcu_call_on_rtcp(mcu_call_rtp *c, uint8_t *packet, size_t size, const mcu_leg_address *from, int64_t now_ns)
{
    mcu_rtcp_iter it;
    mcu_rtcp_packet p;
    if (c->srtp != NULL && mcu_srtp_unprotect_rtcp(c->srtp, packet, &size) != MCU_OK) {
        c->auth_failures++;
        return;
    }
    if (!ours(c, from, now_ns)) {
        c->refused++;
        return;
    }
    if (mcu_rtcp_begin(&it, packet, size) != MCU_OK) {
        c->bad++;
        return;
    }
    c->last_report_ns = now_ns;
    while (mcu_rtcp_next(&it, &p)) {
        on_report(c, &p, now_ns);
    }
}
