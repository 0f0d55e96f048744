/* schedule.h - a link that changes by itself.  Thread: its owner's. Pure.
 * A line each: SECONDS SETTINGS, in order of time; "SECONDS again" as the last line goes back to the first. Empty lines and lines
 * that begin with # do not count. */
#ifndef TESTS_LAB_SCHEDULE_H
#define TESTS_LAB_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LAB_STEPS = 256, LAB_STEP_TEXT = 200 };

typedef struct {
    struct {
        int64_t at_ns;
        char text[LAB_STEP_TEXT];
    } steps[LAB_STEPS];
    unsigned n, next;
    int64_t again_ns; /* 0 = once */
    int64_t began_ns;
} lab_schedule;

/* False: `why` (of `size` bytes) names the line; the schedule is empty then. Every line's settings are checked. */
bool lab_schedule_read(lab_schedule *s, const char *text, char *why, size_t size);
void lab_schedule_begin(lab_schedule *s, int64_t now_ns);
int64_t lab_schedule_next_ns(const lab_schedule *s);            /* INT64_MAX = nothing more */
const char *lab_schedule_take(lab_schedule *s, int64_t now_ns); /* settings that are due; NULL = none */

#endif
