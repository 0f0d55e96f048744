#include "mcu/net/rtp.h"

#include <string.h>

#include "mcu/base/bytes.h"

#define VERSION_BITS 0x80
#define PADDING_BIT 0x20
#define EXTENSION_BIT 0x10

mcu_status mcu_rtp_parse(const uint8_t *data, size_t size, mcu_rtp *out)
{
    memset(out, 0, sizeof *out);
    if (size < MCU_RTP_HEADER || size > MCU_RTP_MAX || (data[0] & 0xc0) != VERSION_BITS) {
        return MCU_EINVAL;
    }
    out->marker = data[1] >> 7;
    out->pt = data[1] & 0x7f;
    out->seq = mcu_rd16(data + 2);
    out->ts = mcu_rd32(data + 4);
    out->ssrc = mcu_rd32(data + 8);
    out->n_csrc = data[0] & 0x0f;
    size_t at = MCU_RTP_HEADER + 4u * out->n_csrc;
    if (data[0] & EXTENSION_BIT) {
        if (at + 4 > size) {
            return MCU_EINVAL;
        }
        out->ext_profile = mcu_rd16(data + at);
        out->ext_size = 4u * mcu_rd16(data + at + 2);
        out->ext = data + at + 4;
        at += 4 + out->ext_size;
    }
    if (at > size) {
        return MCU_EINVAL;
    }
    if (data[0] & PADDING_BIT) {
        out->padding = data[size - 1];
        if (out->padding == 0 || out->padding > size - at) {
            return MCU_EINVAL;
        }
    }
    out->payload = data + at;
    out->payload_size = size - at - out->padding;
    return MCU_OK;
}

size_t mcu_rtp_write(uint8_t *out, size_t room, const mcu_rtp *r)
{
    size_t ext = r->ext ? 4 + r->ext_size : 0;
    if (r->ext && (r->ext_size % 4 != 0 || r->ext_size > MCU_RTP_MAX)) {
        return 0;
    }
    if (r->payload_size > MCU_RTP_MAX || MCU_RTP_HEADER + ext + r->payload_size > room) {
        return 0;
    }
    out[0] = VERSION_BITS | (r->ext ? EXTENSION_BIT : 0);
    out[1] = (uint8_t)((r->marker ? 0x80 : 0) | (r->pt & 0x7f));
    mcu_wr16(out + 2, r->seq);
    mcu_wr32(out + 4, r->ts);
    mcu_wr32(out + 8, r->ssrc);
    uint8_t *at = out + MCU_RTP_HEADER;
    if (r->ext) {
        mcu_wr16(at, r->ext_profile);
        mcu_wr16(at + 2, (uint16_t)(r->ext_size / 4));
        memcpy(at + 4, r->ext, r->ext_size);
        at += ext;
    }
    if (r->payload_size > 0) {
        memcpy(at, r->payload, r->payload_size);
    }
    return MCU_RTP_HEADER + ext + r->payload_size;
}

void mcu_rtp_set_seq(uint8_t *packet, uint16_t seq)
{
    mcu_wr16(packet + 2, seq);
}

uint16_t mcu_rtp_get_seq(const uint8_t *packet)
{
    return mcu_rd16(packet + 2);
}

static int64_t unwrap(mcu_unwrap *u, int64_t value, int64_t delta, int64_t turn)
{
    if (!u->started) {
        u->started = true;
        u->newest = value + turn;
        return u->newest;
    }
    int64_t result = u->newest + delta;
    if (delta > 0) {
        u->newest = result;
    }
    return result;
}

int64_t mcu_unwrap16(mcu_unwrap *u, uint16_t value)
{
    return unwrap(u, value, mcu_seq_diff(value, (uint16_t)u->newest), 1 << 16);
}

int64_t mcu_unwrap32(mcu_unwrap *u, uint32_t value)
{
    return unwrap(u, value, mcu_ts_diff(value, (uint32_t)u->newest), INT64_C(1) << 32);
}
