#include "mcu/net/latch.h"

void mcu_latch_init(mcu_latch *l, const mcu_leg_address *remote, bool latched, int64_t now_ns)
{
    *l = (mcu_latch){.announced = *remote, .remote = *remote, .latched = latched, .until_ns = now_ns + MCU_LATCH_WINDOW_NS};
}

bool mcu_latch_take(mcu_latch *l, const mcu_leg_address *from, bool authenticated, int64_t now_ns)
{
    bool open = now_ns < l->until_ns;
    bool announced = mcu_leg_address_same(from, &l->announced);
    bool first = !l->latched && (open || announced);
    if (!authenticated && !first && !(open && announced) && !(l->latched && mcu_leg_address_same(from, &l->remote))) {
        return false;
    }
    l->remote = *from;
    l->latched = true;
    return true;
}

bool mcu_latch_settled(const mcu_latch *l, int64_t now_ns)
{
    return l->latched && (now_ns >= l->until_ns || mcu_leg_address_same(&l->remote, &l->announced));
}
