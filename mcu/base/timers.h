/* timers.h - timer heap stepped with an explicit now: the same code runs on the loop and in simulated time.  Thread: its owner's. */
#ifndef MCU_BASE_TIMERS_H
#define MCU_BASE_TIMERS_H

#include <stdint.h>

typedef struct mcu_timers mcu_timers;
typedef struct mcu_timer mcu_timer;
typedef void (*mcu_timer_fn)(void *user, int64_t now_ns);

mcu_timers *mcu_timers_new(void);
void mcu_timers_free(mcu_timers *t); /* every timer must be freed first */
int64_t mcu_timers_next_ns(const mcu_timers *t); /* INT64_MAX = none armed */
void mcu_timers_run(mcu_timers *t, int64_t now_ns);

mcu_timer *mcu_timer_new(mcu_timers *t, mcu_timer_fn fn, void *user);
void mcu_timer_free(mcu_timer *timer); /* NULL is fine; allowed inside its own callback */
void mcu_timer_arm(mcu_timer *timer, int64_t at_ns); /* one shot; arming again moves it */
void mcu_timer_disarm(mcu_timer *timer);

#endif
