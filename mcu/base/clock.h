/* clock.h - monotonic time and randomness.  Thread: any. Only thread shells read the clock; everything else is given `now_ns`. */
#ifndef MCU_BASE_CLOCK_H
#define MCU_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t mcu_now_ns(void);       /* CLOCK_MONOTONIC */
int64_t mcu_wall_ns(void);      /* CLOCK_REALTIME, since 1970 */
void mcu_sleep_until_ns(int64_t deadline_ns); /* absolute CLOCK_MONOTONIC; restarts after signals */
void mcu_random(void *out, size_t size);      /* getrandom(2), never fails short */
uint32_t mcu_random32(void);

#endif
