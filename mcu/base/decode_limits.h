/* decode_limits.h - how large a picture, and how many of them, a decoder can take; the limits of H.264 levels.  Thread: any;
 * pure. Source: ITU-T H.264 Annex A (Table A-1; A.3.1 f and g for the sides), RFC 7741 6.1 (the same rule for VP8). */
#ifndef MCU_BASE_DECODE_LIMITS_H
#define MCU_BASE_DECODE_LIMITS_H

#include <stdbool.h>

/* 0 = no limit is known. */
typedef struct {
    unsigned max_mbs;  /* macroblocks of 16x16 a picture */
    unsigned max_mbps; /* macroblocks a second */
    unsigned max_fps;
    unsigned max_kbps;
} mcu_decode_limits;

bool mcu_decode_limits_allow(const mcu_decode_limits *l, int width_px, int height_px, int fps, int bitrate_bps);

/* Of a level_idc (31 = level 3.1; 9 = 1b); what lies between two levels has the limits of the lower one, below level 1 of
 * level 1. */
mcu_decode_limits mcu_h264_level_limits(int level);
/* The smallest level_idc that allows this size and rate, from 10 on; 62 when none does. */
int mcu_h264_level_for(int width_px, int height_px, int fps, int bitrate_bps);

#endif
