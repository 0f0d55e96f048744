#include "mcu/room/ease.h"

const char *mcu_ease_name(mcu_ease e)
{
    static const char *const names[] = {"", "repeated", "smaller", "stills", "paused", "silent"};
    return (unsigned)e < sizeof names / sizeof *names ? names[e] : "";
}

mcu_ease mcu_ease_of(unsigned tier, unsigned top, unsigned n_moving, unsigned n_tiers, unsigned copies)
{
    if (tier >= n_tiers && top < n_tiers) {
        return MCU_EASE_PAUSED;
    }
    if (tier > top && tier < n_tiers) {
        return tier < n_moving ? MCU_EASE_SMALLER : MCU_EASE_STILLS;
    }
    return copies > 0 ? MCU_EASE_REPEATED : MCU_EASE_NONE;
}
