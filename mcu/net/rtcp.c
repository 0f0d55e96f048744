#include "mcu/net/rtcp.h"

#include <string.h>

#include "mcu/base/bytes.h"

enum { PT_SR = 200, PT_RR = 201, PT_SDES = 202, PT_BYE = 203, PT_RTPFB = 205, PT_PSFB = 206 };
enum { FMT_NACK = 1, FMT_TWCC = 15, FMT_PLI = 1, FMT_FIR = 4, FMT_AFB = 15 };

#define BLOCK_SIZE 24

const char *mcu_rtcp_kind_name(mcu_rtcp_kind k)
{
    static const char *const names[] = {
        [MCU_RTCP_NONE] = "none", [MCU_RTCP_SR] = "sr",     [MCU_RTCP_RR] = "rr",       [MCU_RTCP_SDES] = "sdes",
        [MCU_RTCP_BYE] = "bye",   [MCU_RTCP_NACK] = "nack", [MCU_RTCP_TWCC] = "twcc",   [MCU_RTCP_PLI] = "pli",
        [MCU_RTCP_FIR] = "fir",   [MCU_RTCP_REMB] = "remb", [MCU_RTCP_OTHER] = "other",
    };
    return k <= MCU_RTCP_OTHER ? names[k] : "invalid";
}

/* ---- iteration ---- */

static size_t packet_size(const uint8_t *p)
{
    return 4u * ((size_t)mcu_rd16(p + 2) + 1);
}

mcu_status mcu_rtcp_begin(mcu_rtcp_iter *it, const uint8_t *data, size_t size)
{
    *it = (mcu_rtcp_iter){.at = data, .end = data};
    if (size == 0) {
        return MCU_EINVAL;
    }
    for (size_t at = 0; at < size;) {
        if (size - at < 4 || (data[at] & 0xc0) != 0x80 || packet_size(data + at) > size - at) {
            return MCU_EINVAL;
        }
        at += packet_size(data + at);
    }
    it->end = data + size;
    return MCU_OK;
}

static bool parse_report(mcu_rtcp_packet *p, unsigned count, size_t head)
{
    if (p->size < head + (size_t)count * BLOCK_SIZE) {
        return false;
    }
    p->sender_ssrc = mcu_rd32(p->data + 4);
    p->n = count;
    p->items = p->data + head;
    p->items_size = (size_t)count * BLOCK_SIZE;
    if (head > 8) {
        p->sr = (mcu_rtcp_sender_info){
            .ntp = mcu_rd64(p->data + 8),
            .rtp_ts = mcu_rd32(p->data + 16),
            .packets = mcu_rd32(p->data + 20),
            .octets = mcu_rd32(p->data + 24),
        };
    }
    return true;
}

static bool parse_list(mcu_rtcp_packet *p, unsigned count, size_t each)
{
    p->n = count;
    p->items = p->data + 4;
    p->items_size = p->size - 4;
    return p->items_size >= each * count;
}

static mcu_rtcp_kind parse_remb(mcu_rtcp_packet *p)
{
    if (p->size < 16 || memcmp(p->data + 12, "REMB", 4) != 0) {
        return MCU_RTCP_OTHER; /* some other application's feedback */
    }
    if (p->size < 20 || p->size < 20 + 4 * (size_t)p->data[16]) {
        return MCU_RTCP_NONE;
    }
    p->n = p->data[16];
    p->items = p->data + 20;
    p->items_size = 4 * (size_t)p->n;
    unsigned exponent = p->data[17] >> 2;
    uint64_t mantissa = mcu_rd24(p->data + 17) & 0x3ffff;
    p->remb_bps = exponent > 63 - 18 ? UINT64_MAX >> 1 : mantissa << exponent;
    return MCU_RTCP_REMB;
}

