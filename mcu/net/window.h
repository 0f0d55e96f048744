/* window.h - sum of what was added during the last second, in steps of 100 ms.  Thread: its owner's. Embedded struct,
 * zero-initialise. */
#ifndef MCU_NET_WINDOW_H
#define MCU_NET_WINDOW_H

#include <stdint.h>
#include <string.h>

#define MCU_WINDOW_STEPS 10
#define MCU_WINDOW_STEP_NS INT64_C(100000000)

typedef struct {
    int64_t step; /* number of the newest step */
    int64_t sum[MCU_WINDOW_STEPS];
} mcu_window;

static inline void mcu_window_add(mcu_window *w, int64_t now_ns, int64_t value)
{
    int64_t step = now_ns / MCU_WINDOW_STEP_NS;
    if (step - w->step >= MCU_WINDOW_STEPS) {
        memset(w->sum, 0, sizeof w->sum);
        w->step = step;
    }
    while (w->step < step) {
        w->step++;
        w->sum[w->step % MCU_WINDOW_STEPS] = 0;
    }
    w->sum[step % MCU_WINDOW_STEPS] += value; /* time never runs back by a whole window */
}

static inline int64_t mcu_window_sum(const mcu_window *w, int64_t now_ns)
{
    int64_t total = 0, oldest = now_ns / MCU_WINDOW_STEP_NS - MCU_WINDOW_STEPS + 1;
    for (int64_t step = w->step; step >= oldest && step > w->step - MCU_WINDOW_STEPS && step >= 0; step--) {
        total += w->sum[step % MCU_WINDOW_STEPS];
    }
    return total;
}

#endif
