#include "mcu/room/lost_sound.h"

#include "mcu/base/media.h"

#define DEAD_NS (8 * MCU_NS_PER_SEC)
#define AGAIN_NS (10 * MCU_NS_PER_SEC)
#define LOSS_MAX 0.3

static void note(mcu_lost_sound *l, const mcu_sound_sight *sight, int64_t now_ns)
{
    bool due = sight->stalled || sight->speaks;
    if (!due || sight->packets != l->packets) {
        l->heard_ns = now_ns;
    }
    if (sight->loss <= LOSS_MAX) {
        l->clear_ns = now_ns;
    }
    l->packets = sight->packets;
}

bool mcu_lost_sound_step(mcu_lost_sound *l, const mcu_sound_sight *sight, int64_t now_ns)
{
    if (!sight->up || !l->begun) {
        bool was_dead = l->dead;
        *l = (mcu_lost_sound){
            .begun = sight->up, .packets = sight->packets, .heard_ns = now_ns, .clear_ns = now_ns, .told_ns = now_ns};
        return was_dead;
    }
    note(l, sight, now_ns);
    bool dead = now_ns - l->heard_ns >= DEAD_NS || now_ns - l->clear_ns >= DEAD_NS;
    if (dead == l->dead && !(dead && now_ns - l->told_ns >= AGAIN_NS)) {
        return false;
    }
    l->dead = dead;
    l->told_ns = now_ns;
    return true;
}
