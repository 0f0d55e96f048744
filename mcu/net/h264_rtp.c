#include "mcu/net/h264_rtp.h"

#include <string.h>

#include "mcu/base/bytes.h"
#include "mcu/base/h264_params.h"

enum { STAP_A = 24, STAP_B = 25, MTAP16 = 26, MTAP24 = 27, FU_A = 28, FU_B = 29 };

#define FU_START 0x80
#define FU_END 0x40
#define F_NRI_BITS 0xe0

/* ---- pack ---- */

typedef struct {
    const uint8_t *data;
    size_t size;
} unit;

typedef struct {
    size_t max;
    mcu_payload_fn fn;
    void *user;
    unit held[8]; /* parameter sets and SEI that may share a STAP-A */
    unsigned n_held;
    size_t held_size; /* as a STAP-A payload */
} packer;

static bool next_unit(mcu_nal_iter *it, unit *u)
{
    while (mcu_nal_next(it, &u->data, &u->size)) {
        int type = mcu_nal_type(u->data);
        /* Delimiters, ends and filler mean nothing between RTP pictures; 0 and 24..31 are not NAL types. */
        if (type >= 1 && type < STAP_A && (type < MCU_NAL_AUD || type > 12)) {
            return true;
        }
    }
    return false;
}

static void give(const packer *k, unit u, bool last)
{
    k->fn(k->user, &(mcu_payload){u.data, u.data, 0, (uint16_t)u.size}, last);
}

static void pack_fragments(const packer *k, unit u, bool last)
{
    uint8_t head[2] = {(uint8_t)((u.data[0] & F_NRI_BITS) | FU_A), (uint8_t)(FU_START | mcu_nal_type(u.data))};
    const uint8_t *at = u.data + 1;
    size_t left = u.size - 1, each = k->max - 2;
    size_t packets = (left + each - 1) / each;
    for (; packets > 0; packets--) {
        size_t take = (left + packets - 1) / packets;
        if (packets == 1) {
            head[1] |= FU_END;
        }
        k->fn(k->user, &(mcu_payload){head, at, sizeof head, (uint16_t)take}, last && packets == 1);
        head[1] &= (uint8_t)~FU_START;
        at += take;
        left -= take;
    }
}

static void pack_one(const packer *k, unit u, bool last)
{
    if (u.size <= k->max) {
        give(k, u, last);
    } else {
        pack_fragments(k, u, last);
    }
}

static void flush(packer *k, bool last)
{
    if (k->n_held == 1) {
        pack_one(k, k->held[0], last);
    } else if (k->n_held > 1) {
        uint8_t out[MCU_RTP_MAX];
        size_t at = 1;
        uint8_t nri = 0;
        for (unsigned i = 0; i < k->n_held; i++) {
            const unit *u = &k->held[i];
            nri = (u->data[0] & 0x60) > nri ? u->data[0] & 0x60 : nri;
            mcu_wr16(out + at, (uint16_t)u->size);
            memcpy(out + at + 2, u->data, u->size);
            at += 2 + u->size;
        }
        out[0] = (uint8_t)(nri | STAP_A);
        k->fn(k->user, &(mcu_payload){out, k->held[0].data, (uint16_t)at, 0}, last);
    }
    k->n_held = 0;
    k->held_size = 1;
}

static void pack_unit(packer *k, unit u, bool last)
{
    int type = mcu_nal_type(u.data);
    if (type < MCU_NAL_SEI || type > MCU_NAL_PPS) {
        flush(k, false);
        pack_one(k, u, last);
        return;
    }
    if (k->n_held == sizeof k->held / sizeof k->held[0] || k->held_size + 2 + u.size > k->max) {
        flush(k, false);
    }
    k->held[k->n_held++] = u;
    k->held_size += 2 + u.size;
    if (last) {
        flush(k, true);
    }
}

mcu_status mcu_h264_pack(const uint8_t *au, size_t size, size_t max, mcu_payload_fn fn, void *user)
{
    packer k = {.max = max, .fn = fn, .user = user, .held_size = 1};
    mcu_nal_iter it;
    unit now, next;
    mcu_nal_begin(&it, au, size);
    if (max < 64 || max > MCU_RTP_MAX || !next_unit(&it, &now)) {
        return MCU_EINVAL;
    }
    while (next_unit(&it, &next)) {
        pack_unit(&k, now, false);
        now = next;
    }
    pack_unit(&k, now, true);
    return MCU_OK;
}