static mcu_rtcp_kind parse_feedback(mcu_rtcp_packet *p, unsigned fmt)
{
    if (p->size < 12) {
        return MCU_RTCP_NONE;
    }
    p->sender_ssrc = mcu_rd32(p->data + 4);
    p->media_ssrc = mcu_rd32(p->data + 8);
    p->items = p->data + 12;
    p->items_size = p->size - 12;
    bool transport = p->data[1] == PT_RTPFB;
    if (transport && fmt == FMT_NACK) {
        p->n = (unsigned)(p->items_size / 4);
        return p->n > 0 ? MCU_RTCP_NACK : MCU_RTCP_NONE;
    }
    if (transport && fmt == FMT_TWCC) {
        return p->items_size >= 8 ? MCU_RTCP_TWCC : MCU_RTCP_NONE;
    }
    if (!transport && fmt == FMT_PLI) {
        return MCU_RTCP_PLI;
    }
    if (!transport && fmt == FMT_FIR) {
        p->n = (unsigned)(p->items_size / 8);
        return p->n > 0 ? MCU_RTCP_FIR : MCU_RTCP_NONE;
    }
    return !transport && fmt == FMT_AFB ? parse_remb(p) : MCU_RTCP_OTHER;
}

static mcu_rtcp_kind parse_body(mcu_rtcp_packet *p, unsigned count)
{
    switch (p->data[1]) {
    case PT_SR:
        return parse_report(p, count, 28) ? MCU_RTCP_SR : MCU_RTCP_NONE;
    case PT_RR:
        return parse_report(p, count, 8) ? MCU_RTCP_RR : MCU_RTCP_NONE;
    case PT_SDES:
        return parse_list(p, count, 8) ? MCU_RTCP_SDES : MCU_RTCP_NONE; /* a chunk is at least SSRC, END and its padding */
    case PT_BYE:
        return parse_list(p, count, 4) ? MCU_RTCP_BYE : MCU_RTCP_NONE;
    case PT_RTPFB:
    case PT_PSFB:
        return parse_feedback(p, count);
    default:
        return MCU_RTCP_OTHER;
    }
}

bool mcu_rtcp_next(mcu_rtcp_iter *it, mcu_rtcp_packet *out)
{
    memset(out, 0, sizeof *out);
    if (it->at >= it->end) {
        return false;
    }
    out->data = it->at;
    out->size = packet_size(it->at);
    it->at += out->size;
    if (out->data[0] & 0x20) {
        /* RFC 3550 wants whole words; transport-wide feedback is padded by 1 to 3 bytes in the field. */
        size_t padding = out->data[out->size - 1];
        if (padding == 0 || padding > out->size - 4) {
            return true; /* kind stays NONE */
        }
        out->size -= padding;
    }
    out->kind = parse_body(out, out->data[0] & 0x1f);
    if (out->kind == MCU_RTCP_NONE) {
        out->n = 0;
    }
    return true;
}

/* ---- items ---- */

static int32_t sign24(uint32_t v)
{
    return v & 0x800000 ? (int32_t)v - 0x1000000 : (int32_t)v;
}

bool mcu_rtcp_get_block(const mcu_rtcp_packet *p, unsigned i, mcu_rtcp_block *out)
{
    if ((p->kind != MCU_RTCP_SR && p->kind != MCU_RTCP_RR) || i >= p->n) {
        return false;
    }
    const uint8_t *b = p->items + (size_t)i * BLOCK_SIZE;
    *out = (mcu_rtcp_block){
        .ssrc = mcu_rd32(b),
        .fraction = b[4],
        .lost = sign24(mcu_rd24(b + 5)),
        .highest_seq = mcu_rd32(b + 8),
        .jitter = mcu_rd32(b + 12),
        .lsr = mcu_rd32(b + 16),
        .dlsr = mcu_rd32(b + 20),
    };
    return true;
}

