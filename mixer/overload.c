/* overload.c - see overload.h. */
#include "mixer/overload.h"

#include "mcu/base/media.h"

#define SECONDS(n) ((n)*MCU_NS_PER_SEC)

static const double CALM = 0.05, MUCH = 0.3, MOST = 0.5;
static const int64_t DOWN = SECONDS(3), DOWN_WHOLE = SECONDS(10);
static const int64_t BACK = SECONDS(10), BACK_MOST = SECONDS(160), RELAPSE = SECONDS(30), FORGOTTEN = SECONDS(120);

const char *mix_load_name(mix_load l)
{
    static const char *const names[] = {"calm", "fewer", "faster", "without"};
    return (unsigned)l <= MIX_LOAD_WITHOUT ? names[l] : names[0];
}

void mix_overload_init(mix_overload *o)
{
    *o = (mix_overload){.wait_ns = BACK};
}

static bool step_down(mix_overload *o, int64_t now_ns)
{
    bool whole = o->level == MIX_LOAD_FASTER;
    if (o->level == MIX_LOAD_WITHOUT || now_ns - o->bad_ns < (whole ? DOWN_WHOLE : DOWN)) {
        return false;
    }
    if (o->back_ns && now_ns - o->back_ns < RELAPSE) {
        o->wait_ns = o->wait_ns * 2 < BACK_MOST ? o->wait_ns * 2 : BACK_MOST;
    }
    o->level++;
    o->bad_ns = now_ns;
    return true;
}

static bool step_back(mix_overload *o, int64_t now_ns)
{
    if (o->level == MIX_LOAD_CALM) {
        o->wait_ns = now_ns - o->calm_ns >= FORGOTTEN ? BACK : o->wait_ns;
        return false;
    }
    if (now_ns - o->calm_ns < o->wait_ns) {
        return false;
    }
    o->level--;
    o->calm_ns = o->back_ns = now_ns;
    return true;
}

bool mix_overload_step(mix_overload *o, double missed, int64_t now_ns)
{
    bool bad = missed > (o->level == MIX_LOAD_FASTER ? MOST : MUCH), calm = missed < CALM;
    o->bad_ns = !bad ? 0 : o->bad_ns ? o->bad_ns : now_ns;
    o->calm_ns = !calm ? 0 : o->calm_ns ? o->calm_ns : now_ns;
    return bad ? step_down(o, now_ns) : calm && step_back(o, now_ns);
}
