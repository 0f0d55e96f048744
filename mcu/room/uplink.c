#include "mcu/room/uplink.h"

#include <glib.h>

#include "mcu/base/media.h"

#define LESS_AFTER (5 * MCU_NS_PER_SEC)
#define UNSEEN_BPS 60000
#define LEAST_FPS 5
#define SMOOTH_FPS 15 /* from there on the camera's own rate */

unsigned mcu_uplink_bps(unsigned people, unsigned tile_px)
{
    if (people <= 2 || tile_px > 640 * 480) {
        return 1200000;
    }
    if (people <= 4 || tile_px > 480 * 360) {
        return 700000;
    }
    return people <= 9 || tile_px > 320 * 240 ? 400000 : 250000;
}

static mcu_uplink size_for(unsigned lines)
{
    static const mcu_uplink sizes[] = {
        {.lines = 180, .bps = 200000}, {.lines = 270, .bps = 350000}, {.lines = 360, .bps = 700000}};
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        if (lines <= sizes[i].lines) {
            return sizes[i];
        }
    }
    return (mcu_uplink){0};
}

mcu_uplink mcu_uplink_worth(const mcu_uplink_sight *sight)
{
    mcu_uplink u = size_for(sight->lines);
    u.bps = u.bps != 0 ? MIN(u.bps, mcu_uplink_bps(sight->people, sight->px)) : 0;
    if (sight->signing) {
        u.fps = 0;
    } else if (sight->lines == 0) {
        u.fps = LEAST_FPS;
        u.bps = UNSEEN_BPS;
    } else if (sight->fps < SMOOTH_FPS) {
        u.fps = MAX(2 * sight->fps, LEAST_FPS); /* twice: none is shown again because the next was a moment late */
    }
    u.lines = sight->one_size ? 0 : u.lines;
    return u;
}

static unsigned more_of(unsigned a, unsigned b)
{
    return a == 0 || b == 0 ? 0 : MAX(a, b);
}

static bool same(mcu_uplink a, mcu_uplink b)
{
    return a.lines == b.lines && a.fps == b.fps && a.bps == b.bps;
}

bool mcu_uplink_step(mcu_uplink_choice *c, mcu_uplink worth, int64_t now_ns)
{
    const mcu_uplink before = c->asked;
    c->asked = (mcu_uplink){.lines = more_of(before.lines, worth.lines),
                            .fps = more_of(before.fps, worth.fps),
                            .bps = more_of(before.bps, worth.bps)};
    bool less = !same(worth, c->asked);
    c->less_ns = !less ? 0 : c->less_ns == 0 ? now_ns : c->less_ns;
    if (less && now_ns - c->less_ns >= LESS_AFTER) {
        c->asked = worth;
        c->less_ns = 0;
    }
    bool new = !same(before, c->asked);
    c->told = c->told || new;
    return new;
}
