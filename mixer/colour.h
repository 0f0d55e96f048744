/* colour.h - brings a decoded picture to the one colour rule: BT.601, limited range.  Thread: any. */
#ifndef MIXER_COLOUR_H
#define MIXER_COLOUR_H

#include "mcu/base/media.h"

typedef enum {
    MIX_COLOUR_NONE = 0,
    MIX_COLOUR_601_LIMITED,
    MIX_COLOUR_601_FULL,
    MIX_COLOUR_709_LIMITED,
    MIX_COLOUR_709_FULL
} mix_colour_space;

/* A new frame in BT.601 limited; NULL = no memory. `from` is not MIX_COLOUR_601_LIMITED. */
mcu_frame *mix_colour_convert(const mcu_frame *src, mix_colour_space from);

#endif
