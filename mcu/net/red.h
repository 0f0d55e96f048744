/* red.h - redundant audio: earlier packets travel again inside later ones.  Thread: its owner's; pure. Source: RFC 2198.
 * A copy may reach back 16383 ticks of the RTP clock and hold 1023 bytes; what does not fit in either is left out, and so is what
 * was never said (DTX). */
#ifndef MCU_NET_RED_H
#define MCU_NET_RED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/status.h"

#define MCU_RED_COPIES 3 /* at most, of ours */
#define MCU_RED_STRIDE 4 /* packets between copies at most */
#define MCU_RED_BLOCKS 8 /* of theirs; what comes before the newest of these is not looked at */
#define MCU_RED_BLOCK 1023
#define MCU_RED_PAYLOAD 1150 /* primary and copies; the copies from the furthest back go first when there is no room */

/* ---- sending ---- */

enum { MCU_RED_KEPT = MCU_RED_COPIES * MCU_RED_STRIDE };

typedef struct {
    unsigned copies, stride; /* 0 = plain packets */
    unsigned next;
    struct {
        bool there;
        uint32_t ts;
        uint16_t size;
        uint8_t data[MCU_RED_BLOCK];
    } kept[MCU_RED_KEPT]; /* ring of the newest payloads */
} mcu_red_sender;

/* From the next packet on: copies of the packets n - stride, n - 2 stride ...; bounded by the two maxima. */
void mcu_red_set(mcu_red_sender *s, unsigned copies, unsigned stride);
/* The payload `data` and its copies of earlier ones, with `pt` inside. Returns its size; 0 = nothing to repeat: send it plain.
 * Keeps `data` for later either way. `out` has MCU_RED_PAYLOAD bytes. */
size_t mcu_red_pack(mcu_red_sender *s, uint8_t pt, uint32_t ts, const uint8_t *data, size_t size, uint8_t *out);

/* ---- receiving ---- */

typedef struct {
    uint8_t pt;
    uint16_t back; /* ticks before the packet's own timestamp; 0 = the primary */
    const uint8_t *data;
    size_t size;
} mcu_red_block;

/* Oldest first, the primary last; *n is at least 1. MCU_EINVAL: cut off, or lengths that go beyond the payload. */
mcu_status mcu_red_parse(const uint8_t *payload, size_t size, mcu_red_block blocks[MCU_RED_BLOCKS], unsigned *n);

#endif
