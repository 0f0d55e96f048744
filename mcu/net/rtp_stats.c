#include "mcu/net/rtp_stats.h"

#include <math.h>
#include <string.h>

#define MAX_DROPOUT 3000
#define MAX_MISORDER 100
#define NO_BAD_SEQ 0x10000u

void mcu_rtp_stats_init(mcu_rtp_stats *s, uint32_t clock_hz)
{
    memset(s, 0, sizeof *s);
    s->clock_hz = clock_hz;
    s->bad_seq = NO_BAD_SEQ;
}

static uint32_t expected(const mcu_rtp_stats *s)
{
    return s->started ? s->cycles + s->max_seq - s->base_seq + 1 : 0;
}

uint64_t mcu_rtp_stats_lost(const mcu_rtp_stats *s)
{
    uint32_t e = expected(s);
    return s->lost_before + (e > s->received ? e - s->received : 0);
}

static void restart(mcu_rtp_stats *s, uint16_t seq)
{
    s->lost_before = mcu_rtp_stats_lost(s);
    s->started = true;
    s->base_seq = s->max_seq = seq;
    s->cycles = 0;
    s->received = s->expected_prior = s->received_prior = 0;
    s->bad_seq = NO_BAD_SEQ;
    s->has_transit = false;
}

/* RFC 3550 A.1 without probation: SRTP has authenticated the source. */
static bool accept_seq(mcu_rtp_stats *s, uint16_t seq)
{
    if (!s->started) {
        restart(s, seq);
        return true;
    }
    uint16_t ahead = (uint16_t)(seq - s->max_seq);
    if (ahead < MAX_DROPOUT) {
        if (seq < s->max_seq) {
            s->cycles += 1u << 16;
        }
        s->max_seq = seq;
    } else if (ahead <= UINT16_MAX + 1 - MAX_MISORDER) {
        if (seq != s->bad_seq) {
            s->bad_seq = (uint16_t)(seq + 1);
            return false;
        }
        restart(s, seq); /* two in a row: the other side restarted */
    }
    s->bad_seq = NO_BAD_SEQ;
    return true;
}

static void update_jitter(mcu_rtp_stats *s, uint32_t ts, int64_t now_ns)
{
    /* Whole seconds apart so that the product stays far from 2^63. */
    uint64_t arrival = (uint64_t)(now_ns / 1000000000) * s->clock_hz + (uint64_t)(now_ns % 1000000000) * s->clock_hz / 1000000000;
    uint32_t transit = (uint32_t)arrival - ts;
    if (s->has_transit) {
        int32_t d = (int32_t)(transit - s->transit);
        s->jitter += (fabs((double)d) - s->jitter) / 16.0;
    }
    s->transit = transit;
    s->has_transit = true;
}

mcu_status mcu_rtp_stats_push(mcu_rtp_stats *s, uint16_t seq, uint32_t ts, size_t bytes, int64_t now_ns)
{
    if (!accept_seq(s, seq)) {
        return MCU_ELATE;
    }
    s->received++;
    s->packets++;
    s->bytes += bytes;
    update_jitter(s, ts, now_ns);
    return MCU_OK;
}

void mcu_rtp_stats_on_sr(mcu_rtp_stats *s, uint64_t ntp, int64_t now_ns)
{
    s->lsr = mcu_ntp_mid32(ntp);
    s->sr_ns = now_ns;
}

static uint32_t delay_since_sr(const mcu_rtp_stats *s, int64_t now_ns)
{
    if (s->sr_ns == 0 || now_ns < s->sr_ns) {
        return 0;
    }
    int64_t seconds = (now_ns - s->sr_ns) / 1000000000, rest = (now_ns - s->sr_ns) % 1000000000;
    return seconds > UINT16_MAX ? UINT32_MAX : (uint32_t)(seconds * 65536 + rest * 65536 / 1000000000);
}

bool mcu_rtp_stats_report(mcu_rtp_stats *s, uint32_t ssrc, int64_t now_ns, mcu_rtcp_block *out)
{
    if (!s->started) {
        return false;
    }
    uint32_t expect = expected(s);
    uint32_t expected_interval = expect - s->expected_prior;
    int64_t lost_interval = (int64_t)expected_interval - (int64_t)(s->received - s->received_prior);
    s->expected_prior = expect;
    s->received_prior = s->received;
    s->loss = expected_interval > 0 && lost_interval > 0 ? (double)lost_interval / (double)expected_interval : 0.0;
    double fraction = s->loss * 256.0;
    uint64_t lost = mcu_rtp_stats_lost(s);
    *out = (mcu_rtcp_block){
        .ssrc = ssrc,
        .fraction = fraction > 255.0 ? 255 : (uint8_t)fraction,
        .lost = lost > 0x7fffff ? 0x7fffff : (int32_t)lost,
        .highest_seq = s->cycles + s->max_seq,
        .jitter = s->jitter > 4294967295.0 ? UINT32_MAX : (uint32_t)s->jitter,
        .lsr = s->sr_ns != 0 ? s->lsr : 0,
        .dlsr = delay_since_sr(s, now_ns),
    };
    return true;
}

double mcu_rtp_stats_jitter_ms(const mcu_rtp_stats *s)
{
    return s->clock_hz > 0 ? s->jitter * 1000.0 / s->clock_hz : 0.0;
}
