/* rtpext.h - RTP header extensions, one- and two-byte form: read by negotiated id, write a block whose fields are patched in
 * place. Thread: any (pure).  Source: RFC 8285, RFC 6464, RFC 9143, RFC 8852, abs-send-time, transport-wide-cc-01, playout-delay.
 */
#ifndef MCU_NET_RTPEXT_H
#define MCU_NET_RTPEXT_H

#include "mcu/net/rtp.h"

typedef enum {
    MCU_RTPEXT_NONE = 0,
    MCU_RTPEXT_MID,
    MCU_RTPEXT_RID,
    MCU_RTPEXT_AUDIO_LEVEL,
    MCU_RTPEXT_ABS_SEND_TIME,
    MCU_RTPEXT_TWCC,
    MCU_RTPEXT_PLAYOUT_DELAY,
    MCU_RTPEXT_COUNT,
} mcu_rtpext;

const char *mcu_rtpext_uri(mcu_rtpext e);        /* NULL for NONE and COUNT */
mcu_rtpext mcu_rtpext_from_uri(const char *uri); /* NONE = one we do not speak */

/* id[e] = id negotiated for e, 1..255; 0 = not negotiated (15 is never used: RFC 8285 4.2). */
typedef struct {
    uint8_t id[MCU_RTPEXT_COUNT];
} mcu_rtpext_map;

typedef struct {
    bool has[MCU_RTPEXT_COUNT]; /* which of the values below are there */
    char mid[17], rid[17];      /* longer ones are not taken */
    bool voice;
    uint8_t level_dbov;     /* 0 = loudest .. 127 = silence: minus dBov */
    uint32_t abs_send_time; /* 24 bit, 6.18 fixed point seconds */
    uint16_t twcc;
    uint16_t playout_min_ms, playout_max_ms; /* steps of 10 ms, up to 40950 */
} mcu_rtpext_values;

/* Looks for one element. False = not there or the block is malformed before it. */
bool mcu_rtpext_find(const mcu_rtp *r, uint8_t id, const uint8_t **data, size_t *size);
/* Reads everything in `map`; elements with a wrong length are treated as missing. Never fails. */
void mcu_rtpext_read(const mcu_rtp *r, const mcu_rtpext_map *map, mcu_rtpext_values *out);

/* A laid-out block for packets of one stream: set r.ext_profile/ext/ext_size from it before mcu_rtp_write(). */
#define MCU_RTPEXT_BLOCK_MAX 80
typedef struct {
    uint16_t profile;
    uint16_t at[MCU_RTPEXT_COUNT]; /* offset of the value inside bytes[]; 0 = not in the block */
    size_t size;                   /* multiple of 4; 0 = no extension at all */
    uint8_t bytes[MCU_RTPEXT_BLOCK_MAX];
} mcu_rtpext_block;

/* Puts in each extension that is both in `map` and marked in values->has, two-byte form only if an id > 14 or an empty value
 * needs it. */
void mcu_rtpext_block_init(mcu_rtpext_block *b, const mcu_rtpext_map *map, const mcu_rtpext_values *values);
void mcu_rtpext_block_apply(const mcu_rtpext_block *b, mcu_rtp *r); /* `r` borrows the block's bytes */

/* Patch a packet that was written with `b` (no CSRC). False = that field is not in the block; the packet is unchanged. */
bool mcu_rtpext_patch_twcc(const mcu_rtpext_block *b, uint8_t *packet, uint16_t seq);
bool mcu_rtpext_patch_abs_send_time(const mcu_rtpext_block *b, uint8_t *packet, int64_t now_ns);
bool mcu_rtpext_patch_audio_level(const mcu_rtpext_block *b, uint8_t *packet, bool voice, uint8_t level_dbov);

/* Steps of 10 ms, up to 40950. */
bool mcu_rtpext_patch_playout_delay(const mcu_rtpext_block *b, uint8_t *packet, unsigned min_ms, unsigned max_ms);

uint32_t mcu_abs_send_time(int64_t now_ns); /* any steady clock */

#endif
