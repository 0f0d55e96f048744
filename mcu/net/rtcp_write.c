#include <string.h>

#include "mcu/base/bytes.h"
#include "mcu/net/rtcp.h"

enum { PT_SR = 200, PT_RR = 201, PT_SDES = 202, PT_BYE = 203, PT_RTPFB = 205, PT_PSFB = 206 };
enum { FMT_NACK = 1, FMT_PLI = 1, FMT_FIR = 4, FMT_AFB = 15 };

void mcu_rtcp_writer_init(mcu_rtcp_writer *w, uint8_t *buffer, size_t room)
{
    *w = (mcu_rtcp_writer){.data = buffer, .room = room};
}

/* Reserves one packet of `size` bytes (a multiple of 4) and writes its common header. NULL = no room. */
static uint8_t *start(mcu_rtcp_writer *w, uint8_t type, unsigned count, size_t size)
{
    if (size > w->room - w->size) {
        w->overflow = true;
        return NULL;
    }
    uint8_t *p = w->data + w->size;
    w->size += size;
    p[0] = (uint8_t)(0x80 | (count & 0x1f));
    p[1] = type;
    mcu_wr16(p + 2, (uint16_t)(size / 4 - 1));
    return p;
}

static uint8_t *start_feedback(mcu_rtcp_writer *w, uint8_t type, unsigned fmt, uint32_t sender, uint32_t media, size_t items)
{
    uint8_t *p = start(w, type, fmt, 12 + items);
    if (!p) {
        return NULL;
    }
    mcu_wr32(p + 4, sender);
    mcu_wr32(p + 8, media);
    return p + 12;
}

static void put_blocks(uint8_t *at, const mcu_rtcp_block *blocks, unsigned n)
{
    for (unsigned i = 0; i < n; i++, at += 24) {
        const mcu_rtcp_block *b = &blocks[i];
        int32_t lost = b->lost > 0x7fffff ? 0x7fffff : b->lost < -0x800000 ? -0x800000 : b->lost;
        mcu_wr32(at, b->ssrc);
        at[4] = b->fraction;
        mcu_wr24(at + 5, (uint32_t)lost & 0xffffff);
        mcu_wr32(at + 8, b->highest_seq);
        mcu_wr32(at + 12, b->jitter);
        mcu_wr32(at + 16, b->lsr);
        mcu_wr32(at + 20, b->dlsr);
    }
}

void mcu_rtcp_put_sr(mcu_rtcp_writer *w, uint32_t ssrc, const mcu_rtcp_sender_info *info, const mcu_rtcp_block *blocks,
                     unsigned n)
{
    n = n > 31 ? 31 : n;
    uint8_t *p = start(w, PT_SR, n, 28 + 24 * (size_t)n);
    if (!p) {
        return;
    }
    mcu_wr32(p + 4, ssrc);
    mcu_wr32(p + 8, (uint32_t)(info->ntp >> 32));
    mcu_wr32(p + 12, (uint32_t)info->ntp);
    mcu_wr32(p + 16, info->rtp_ts);
    mcu_wr32(p + 20, info->packets);
    mcu_wr32(p + 24, info->octets);
    put_blocks(p + 28, blocks, n);
}

void mcu_rtcp_put_rr(mcu_rtcp_writer *w, uint32_t ssrc, const mcu_rtcp_block *blocks, unsigned n)
{
    n = n > 31 ? 31 : n;
    uint8_t *p = start(w, PT_RR, n, 8 + 24 * (size_t)n);
    if (!p) {
        return;
    }
    mcu_wr32(p + 4, ssrc);
    put_blocks(p + 8, blocks, n);
}

void mcu_rtcp_put_sdes(mcu_rtcp_writer *w, uint32_t ssrc, const char *cname)
{
    size_t length = strnlen(cname, 255);
    size_t size = (4 + 4 + 2 + length + 1 + 3) & ~(size_t)3; /* at least one END octet */
    uint8_t *p = start(w, PT_SDES, 1, size);
    if (!p) {
        return;
    }
    mcu_wr32(p + 4, ssrc);
    memset(p + 8, 0, size - 8);
    p[8] = 1; /* CNAME */
    p[9] = (uint8_t)length;
    memcpy(p + 10, cname, length);
}

void mcu_rtcp_put_bye(mcu_rtcp_writer *w, const uint32_t *ssrcs, unsigned n)
{
    n = n > 31 ? 31 : n;
    uint8_t *p = start(w, PT_BYE, n, 4 + 4 * (size_t)n);
    for (unsigned i = 0; p && i < n; i++) {
        mcu_wr32(p + 4 + 4 * (size_t)i, ssrcs[i]);
    }
}

/* How many of seqs[from..] fit into one PID + BLP item, and the mask. */
static unsigned nack_item(const uint16_t *seqs, unsigned from, unsigned n, uint16_t *mask)
{
    unsigned i = from + 1;
    *mask = 0;
    for (; i < n; i++) {
        int d = mcu_seq_diff(seqs[i], seqs[from]);
        if (d < 1 || d > 16) {
            break;
        }
        *mask = (uint16_t)(*mask | 1u << (d - 1));
    }
    return i - from;
}

void mcu_rtcp_put_nack(mcu_rtcp_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc, const uint16_t *seqs, unsigned n)
{
    unsigned items = 0;
    uint16_t mask;
    for (unsigned i = 0; i < n; i += nack_item(seqs, i, n, &mask)) {
        items++;
    }
    if (items == 0) {
        return;
    }
    uint8_t *p = start_feedback(w, PT_RTPFB, FMT_NACK, sender_ssrc, media_ssrc, 4 * (size_t)items);
    for (unsigned i = 0; p && i < n; p += 4) {
        unsigned used = nack_item(seqs, i, n, &mask);
        mcu_wr16(p, seqs[i]);
        mcu_wr16(p + 2, mask);
        i += used;
    }
}

void mcu_rtcp_put_pli(mcu_rtcp_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc)
{
    start_feedback(w, PT_PSFB, FMT_PLI, sender_ssrc, media_ssrc, 0);
}

void mcu_rtcp_put_fir(mcu_rtcp_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc, uint8_t seq)
{
    /* RFC 5104 4.3.1.2: the media SSRC of the header is 0, the target stands in the item. */
    uint8_t *p = start_feedback(w, PT_PSFB, FMT_FIR, sender_ssrc, 0, 8);
    if (p) {
        mcu_wr32(p, media_ssrc);
        mcu_wr32(p + 4, (uint32_t)seq << 24);
    }
}

void mcu_rtcp_put_remb(mcu_rtcp_writer *w, uint32_t sender_ssrc, uint64_t bps, const uint32_t *ssrcs, unsigned n)
{
    n = n > 255 ? 255 : n;
    unsigned exponent = 0;
    while (bps >> exponent > 0x3ffff) {
        exponent++;
    }
    uint8_t *p = start_feedback(w, PT_PSFB, FMT_AFB, sender_ssrc, 0, 8 + 4 * (size_t)n);
    if (!p) {
        return;
    }
    memcpy(p, "REMB", 4);
    p[4] = (uint8_t)n;
    mcu_wr24(p + 5, (uint32_t)(exponent << 18 | (uint32_t)(bps >> exponent)));
    for (unsigned i = 0; i < n; i++) {
        mcu_wr32(p + 8 + 4 * (size_t)i, ssrcs[i]);
    }
}

void mcu_rtcp_put_raw(mcu_rtcp_writer *w, const uint8_t *packet, size_t size)
{
    if (size > w->room - w->size) {
        w->overflow = true;
        return;
    }
    memcpy(w->data + w->size, packet, size);
    w->size += size;
}
