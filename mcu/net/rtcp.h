/* rtcp.h - RTCP compounds: parse by iteration, build by appending.  Thread: any (pure, no allocation).
 * Source: RFC 3550 6, RFC 4585 (NACK, PLI), RFC 5104 (FIR), draft-alvestrand-rmcat-remb-03, RFC 5506 (a compound need not begin
 * with a report). Views point into the received buffer. */
#ifndef MCU_NET_RTCP_H
#define MCU_NET_RTCP_H

#include "mcu/net/rtp.h"

typedef enum {
    MCU_RTCP_NONE = 0,
    MCU_RTCP_SR,
    MCU_RTCP_RR,
    MCU_RTCP_SDES,
    MCU_RTCP_BYE,
    MCU_RTCP_NACK,
    MCU_RTCP_TWCC, /* hand to mcu_twcc_history_feedback() */
    MCU_RTCP_PLI,
    MCU_RTCP_FIR,
    MCU_RTCP_REMB,
    MCU_RTCP_OTHER, /* well-formed, not ours: skip */
} mcu_rtcp_kind;
const char *mcu_rtcp_kind_name(mcu_rtcp_kind k);

typedef struct {
    uint32_t ssrc;
    uint8_t fraction;     /* lost / expected of the interval, in 1/256 */
    int32_t lost;         /* cumulative, signed 24 bit */
    uint32_t highest_seq; /* extended */
    uint32_t jitter;      /* RTP clock units */
    uint32_t lsr, dlsr;   /* NTP middle 32 bits; 1/65536 s */
} mcu_rtcp_block;

typedef struct {
    uint64_t ntp; /* 32.32 */
    uint32_t rtp_ts;
    uint32_t packets, octets;
} mcu_rtcp_sender_info;

/* One packet of a compound, all lengths checked. */
typedef struct {
    mcu_rtcp_kind kind;
    uint32_t sender_ssrc;
    uint32_t media_ssrc;     /* feedback messages */
    mcu_rtcp_sender_info sr; /* SR */
    uint64_t remb_bps;       /* REMB */
    unsigned n;              /* report blocks, NACK items, FIR items, REMB or BYE SSRCs, SDES chunks */
    const uint8_t *items;    /* where they start */
    size_t items_size;
    const uint8_t *data; /* the whole packet with its common header, padding cut off */
    size_t size;
} mcu_rtcp_packet;

typedef struct {
    const uint8_t *at, *end;
} mcu_rtcp_iter;

/* MCU_EINVAL: the chain of lengths and versions does not cover the buffer exactly; nothing may be read from it. */
mcu_status mcu_rtcp_begin(mcu_rtcp_iter *it, const uint8_t *data, size_t size);
/* False = end. A packet whose body contradicts its own header is given as MCU_RTCP_NONE (count it, go on). */
bool mcu_rtcp_next(mcu_rtcp_iter *it, mcu_rtcp_packet *out);

/* i < p->n, otherwise false. */
bool mcu_rtcp_get_block(const mcu_rtcp_packet *p, unsigned i, mcu_rtcp_block *out); /* SR, RR */
bool mcu_rtcp_get_fir(const mcu_rtcp_packet *p, unsigned i, uint32_t *ssrc, uint8_t *seq);
bool mcu_rtcp_get_ssrc(const mcu_rtcp_packet *p, unsigned i, uint32_t *ssrc); /* BYE, REMB */
bool mcu_rtcp_get_cname(const mcu_rtcp_packet *p, unsigned i, uint32_t *ssrc, char *out,
                        size_t room); /* SDES: cut to room - 1, NUL-terminated */
/* Sequence numbers a NACK asks for, in order of the message; returns how many were put into `out`. */
unsigned mcu_rtcp_get_nack(const mcu_rtcp_packet *p, uint16_t *out, unsigned max);

/* ---- build: append to a buffer; when one does not fit, nothing of it is written, `overflow` is set, later ones may still fit
 * ---- */
typedef struct {
    uint8_t *data;
    size_t room, size;
    bool overflow;
} mcu_rtcp_writer;

void mcu_rtcp_writer_init(mcu_rtcp_writer *w, uint8_t *buffer, size_t room);
void mcu_rtcp_put_sr(mcu_rtcp_writer *w, uint32_t ssrc, const mcu_rtcp_sender_info *info, const mcu_rtcp_block *blocks,
                     unsigned n); /* n <= 31 */
void mcu_rtcp_put_rr(mcu_rtcp_writer *w, uint32_t ssrc, const mcu_rtcp_block *blocks, unsigned n);
void mcu_rtcp_put_sdes(mcu_rtcp_writer *w, uint32_t ssrc, const char *cname); /* cut to 255 bytes */
void mcu_rtcp_put_bye(mcu_rtcp_writer *w, const uint32_t *ssrcs, unsigned n);
/* Packs ascending runs into PID + BLP pairs; any order is accepted. */
void mcu_rtcp_put_nack(mcu_rtcp_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc, const uint16_t *seqs, unsigned n);
void mcu_rtcp_put_pli(mcu_rtcp_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc);
void mcu_rtcp_put_fir(mcu_rtcp_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc, uint8_t seq);
void mcu_rtcp_put_remb(mcu_rtcp_writer *w, uint32_t sender_ssrc, uint64_t bps, const uint32_t *ssrcs,
                       unsigned n);                                            /* rounds down */
void mcu_rtcp_put_raw(mcu_rtcp_writer *w, const uint8_t *packet, size_t size); /* a finished RTCP packet, e.g. TWCC feedback */

/* ---- time ---- */
uint64_t mcu_ntp_from_wall_ns(int64_t wall_ns); /* since 1970 -> 32.32 since 1900 */
static inline uint32_t mcu_ntp_mid32(uint64_t ntp)
{
    return (uint32_t)(ntp >> 16);
}
/* RFC 3550 6.4.1 from a report block about us; now = mid32 of the clock that stamped our SR. < 0 = no LSR yet or nonsense. */
int64_t mcu_rtcp_rtt_ns(const mcu_rtcp_block *b, uint32_t now_mid32);

#endif