bool mcu_rtcp_get_fir(const mcu_rtcp_packet *p, unsigned i, uint32_t *ssrc, uint8_t *seq)
{
    if (p->kind != MCU_RTCP_FIR || i >= p->n) {
        return false;
    }
    *ssrc = mcu_rd32(p->items + 8 * (size_t)i);
    *seq = p->items[8 * (size_t)i + 4];
    return true;
}

bool mcu_rtcp_get_ssrc(const mcu_rtcp_packet *p, unsigned i, uint32_t *ssrc)
{
    if ((p->kind != MCU_RTCP_BYE && p->kind != MCU_RTCP_REMB) || i >= p->n) {
        return false;
    }
    *ssrc = mcu_rd32(p->items + 4 * (size_t)i);
    return true;
}

/* Steps over the items of the chunk at `at` (behind its SSRC). False = cut off. RFC 3550 6.5. */
static bool walk_chunk(const mcu_rtcp_packet *p, size_t *at, const uint8_t **cname, size_t *size)
{
    *cname = NULL;
    while (*at < p->items_size && p->items[*at] != 0) {
        if (p->items_size - *at < 2 || p->items[*at + 1] > p->items_size - *at - 2) {
            return false;
        }
        if (p->items[*at] == 1 && !*cname) {
            *cname = p->items + *at + 2;
            *size = p->items[*at + 1];
        }
        *at += 2u + p->items[*at + 1];
    }
    if (*at >= p->items_size) {
        return false;
    }
    *at = (*at + 4) & ~(size_t)3; /* END and the padding to the next word; chunks start on words */
    return *at <= p->items_size;
}

bool mcu_rtcp_get_cname(const mcu_rtcp_packet *p, unsigned i, uint32_t *ssrc, char *out, size_t room)
{
    if (p->kind != MCU_RTCP_SDES || i >= p->n || room == 0) {
        return false;
    }
    size_t at = 0, size = 0;
    const uint8_t *cname = NULL;
    for (unsigned chunk = 0; chunk <= i; chunk++) {
        if (p->items_size - at < 4) {
            return false;
        }
        *ssrc = mcu_rd32(p->items + at);
        at += 4;
        if (!walk_chunk(p, &at, &cname, &size)) {
            return false;
        }
    }
    if (!cname) {
        return false;
    }
    size = size < room - 1 ? size : room - 1;
    memcpy(out, cname, size);
    out[size] = '\0';
    return true;
}

unsigned mcu_rtcp_get_nack(const mcu_rtcp_packet *p, uint16_t *out, unsigned max)
{
    unsigned n = 0;
    if (p->kind != MCU_RTCP_NACK) {
        return 0;
    }
    for (unsigned i = 0; i < p->n; i++) {
        uint16_t pid = mcu_rd16(p->items + 4 * (size_t)i);
        uint32_t mask = (uint32_t)mcu_rd16(p->items + 4 * (size_t)i + 2) << 1 | 1;
        for (unsigned bit = 0; bit <= 16; bit++) {
            if (!(mask >> bit & 1)) {
                continue;
            }
            if (n == max) {
                return n;
            }
            out[n++] = (uint16_t)(pid + bit);
        }
    }
    return n;
}

/* ---- time ---- */

uint64_t mcu_ntp_from_wall_ns(int64_t wall_ns)
{
    uint64_t seconds = (uint64_t)(wall_ns / 1000000000) + UINT64_C(2208988800);
    uint64_t fraction = ((uint64_t)(wall_ns % 1000000000) << 32) / 1000000000;
    return seconds << 32 | fraction;
}

int64_t mcu_rtcp_rtt_ns(const mcu_rtcp_block *b, uint32_t now_mid32)
{
    if (b->lsr == 0) {
        return -1;
    }
    int32_t units = (int32_t)(now_mid32 - b->lsr - b->dlsr);
    if (units < -65536 / 100 || units > 60 * 65536) {
        return -1; /* not our SR, or a remote that made dlsr up */
    }
    return units <= 0 ? 0 : (int64_t)units * 1000000000 / 65536;
}
