#include "mixer/lead.h"

#define WORK_SPARE 2  /* times the work: other threads run meanwhile */
#define WORK_FADES 32 /* ticks until a large one is forgotten, about */
#define STEP 2        /* of what is spared, up and down */
#define MOST_OF 2     /* a part of the period: what needs more gains nothing by waiting */

void mix_lead_init(mix_lead *l)
{
    *l = (mix_lead){.spare_ns = MIX_LEAD_LEAST_NS};
}

static void spare(mix_lead *l, int64_t spare_ns, int64_t now_ns)
{
    l->spare_ns = spare_ns;
    l->window_ns = now_ns;
    l->late = 0;
}

static void learn(mix_lead *l, bool late, int64_t period_ns, int64_t now_ns)
{
    l->late += late;
    if (l->late >= MIX_LEAD_LATE_TICKS) {
        spare(l, l->spare_ns * STEP < period_ns ? l->spare_ns * STEP : period_ns, now_ns);
    } else if (now_ns - l->window_ns >= MIX_LEAD_WINDOW_NS) {
        int64_t less_ns = l->late == 0 ? l->spare_ns / STEP : l->spare_ns;
        spare(l, less_ns > MIX_LEAD_LEAST_NS ? less_ns : MIX_LEAD_LEAST_NS, now_ns);
    }
}

int64_t mix_lead_step(mix_lead *l, int64_t work_ns, bool late, int64_t period_ns, int64_t now_ns)
{
    int64_t faded_ns = l->work_ns - l->work_ns / WORK_FADES;
    l->work_ns = work_ns > faded_ns ? work_ns : faded_ns;
    learn(l, late, period_ns, now_ns);
    int64_t lead_ns = l->work_ns * WORK_SPARE + l->spare_ns;
    return lead_ns <= period_ns / MOST_OF ? lead_ns : period_ns;
}
