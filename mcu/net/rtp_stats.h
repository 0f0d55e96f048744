/* rtp_stats.h - receiver statistics of one incoming SSRC: loss, jitter, report block.  Thread: its owner's.
 * Source: RFC 3550 A.1 (restart), A.3 (loss), A.8 (jitter), 6.4.1. Embedded struct, no allocation. */
#ifndef MCU_NET_RTP_STATS_H
#define MCU_NET_RTP_STATS_H

#include "mcu/net/rtcp.h"

typedef struct {
    uint32_t clock_hz;
    bool started;
    uint16_t base_seq, max_seq;
    uint32_t cycles;   /* added to max_seq for the extended highest sequence */
    uint32_t bad_seq;  /* a jump is believed when the next packet confirms it; > 0xffff = none pending */
    uint32_t received; /* since base_seq, duplicates included (RFC 3550 A.3) */
    uint32_t expected_prior, received_prior;
    bool has_transit;
    uint32_t transit;
    double jitter; /* clock units */
    uint32_t lsr;  /* from the newest SR */
    int64_t sr_ns; /* its arrival; 0 = none */
    uint64_t packets, bytes;
    uint64_t lost_before; /* of runs that ended by a restart of the sender's sequence */
    double loss;          /* fraction of the interval that the last mcu_rtp_stats_report() closed */
} mcu_rtp_stats;

void mcu_rtp_stats_init(mcu_rtp_stats *s, uint32_t clock_hz);
/* Counts one media packet (not RTX, and not what RTX restored). MCU_ELATE: far off and not yet confirmed; not counted. */
mcu_status mcu_rtp_stats_push(mcu_rtp_stats *s, uint16_t seq, uint32_t ts, size_t bytes, int64_t now_ns);
void mcu_rtp_stats_on_sr(mcu_rtp_stats *s, uint64_t ntp, int64_t now_ns);
/* Fills the block and starts a new interval. False = nothing received yet. */
bool mcu_rtp_stats_report(mcu_rtp_stats *s, uint32_t ssrc, int64_t now_ns, mcu_rtcp_block *out);
uint64_t mcu_rtp_stats_lost(const mcu_rtp_stats *s); /* cumulative, never negative */
double mcu_rtp_stats_jitter_ms(const mcu_rtp_stats *s);

#endif