mcu_status mcu_h264_pack_units(const uint8_t *au, size_t size, size_t max, mcu_payload_fn fn, void *user)
{
    const packer k = {.max = max, .fn = fn, .user = user};
    mcu_nal_iter it;
    unit now, next;
    unsigned n = 0;
    mcu_nal_begin(&it, au, size);
    for (; next_unit(&it, &now); n++) {
        if (now.size > max) {
            return MCU_EINVAL;
        }
    }
    mcu_nal_begin(&it, au, size);
    if (n == 0 || !next_unit(&it, &now)) {
        return MCU_EINVAL;
    }
    for (; next_unit(&it, &next); now = next) {
        give(&k, now, false);
    }
    give(&k, now, true);
    return MCU_OK;
}

/* ---- depack ---- */

static mcu_status append(mcu_h264_depack *d, const uint8_t *bytes, size_t size)
{
    if (d->out) {
        if (size > d->room - d->size) {
            return MCU_EFULL;
        }
        memcpy(d->out + d->size, bytes, size);
    }
    d->size += size;
    return MCU_OK;
}

static mcu_status append_unit(mcu_h264_depack *d, const uint8_t *nal, size_t size)
{
    static const uint8_t start[4] = {0, 0, 0, 1};
    mcu_status s = append(d, start, sizeof start);
    return s == MCU_OK ? append(d, nal, size) : s;
}

static bool is_nal(uint8_t header)
{
    int type = header & 0x1f;
    return !(header & 0x80) && type >= 1 && type < STAP_A;
}

static mcu_status push_stap(mcu_h264_depack *d, const uint8_t *p, size_t size)
{
    if (size == 0) {
        return MCU_EINVAL;
    }
    while (size > 0) {
        size_t length = size >= 2 ? mcu_rd16(p) : 0;
        if (length == 0 || length > size - 2 || !is_nal(p[2])) {
            return MCU_EINVAL;
        }
        mcu_status s = append_unit(d, p + 2, length);
        if (s != MCU_OK) {
            return s;
        }
        p += 2 + length;
        size -= 2 + length;
    }
    return MCU_OK;
}

static mcu_status push_fragment(mcu_h264_depack *d, const uint8_t *p, size_t size)
{
    if (size < 3) {
        return MCU_EINVAL;
    }
    uint8_t header = (uint8_t)((p[0] & F_NRI_BITS) | (p[1] & 0x1f));
    if (!is_nal(header)) {
        return MCU_EINVAL;
    }
    bool starts = p[1] & FU_START;
    mcu_status s = MCU_OK;
    if (starts == d->in_fu || (d->in_fu && d->fu_type != (header & 0x1f))) {
        return MCU_EINVAL;
    }
    if (starts) {
        s = append_unit(d, &header, 1);
        d->fu_type = header & 0x1f;
    }
    d->in_fu = !(p[1] & FU_END);
    return s == MCU_OK ? append(d, p + 2, size - 2) : s;
}

mcu_status mcu_h264_depack_push(mcu_h264_depack *d, const uint8_t *payload, size_t size)
{
    if (size == 0 || payload[0] & 0x80) {
        return MCU_EINVAL;
    }
    int type = mcu_nal_type(payload);
    if (type == FU_A) {
        return push_fragment(d, payload, size);
    }
    if (d->in_fu) {
        return MCU_EINVAL;
    }
    switch (type) {
    case STAP_A:
        return push_stap(d, payload + 1, size - 1);
    case STAP_B:
    case MTAP16:
    case MTAP24:
    case FU_B:
        return MCU_ENOSUP;
    default:
        return is_nal(payload[0]) ? append_unit(d, payload, size) : MCU_EINVAL;
    }
}

bool mcu_h264_depack_done(const mcu_h264_depack *d)
{
    return !d->in_fu && d->size > 0;
}

unsigned mcu_h264_payload_flags(const uint8_t *payload, size_t size)
{
    static const unsigned flag_of[32] = {
        [MCU_NAL_SLICE] = MCU_H264_HAS_SLICE, [MCU_NAL_IDR] = MCU_H264_HAS_SLICE | MCU_H264_HAS_IDR,
        [MCU_NAL_SPS] = MCU_H264_HAS_SPS,     [MCU_NAL_PPS] = MCU_H264_HAS_PPS,
        [MCU_NAL_AUD] = MCU_H264_HAS_AUD,
    };
    if (size == 0) {
        return 0;
    }
    int type = mcu_nal_type(payload);
    if (type == FU_A) {
        return size >= 2 ? flag_of[payload[1] & 0x1f] : 0;
    }
    if (type != STAP_A) {
        return flag_of[type];
    }
    unsigned flags = 0;
    size_t at = 1;
    while (size - at >= 3) {
        size_t length = mcu_rd16(payload + at);
        if (length == 0 || length > size - at - 2) {
            break;
        }
        flags |= flag_of[payload[at + 2] & 0x1f];
        at += 2 + length;
    }
    return flags;
}
