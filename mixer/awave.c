#include "mixer/awave.h"

#include "mcu/base/media.h"

enum { LEAST = 2 };

static const int64_t HEIGHT_NS = 120 * MCU_NS_PER_MS;
static const int64_t KEPT_NS = 20 * MCU_NS_PER_SEC;

static void begin_wave(mix_awave *w)
{
    w->high = true;
    w->n++;
    w->waves[w->n % MIX_AWAVES].top_ns = INT64_MIN;
}

void mix_awave_note(mix_awave *w, int64_t now_ns, int64_t fastest_ns)
{
    if (!w->begun) {
        w->begun = true;
        w->turn_ns = fastest_ns;
    }
    if (w->high ? fastest_ns > w->turn_ns : fastest_ns < w->turn_ns) {
        w->turn_ns = fastest_ns;
    } else if (!w->high && fastest_ns > w->turn_ns + HEIGHT_NS) {
        begin_wave(w);
        w->turn_ns = fastest_ns;
    } else if (w->high && fastest_ns < w->turn_ns - HEIGHT_NS) {
        w->high = false;
        w->turn_ns = fastest_ns;
    }
    if (w->high) {
        w->waves[w->n % MIX_AWAVES].seen_ns = now_ns;
    }
}

void mix_awave_want(mix_awave *w, int64_t wanted_ns)
{
    int64_t *top_ns = &w->waves[w->n % MIX_AWAVES].top_ns;
    if (w->high && wanted_ns > *top_ns) {
        *top_ns = wanted_ns;
    }
}

int64_t mix_awave_top_ns(const mix_awave *w, int64_t now_ns)
{
    int64_t top_ns = INT64_MIN;
    unsigned fresh = 0;
    for (unsigned i = 0; i < MIX_AWAVES; i++) {
        if (w->waves[i].seen_ns == 0 || now_ns - w->waves[i].seen_ns >= KEPT_NS) {
            continue;
        }
        fresh++;
        top_ns = w->waves[i].top_ns > top_ns ? w->waves[i].top_ns : top_ns;
    }
    return fresh >= LEAST ? top_ns : INT64_MIN;
}
