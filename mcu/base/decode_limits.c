#include "mcu/base/decode_limits.h"

#include <stddef.h>
#include <stdint.h>

/* Table A-1: level_idc, MaxFS, MaxMBPS, MaxBR. Level 1b is level 1 with twice the bit rate: taken as level 1. */
static const struct {
    int level;
    mcu_decode_limits limits;
} levels[] = {
    {10, {99, 1485, 0, 64}},
    {11, {396, 3000, 0, 192}},
    {12, {396, 6000, 0, 384}},
    {13, {396, 11880, 0, 768}},
    {20, {396, 11880, 0, 2000}},
    {21, {792, 19800, 0, 4000}},
    {22, {1620, 20250, 0, 4000}},
    {30, {1620, 40500, 0, 10000}},
    {31, {3600, 108000, 0, 14000}},
    {32, {5120, 216000, 0, 20000}},
    {40, {8192, 245760, 0, 20000}},
    {41, {8192, 245760, 0, 50000}},
    {42, {8704, 522240, 0, 50000}},
    {50, {22080, 589824, 0, 135000}},
    {51, {36864, 983040, 0, 240000}},
    {52, {36864, 2073600, 0, 240000}},
    {60, {139264, 4177920, 0, 240000}},
    {61, {139264, 8355840, 0, 480000}},
    {62, {139264, 16711680, 0, 800000}},
};

enum { N_LEVELS = sizeof(levels) / sizeof(levels[0]) };

static bool side_fits(uint64_t mbs, unsigned max_mbs)
{
    return mbs * mbs <= 8 * (uint64_t)max_mbs;
}

bool mcu_decode_limits_allow(const mcu_decode_limits *l, int width_px, int height_px, int fps, int bitrate_bps)
{
    const uint64_t across = ((uint64_t)width_px + 15) / 16;
    const uint64_t down = ((uint64_t)height_px + 15) / 16;
    const uint64_t mbs = across * down;
    if (l->max_mbs != 0 && (mbs > l->max_mbs || !side_fits(across, l->max_mbs) || !side_fits(down, l->max_mbs))) {
        return false;
    }
    if (l->max_mbps != 0 && mbs * (uint64_t)fps > l->max_mbps) {
        return false;
    }
    return (l->max_fps == 0 || (unsigned)fps <= l->max_fps) &&
           (l->max_kbps == 0 || (unsigned)(bitrate_bps / 1000) <= l->max_kbps);
}

mcu_decode_limits mcu_h264_level_limits(int level)
{
    size_t i = 0;
    while (i + 1 < N_LEVELS && levels[i + 1].level <= level) {
        i++;
    }
    return levels[i].limits;
}

int mcu_h264_level_for(int width_px, int height_px, int fps, int bitrate_bps)
{
    size_t i = 0;
    while (i + 1 < N_LEVELS && !mcu_decode_limits_allow(&levels[i].limits, width_px, height_px, fps, bitrate_bps)) {
        i++;
    }
    return levels[i].level;
}
