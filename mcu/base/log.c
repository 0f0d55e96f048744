/* log.c - structured log lines to stderr with a rate limit per call site.
 * Thread: any; a leaf lock around the limiter's table.
 */
#include "mcu/base/log.h"

#include "mcu/base/clock.h"
#include "mcu/base/metrics.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024
#define SITES 256
#define SITE_PER_SECOND 20
#define NS_PER_SEC INT64_C(1000000000)

typedef struct {
    const char *fmt; /* the format's address stands for the call site */
    int64_t second;
    unsigned count;
    unsigned dropped;
} site;

static char program_name[24] = "tessera";
static atomic_int threshold = MCU_LOG_INFO;
static pthread_mutex_t site_lock = PTHREAD_MUTEX_INITIALIZER;
static site sites[SITES];

static const char *const level_names[] = {"none", "error", "warn", "info", "debug"};

static mcu_counter *dropped_counter(void)
{
    return mcu_counter_get("tessera_log_dropped_total", NULL, "log lines held back by the rate limit");
}

void mcu_log_init(const char *program, mcu_log_level level)
{
    (void)dropped_counter(); /* there from the start: a series that appears later looks like a change */
    snprintf(program_name, sizeof program_name, "%s", program);
    const char *wanted = getenv("TESSERA_LOG");
    for (int i = MCU_LOG_ERROR; wanted && i <= MCU_LOG_DEBUG; i++) {
        if (strcmp(wanted, level_names[i]) == 0) {
            level = (mcu_log_level)i;
        }
    }
    atomic_store(&threshold, level);
}

/* Whether the line may go out; `*missing` is how many lines of this site were
 * dropped before it. */
static bool allow(const char *fmt, int64_t now_ns, unsigned *missing)
{
    unsigned slot = (unsigned)(((uintptr_t)fmt >> 2) * 2654435761u >> 7) % SITES;
    int64_t second = now_ns / NS_PER_SEC;
    pthread_mutex_lock(&site_lock);
    site *s = &sites[slot];
    if (s->fmt != fmt || s->second != second) {
        *missing = s->fmt == fmt ? s->dropped : 0;
        *s = (site){.fmt = fmt, .second = second};
    }
    bool ok = s->count < SITE_PER_SECOND;
    if (ok) {
        s->count++;
    } else {
        s->dropped++;
    }
    pthread_mutex_unlock(&site_lock);
    return ok;
}

/* The registry is searched once: a flood must stay cheap. Two threads that both find nothing get the same object. */
static void count_dropped(void)
{
    static _Atomic(mcu_counter *) counter;
    mcu_counter *c = atomic_load(&counter);
    if (!c) {
        c = dropped_counter();
        atomic_store(&counter, c);
    }
    mcu_counter_add(c, 1);
}

static size_t put_head(char *line, size_t room, mcu_log_level level, const char *event)
{
    int64_t wall_ns = mcu_wall_ns();
    time_t seconds = (time_t)(wall_ns / NS_PER_SEC);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char stamp[24];
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    int n = snprintf(line, room, "%s.%03dZ %s %s %s ", stamp, (int)(wall_ns % NS_PER_SEC / 1000000), level_names[level],
                     program_name, event);
    return n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

static void write_line(char *line, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?'; /* one event stays one line, whatever a value holds */
        }
    }
    line[size++] = '\n';
    while (write(STDERR_FILENO, line, size) < 0 && errno == EINTR) {
    }
}

void mcu_log_at(mcu_log_level level, const char *event, const char *fmt, ...)
{
    if (level < MCU_LOG_ERROR || level > MCU_LOG_DEBUG || (int)level > atomic_load_explicit(&threshold, memory_order_relaxed)) {
        return;
    }
    unsigned missing = 0;
    if (!allow(fmt, mcu_now_ns(), &missing)) {
        count_dropped();
        return;
    }
    int saved_errno = errno;
    char line[LINE_MAX_BYTES];
    const size_t room = sizeof line - 1; /* the line feed */
    size_t size = put_head(line, room, level, event);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line + size, room - size, fmt, args);
    va_end(args);
    if (n > 0) {
        size += (size_t)n < room - size ? (size_t)n : room - size - 1;
    }
    if (missing > 0 && room - size > 1) {
        n = snprintf(line + size, room - size, " dropped=%u", missing);
        size += (size_t)n < room - size ? (size_t)n : room - size - 1;
    }
    write_line(line, size);
    errno = saved_errno;
}
