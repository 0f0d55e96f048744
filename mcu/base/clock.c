/* clock.c - monotonic time and randomness.  Thread: any. */
#include "mcu/base/clock.h"

#include <errno.h>
#include <glib.h>
#include <sys/random.h>
#include <time.h>

#define NS_PER_SEC INT64_C(1000000000)

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

int64_t mcu_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t mcu_wall_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

void mcu_sleep_until_ns(int64_t deadline_ns)
{
    if (deadline_ns <= 0) {
        return;
    }
    struct timespec ts = {.tv_sec = (time_t)(deadline_ns / NS_PER_SEC), .tv_nsec = (long)(deadline_ns % NS_PER_SEC)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) {
    }
}

void mcu_random(void *out, size_t size)
{
    uint8_t *p = out;
    while (size > 0) {
        ssize_t n = getrandom(p, size, 0);
        if (n < 0) {
            g_assert(errno == EINTR);
            continue;
        }
        p += n;
        size -= (size_t)n;
    }
}

uint32_t mcu_random32(void)
{
    uint32_t v;
    mcu_random(&v, sizeof v);
    return v;
}
