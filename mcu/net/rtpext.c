#include "mcu/net/rtpext.h"

#include <string.h>

#include "mcu/base/bytes.h"

#define ONE_BYTE 0xbede
#define TWO_BYTE 0x1000 /* low four bits are the application's: RFC 8285 4.3 */

static const char *const uris[MCU_RTPEXT_COUNT] = {
    [MCU_RTPEXT_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
    [MCU_RTPEXT_RID] = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    [MCU_RTPEXT_AUDIO_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    [MCU_RTPEXT_ABS_SEND_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    [MCU_RTPEXT_TWCC] = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    [MCU_RTPEXT_PLAYOUT_DELAY] = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
};

const char *mcu_rtpext_uri(mcu_rtpext e)
{
    return e < MCU_RTPEXT_COUNT ? uris[e] : NULL;
}

mcu_rtpext mcu_rtpext_from_uri(const char *uri)
{
    for (unsigned e = 1; e < MCU_RTPEXT_COUNT; e++) {
        if (strcmp(uri, uris[e]) == 0) {
            return (mcu_rtpext)e;
        }
    }
    return MCU_RTPEXT_NONE;
}

/* ---- reading ---- */

typedef struct {
    const uint8_t *at, *end;
    bool two_byte;
} walk;

static bool walk_begin(walk *w, const mcu_rtp *r)
{
    bool two = (r->ext_profile & 0xfff0) == TWO_BYTE;
    if (!r->ext || (!two && r->ext_profile != ONE_BYTE)) {
        return false;
    }
    *w = (walk){.at = r->ext, .end = r->ext + r->ext_size, .two_byte = two};
    return true;
}

static bool walk_next(walk *w, uint8_t *id, const uint8_t **data, size_t *size)
{
    while (w->at < w->end && *w->at == 0) {
        w->at++; /* padding */
    }
    if (w->at == w->end) {
        return false;
    }
    if (w->two_byte) {
        if (w->end - w->at < 2) {
            return false;
        }
        *id = w->at[0];
        *size = w->at[1];
        w->at += 2;
    } else {
        *id = w->at[0] >> 4;
        *size = (w->at[0] & 0x0fu) + 1u;
        w->at++;
        if (*id == 15) {
            return false; /* RFC 8285 4.2: stop here */
        }
    }
    if (*size > (size_t)(w->end - w->at)) {
        return false;
    }
    *data = w->at;
    w->at += *size;
    return true;
}

bool mcu_rtpext_find(const mcu_rtp *r, uint8_t id, const uint8_t **data, size_t *size)
{
    walk w;
    uint8_t found;
    if (id == 0 || !walk_begin(&w, r)) {
        return false;
    }
    while (walk_next(&w, &found, data, size)) {
        if (found == id) {
            return true;
        }
    }
    return false;
}

static bool read_text(char out[17], const uint8_t *data, size_t size)
{
    if (size == 0 || size > 16 || memchr(data, 0, size)) {
        return false;
    }
    memcpy(out, data, size);
    out[size] = '\0';
    return true;
}

static bool read_value(mcu_rtpext e, const uint8_t *data, size_t size, mcu_rtpext_values *out)
{
    switch (e) {
    case MCU_RTPEXT_MID:
        return read_text(out->mid, data, size);
    case MCU_RTPEXT_RID:
        return read_text(out->rid, data, size);
    case MCU_RTPEXT_AUDIO_LEVEL:
        if (size != 1) {
            return false;
        }
        out->voice = data[0] >> 7;
        out->level_dbov = data[0] & 0x7f;
        return true;
    case MCU_RTPEXT_ABS_SEND_TIME:
        if (size != 3) {
            return false;
        }
        out->abs_send_time = mcu_rd24(data);
        return true;
    case MCU_RTPEXT_TWCC:
        if (size != 2) {
            return false;
        }
        out->twcc = mcu_rd16(data);
        return true;
    case MCU_RTPEXT_PLAYOUT_DELAY:
        if (size != 3) {
            return false;
        }
        out->playout_min_ms = (uint16_t)((mcu_rd24(data) >> 12) * 10);
        out->playout_max_ms = (uint16_t)((mcu_rd24(data) & 0xfff) * 10);
        return true;
    case MCU_RTPEXT_NONE:
    case MCU_RTPEXT_COUNT:
        break;
    }
    return false;
}

void mcu_rtpext_read(const mcu_rtp *r, const mcu_rtpext_map *map, mcu_rtpext_values *out)
{
    walk w;
    uint8_t id;
    const uint8_t *data;
    size_t size;
    memset(out, 0, sizeof *out);
    if (!walk_begin(&w, r)) {
        return;
    }
    while (walk_next(&w, &id, &data, &size)) {
        for (unsigned e = 1; e < MCU_RTPEXT_COUNT; e++) {
            if (id != 0 && map->id[e] == id && !out->has[e]) {
                out->has[e] = read_value((mcu_rtpext)e, data, size, out);
            }
        }
    }
}

/* ---- writing ---- */

uint32_t mcu_abs_send_time(int64_t now_ns)
{
    uint64_t ns = (uint64_t)now_ns % (UINT64_C(64) * 1000000000);
    return (uint32_t)((ns << 18) / 1000000000) & 0xffffff;
}

static uint32_t playout_delay(unsigned min_ms, unsigned max_ms)
{
    return (min_ms / 10 & 0xfff) << 12 | (max_ms / 10 & 0xfff);
}

static size_t value_bytes(mcu_rtpext e, const mcu_rtpext_values *v, uint8_t out[16])
{
    switch (e) {
    case MCU_RTPEXT_MID:
    case MCU_RTPEXT_RID: {
        const char *text = e == MCU_RTPEXT_MID ? v->mid : v->rid;
        size_t size = strnlen(text, 16);
        memcpy(out, text, size);
        return size;
    }
    case MCU_RTPEXT_AUDIO_LEVEL:
        out[0] = (uint8_t)((v->voice ? 0x80 : 0) | (v->level_dbov & 0x7f));
        return 1;
    case MCU_RTPEXT_ABS_SEND_TIME:
        mcu_wr24(out, v->abs_send_time & 0xffffff);
        return 3;
    case MCU_RTPEXT_TWCC:
        mcu_wr16(out, v->twcc);
        return 2;
    case MCU_RTPEXT_PLAYOUT_DELAY: {
        mcu_wr24(out, playout_delay(v->playout_min_ms, v->playout_max_ms));
        return 3;
    }
    case MCU_RTPEXT_NONE:
    case MCU_RTPEXT_COUNT:
        break;
    }
    return 0;
}

static bool wanted(const mcu_rtpext_map *map, const mcu_rtpext_values *v, unsigned e)
{
    return v->has[e] && map->id[e] != 0 && map->id[e] != 15;
}

void mcu_rtpext_block_init(mcu_rtpext_block *b, const mcu_rtpext_map *map, const mcu_rtpext_values *values)
{
    uint8_t value[16];
    bool two = false;
    memset(b, 0, sizeof *b);
    for (unsigned e = 1; e < MCU_RTPEXT_COUNT; e++) {
        if (wanted(map, values, e)) {
            two = two || map->id[e] > 14 || value_bytes((mcu_rtpext)e, values, value) == 0;
        }
    }
    b->profile = two ? TWO_BYTE : ONE_BYTE;
    size_t at = 0;
    for (unsigned e = 1; e < MCU_RTPEXT_COUNT; e++) {
        if (!wanted(map, values, e)) {
            continue;
        }
        size_t size = value_bytes((mcu_rtpext)e, values, value);
        if (two) {
            b->bytes[at++] = map->id[e];
            b->bytes[at++] = (uint8_t)size;
        } else {
            b->bytes[at++] = (uint8_t)(map->id[e] << 4 | (size - 1));
        }
        b->at[e] = (uint16_t)at;
        memcpy(b->bytes + at, value, size);
        at += size;
    }
    b->size = (at + 3) & ~(size_t)3;
}

/* In two-byte form: two texts of 16, and 1, 3, 2 and 3 bytes, each behind two. */
_Static_assert(MCU_RTPEXT_BLOCK_MAX >= 56, "every extension fits");

void mcu_rtpext_block_apply(const mcu_rtpext_block *b, mcu_rtp *r)
{
    r->ext_profile = b->profile;
    r->ext = b->size > 0 ? b->bytes : NULL;
    r->ext_size = b->size;
}

static uint8_t *field(const mcu_rtpext_block *b, mcu_rtpext e, uint8_t *packet)
{
    return b->at[e] == 0 ? NULL : packet + MCU_RTP_HEADER + 4 + b->at[e];
}

bool mcu_rtpext_patch_twcc(const mcu_rtpext_block *b, uint8_t *packet, uint16_t seq)
{
    uint8_t *at = field(b, MCU_RTPEXT_TWCC, packet);
    if (!at) {
        return false;
    }
    mcu_wr16(at, seq);
    return true;
}

bool mcu_rtpext_patch_abs_send_time(const mcu_rtpext_block *b, uint8_t *packet, int64_t now_ns)
{
    uint8_t *at = field(b, MCU_RTPEXT_ABS_SEND_TIME, packet);
    if (!at) {
        return false;
    }
    mcu_wr24(at, mcu_abs_send_time(now_ns));
    return true;
}

bool mcu_rtpext_patch_audio_level(const mcu_rtpext_block *b, uint8_t *packet, bool voice, uint8_t level_dbov)
{
    uint8_t *at = field(b, MCU_RTPEXT_AUDIO_LEVEL, packet);
    if (!at) {
        return false;
    }
    *at = (uint8_t)((voice ? 0x80 : 0) | (level_dbov & 0x7f));
    return true;
}

bool mcu_rtpext_patch_playout_delay(const mcu_rtpext_block *b, uint8_t *packet, unsigned min_ms, unsigned max_ms)
{
    uint8_t *at = field(b, MCU_RTPEXT_PLAYOUT_DELAY, packet);
    if (!at) {
        return false;
    }
    mcu_wr24(at, playout_delay(min_ms, max_ms));
    return true;
}
