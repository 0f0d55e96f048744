#include "mcu/net/red.h"

#include <string.h>

#define BACK_MAX 16383u /* 14 bits */

enum { COPY_HEADER = 4, PRIMARY_HEADER = 1 };

/* ---- sending ---- */

void mcu_red_set(mcu_red_sender *s, unsigned copies, unsigned stride)
{
    s->copies = copies < MCU_RED_COPIES ? copies : MCU_RED_COPIES;
    s->stride = stride < 1 ? 1 : stride < MCU_RED_STRIDE ? stride : MCU_RED_STRIDE;
}

/* The payload `back` packets ago when it may go into a packet of `ts`; -1 = not. */
static int find_copy(const mcu_red_sender *s, unsigned back, uint32_t ts)
{
    const unsigned at = (s->next + MCU_RED_KEPT - back) % MCU_RED_KEPT;
    return s->kept[at].there && s->kept[at].size > 2 && ts - s->kept[at].ts - 1 < BACK_MAX ? (int)at : -1; /* <= 2 bytes: DTX */
}

static void keep(mcu_red_sender *s, uint32_t ts, const uint8_t *data, size_t size)
{
    const bool fits = size <= MCU_RED_BLOCK;
    s->kept[s->next].there = fits;
    s->kept[s->next].ts = ts;
    s->kept[s->next].size = (uint16_t)(fits ? size : 0);
    memcpy(s->kept[s->next].data, data, fits ? size : 0);
    s->next = (s->next + 1) % MCU_RED_KEPT;
}

static uint8_t *put_header(uint8_t *p, uint8_t pt, uint32_t back, unsigned size)
{
    *p++ = (uint8_t)(0x80 | pt);
    *p++ = (uint8_t)(back >> 6);
    *p++ = (uint8_t)((back & 0x3f) << 2 | size >> 8);
    *p++ = (uint8_t)size;
    return p;
}

size_t mcu_red_pack(mcu_red_sender *s, uint8_t pt, uint32_t ts, const uint8_t *data, size_t size, uint8_t *out)
{
    int chosen[MCU_RED_COPIES];
    unsigned n = 0;
    size_t total = PRIMARY_HEADER + size;
    for (unsigned k = 1; k <= s->copies; k++) { /* the newest first: they are worth most */
        const int at = find_copy(s, k * s->stride, ts);
        if (at >= 0 && total + COPY_HEADER + s->kept[at].size <= MCU_RED_PAYLOAD) {
            total += COPY_HEADER + s->kept[at].size;
            chosen[n++] = at;
        }
    }
    if (n > 0) {
        uint8_t *p = out;
        for (unsigned i = n; i-- > 0;) {
            p = put_header(p, pt, ts - s->kept[chosen[i]].ts, s->kept[chosen[i]].size);
        }
        *p++ = pt;
        for (unsigned i = n; i-- > 0; p += s->kept[chosen[i]].size) {
            memcpy(p, s->kept[chosen[i]].data, s->kept[chosen[i]].size);
        }
        memcpy(p, data, size);
    }
    keep(s, ts, data, size);
    return n > 0 ? total : 0;
}

/* ---- receiving ---- */

mcu_status mcu_red_parse(const uint8_t *payload, size_t size, mcu_red_block blocks[MCU_RED_BLOCKS], unsigned *n)
{
    unsigned headers = 0;
    size_t at = 0, copied = 0;
    for (; at < size && (payload[at] & 0x80) != 0; at += COPY_HEADER, headers++) {
        if (size - at < COPY_HEADER + PRIMARY_HEADER) {
            return MCU_EINVAL;
        }
        copied += (size_t)(payload[at + 2] & 3) << 8 | payload[at + 3];
    }
    if (at >= size || size - at - PRIMARY_HEADER < copied) {
        return MCU_EINVAL;
    }
    const unsigned skip = headers + 1 > MCU_RED_BLOCKS ? headers + 1 - MCU_RED_BLOCKS : 0;
    const uint8_t *data = payload + at + PRIMARY_HEADER;
    *n = 0;
    for (unsigned i = 0; i < headers; i++) {
        const uint8_t *h = payload + (size_t)i * COPY_HEADER;
        const size_t length = (size_t)(h[2] & 3) << 8 | h[3];
        if (i >= skip) {
            blocks[(*n)++] = (mcu_red_block){h[0] & 0x7f, (uint16_t)(h[1] << 6 | h[2] >> 2), data, length};
        }
        data += length;
    }
    blocks[(*n)++] = (mcu_red_block){payload[at] & 0x7f, 0, data, (size_t)(payload + size - data)};
    return MCU_OK;
}
