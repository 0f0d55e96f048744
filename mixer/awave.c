#include "mixer/awave.h"

#include <stdbool.h>

#include "mcu/base/media.h"

enum { WAVES_LEAST = 2 }; /* one may be a line that fell, which is to be followed back */

static const int64_t HEIGHT_NS = 120 * MCU_NS_PER_MS;
static const int64_t APART_NS = 3 * MCU_NS_PER_SEC;
static const int64_t KEPT_NS = 20 * MCU_NS_PER_SEC;
static const int64_t NEAR_NS = 60 * MCU_NS_PER_MS;
static const int64_t MARGIN_NS = 10 * MCU_NS_PER_MS; /* over the latest packet: what is wanted may be of the line before */

static void begin_wave(mix_awave *w, int64_t now_ns)
{
    w->state = MIX_AWAVE_HIGH;
    if (w->n > 0 && now_ns - w->last[w->n % MIX_AWAVES].began_ns < APART_NS) {
        return;
    }
    w->n++;
    w->last[w->n % MIX_AWAVES].began_ns = w->last[w->n % MIX_AWAVES].seen_ns = now_ns;
    w->last[w->n % MIX_AWAVES].latest_ns = w->last[w->n % MIX_AWAVES].top_ns = INT64_MIN;
}

void mix_awave_note(mix_awave *w, int64_t now_ns, int64_t fastest_ns)
{
    bool begins = w->state == MIX_AWAVE_LOW && fastest_ns > w->extreme_ns + HEIGHT_NS;
    bool ends = w->state == MIX_AWAVE_HIGH && fastest_ns < w->extreme_ns - HEIGHT_NS;
    bool further = w->state == MIX_AWAVE_HIGH ? fastest_ns > w->extreme_ns : fastest_ns < w->extreme_ns;
    if (begins) {
        begin_wave(w, now_ns);
    } else if (ends || w->state == MIX_AWAVE_NEW) {
        w->state = MIX_AWAVE_LOW;
    } else if (!further) {
        return;
    }
    w->extreme_ns = fastest_ns;
}

void mix_awave_packet(mix_awave *w, int64_t now_ns, int64_t transit_ns, int64_t wanted_ns)
{
    if (w->state != MIX_AWAVE_HIGH) {
        return;
    }
    int64_t *latest_ns = &w->last[w->n % MIX_AWAVES].latest_ns, *top_ns = &w->last[w->n % MIX_AWAVES].top_ns;
    *latest_ns = transit_ns > *latest_ns ? transit_ns : *latest_ns;
    int64_t reached_ns = wanted_ns < *latest_ns + MARGIN_NS ? wanted_ns : *latest_ns + MARGIN_NS;
    if (reached_ns + NEAR_NS > *top_ns) {
        w->last[w->n % MIX_AWAVES].seen_ns = now_ns;
    }
    *top_ns = reached_ns > *top_ns ? reached_ns : *top_ns;
}

int64_t mix_awave_top_ns(const mix_awave *w, int64_t now_ns)
{
    int64_t top_ns = INT64_MIN;
    unsigned fresh = 0;
    for (unsigned i = 0; i < MIX_AWAVES; i++) {
        if (w->last[i].seen_ns == 0 || now_ns - w->last[i].seen_ns >= KEPT_NS) {
            continue;
        }
        fresh++;
        top_ns = w->last[i].top_ns > top_ns ? w->last[i].top_ns : top_ns;
    }
    return fresh >= WAVES_LEAST ? top_ns : INT64_MIN;
}
