#include "mcu/room/audio_choice.h"

#include "mcu/base/media.h"

#define LESS_AFTER (10 * MCU_NS_PER_SEC)
#define COPIES_MAX 3
#define COPY_BYTES 4    /* its header */
#define HEADER_BYTES 58 /* IPv4 20, UDP 8, RTP 12, extension 8, SRTP tag 10 */
#define BURST 1.5       /* longer runs than these, ... */
#define BEYOND 1.25     /* ... and than those of chance by this much */
#define BURST_COPIES 2  /* at least, where losses come in bursts */
#define BURST_LOSS 0.02
#define HOLD_MAX_MS 240

/* A line of so much has it; a richer one than the present one only with more. */
static const struct {
    unsigned bps, frame_ms; /* 0 = the link's full rate */
    unsigned from_bps, again_bps;
} PROFILES[MIX_PROFILES] = {[MIX_PROFILE_FULL] = {0, 20, 260000, 320000},
                            [MIX_PROFILE_LESS] = {20000, 20, 130000, 180000},
                            [MIX_PROFILE_LONG] = {12000, 60, 45000, 55000},
                            [MIX_PROFILE_LEAST] = {10000, 60, 0, 0}};

static unsigned wanted(double loss)
{
    return loss < 0.02 ? 0 : loss < 0.10 ? 1 : loss < 0.20 ? 2 : COPIES_MAX;
}

/* How many copies fit. */
static unsigned room_for(const mcu_audio_link *link, mix_audio_profile p)
{
    const unsigned bps = PROFILES[p].bps != 0 ? PROFILES[p].bps : link->full_bps;
    const unsigned copy_bps = bps + COPY_BYTES * 8 * 1000 / PROFILES[p].frame_ms;
    return link->standing || bps == 0 ? 0 : link->spare_bps / copy_bps;
}

static bool carries(const mcu_audio_choice *c, const mcu_audio_link *link, mix_audio_profile p)
{
    return link->line_bps == 0 || link->line_bps >= (p < c->profile ? PROFILES[p].again_bps : PROFILES[p].from_bps);
}

/* The richest one that the line carries; not the fullest if copies that are needed fit only beside the next. */
static mix_audio_profile fitting(const mcu_audio_choice *c, const mcu_audio_link *link)
{
    mix_audio_profile p = MIX_PROFILE_FULL;
    while (!carries(c, link, p)) {
        p++;
    }
    const unsigned room = room_for(link, MIX_PROFILE_FULL);
    bool crowded = p == MIX_PROFILE_FULL && room < c->copies && room_for(link, MIX_PROFILE_LESS) > room;
    return crowded ? MIX_PROFILE_LESS : p;
}

static void choose_profile(mcu_audio_choice *c, const mcu_audio_link *link, int64_t now_ns)
{
    const mix_audio_profile p = fitting(c, link);
    if (p >= c->profile) {
        c->profile = p;
        c->richer_since_ns = 0;
    } else if (c->richer_since_ns == 0) {
        c->richer_since_ns = now_ns;
    } else if (now_ns - c->richer_since_ns >= LESS_AFTER) {
        c->profile = p;
        c->richer_since_ns = 0;
    }
}

static void choose_copies(mcu_audio_choice *c, unsigned copies, int64_t now_ns)
{
    if (copies >= c->copies) {
        c->copies = copies;
        c->less_since_ns = 0;
    } else if (c->less_since_ns == 0) {
        c->less_since_ns = now_ns;
    } else if (now_ns - c->less_since_ns >= LESS_AFTER) {
        c->copies = copies;
        c->less_since_ns = 0;
    }
}

void mcu_audio_choice_step(mcu_audio_choice *c, const mcu_audio_link *link, int64_t now_ns)
{
    if (link->loss >= BURST_LOSS && link->burst > BURST && link->burst * (1 - link->loss) > BEYOND) {
        c->apart_until_ns = now_ns + LESS_AFTER;
    }
    const bool apart = now_ns < c->apart_until_ns;
    const unsigned copies = wanted(link->loss);
    choose_copies(c, apart && copies > 0 && copies < BURST_COPIES ? BURST_COPIES : copies, now_ns);
    choose_profile(c, link, now_ns);
    const unsigned room = room_for(link, c->profile);
    if (c->copies > room) { /* what does not fit goes at once */
        c->copies = room;
    }
    c->stride = !apart ? 1 : mcu_audio_choice_is_thin(c) ? 2 : 3;
}

/* The first estimate after a fall has in part what came in before it. */
static unsigned line_bps(const mcu_peer_link *link)
{
    const bool known = link->queue_ms > MCU_PEER_LINK_LATE_MS && link->drains_bps != 0;
    return known && link->drains_bps < link->estimate_bps ? link->drains_bps : link->estimate_bps;
}

bool mcu_audio_choice_fall(mcu_audio_choice *c, const mcu_peer_link *link)
{
    const mix_audio_profile before = c->profile;
    while (!link->unheard && line_bps(link) < PROFILES[c->profile].from_bps) {
        c->profile++;
    }
    if (c->profile == before) {
        return false;
    }
    c->richer_since_ns = 0;
    return true;
}

bool mcu_audio_choice_is_thin(const mcu_audio_choice *c)
{
    return c->profile >= MIX_PROFILE_LONG;
}

int mcu_audio_choice_wire_bps(const mcu_audio_choice *c, int full_wire_bps)
{
    const unsigned bps = PROFILES[c->profile].bps, frame_ms = PROFILES[c->profile].frame_ms;
    return bps == 0 ? full_wire_bps : (int)(bps + HEADER_BYTES * 8 * 1000 / frame_ms);
}

unsigned mcu_audio_choice_hold_ms(const mcu_audio_choice *c)
{
    const unsigned frame_ms = PROFILES[c->profile].frame_ms, last_ms = c->copies * c->stride * frame_ms;
    const unsigned hold_ms = last_ms > frame_ms ? last_ms : 0;
    return hold_ms < HOLD_MAX_MS ? hold_ms : HOLD_MAX_MS;
}
