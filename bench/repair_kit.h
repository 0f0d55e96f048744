/* repair_kit.h - one receiver of VP8 behind a modelled line in stepped time: the room's own sender, what it repairs with, and a
 * far end that shows what it can.  Thread: one, the caller's; the same seed gives the same figures. */
#ifndef BENCH_REPAIR_KIT_H
#define BENCH_REPAIR_KIT_H

#include "bench/video_kit.h"
#include "mcu/net/rtp.h"

#define REPAIR_FILM 1000 /* pictures, at most */
#define REPAIR_IDS 8192  /* of packets of pictures that are remembered */
#define REPAIR_BLOCK 48  /* packets that one of ULPFEC can speak of: RFC 5109 7.4 */
#define REPAIR_FIRST_ID 1024

/* What a tier's encoder gives; the first is a keyframe, and the only one. */
typedef struct {
    mix_tier_spec tier;
    unsigned n;
    unsigned bytes[REPAIR_FILM];
} repair_film;

bool repair_film_make(const bench_task *t, repair_film *out, GError **error);

typedef enum {
    REPAIR_NONE = 0,
    REPAIR_RTX,    /* what is asked for, once */
    REPAIR_COPIES, /* as the product does */
    REPAIR_ULPFEC, /* XOR within each picture, as much as libwebrtc would send, and what is asked for */
    REPAIR_EQUAL,  /* the same as often as the product sends copies, in the place of one of each */
    REPAIR_WINDOW, /* as often, also over the packets of the picture before */
    REPAIR_HOWS,
} repair_how;

typedef struct {
    double loss, burst;
    unsigned rtt_ms;
} repair_link;

typedef struct {
    double frozen;   /* share of the time in gaps above 200 ms */
    double overhead; /* what repair weighs on the wire beside the pictures */
    double delay_p95_ms;
    double kept; /* share of the time in which the product's own estimate is enough for this tier */
    unsigned budget_bps;
    unsigned copies; /* of each packet, as the product has it at the end */
    unsigned keyframes;
} repair_result;

repair_result repair_run(const repair_film *film, const repair_link *link, repair_how how, unsigned seconds);

/* ---- which packets go into a packet of FEC (repair_code.c) ---- */

typedef struct {
    uint32_t base;
    uint64_t mask; /* bit i: base + i */
} repair_xor;

/* How many libwebrtc sends for `k` packets of a picture. */
unsigned repair_ulpfec_count(const mix_tier_spec *tier, const repair_link *link, bool keyframe, unsigned k);
/* The m of the packets first..first + k - 1, 0 < m <= k <= REPAIR_BLOCK. */
void repair_xor_within(uint32_t first, unsigned k, unsigned m, repair_xor *out);
/* One for each of them, which speaks of some before it as well. */
void repair_xor_window(uint32_t first, unsigned k, repair_xor *out);

/* ---- the packets of the bench ---- */

enum { REPAIR_KEY = 1, REPAIR_FIRST = 2, REPAIR_LAST = 4, REPAIR_FEC = 8 };

typedef struct {
    uint8_t flags;
    union {
        struct {
            uint32_t id; /* counts packets of pictures */
            int64_t captured_ns;
        };
        repair_xor fec;
    };
} repair_packet;

/* ---- the far end (repair_far.c) ---- */

typedef struct repair_far repair_far;
typedef struct {
    uint32_t video_ssrc, rtx_ssrc;
    int delay_ms;
    const uint16_t *seq_of;    /* by id modulo REPAIR_IDS: numbers of the packets of pictures that left, */
    const repair_packet *sent; /* and what is in them: what FEC restores */
} repair_far_setup;

repair_far *repair_far_new(const repair_far_setup *setup);
void repair_far_free(repair_far *f);
void repair_far_take(repair_far *f, const uint8_t *data, size_t size, int64_t now_ns);
/* Bytes of RTCP that it has to say; 0 = nothing. Call until 0. */
size_t repair_far_say(repair_far *f, int64_t rtt_ns, int64_t now_ns, uint8_t *out, size_t room);
void repair_far_begin(repair_far *f, int64_t now_ns); /* figures count from now on */
void repair_far_end(repair_far *f, int64_t now_ns, repair_result *out);

#define REPAIR_TWCC_ID 5 /* of header extensions */
#define REPAIR_PLAYOUT_ID 6

#endif
