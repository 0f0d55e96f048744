/* lead.h - how long before a tick its pictures begin to be decoded, all together: late enough that few threads wake, early enough
 * that they are ready.  Thread: the video clock's. No clock is read. */
#ifndef MIXER_LEAD_H
#define MIXER_LEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "mcu/base/media.h"

#define MIX_LEAD_LEAST_NS (4 * MCU_NS_PER_MS) /* beside the work itself: a machine wakes threads when it can */
#define MIX_LEAD_WINDOW_NS (10 * MCU_NS_PER_SEC)
#define MIX_LEAD_LATE_TICKS 3 /* in a window: one in a hundred is no more than what comes just too late anyway */

typedef struct {
    int64_t work_ns;  /* of a tick, the largest of the last few */
    int64_t spare_ns; /* grows when pictures are not ready, and shrinks while they are */
    int64_t window_ns;
    unsigned late; /* ticks, since then */
} mix_lead;

void mix_lead_init(mix_lead *l);
/* At each tick, with the CPU time that its pictures took and whether some of those that waited are not ready. `period_ns` or more
 * = nothing is to wait. */
int64_t mix_lead_step(mix_lead *l, int64_t work_ns, bool late, int64_t period_ns, int64_t now_ns);

#endif
