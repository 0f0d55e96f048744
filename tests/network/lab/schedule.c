#include "tests/network/lab/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/network/lab/shape.h"

#define SECONDS_MAX 1e6

static bool add_step(lab_schedule *s, double seconds, const char *text, char *why, size_t size)
{
    lab_shape unused[LAB_WAYS];
    lab_shape_clear(&unused[LAB_DOWN]);
    lab_shape_clear(&unused[LAB_UP]);
    int64_t at_ns = (int64_t)(seconds * 1e9);
    bool ordered = s->again_ns == 0 && (s->n == 0 || at_ns >= s->steps[s->n - 1].at_ns);
    if (!ordered || s->n == LAB_STEPS || strlen(text) >= LAB_STEP_TEXT) {
        (void)snprintf(why, size, "%s", !ordered ? "it comes before the line above it" : "too long");
        return false;
    }
    if (strcmp(text, "again") == 0) {
        s->again_ns = at_ns;
        if (s->n == 0 || at_ns == s->steps[0].at_ns) {
            (void)snprintf(why, size, "nothing to do again");
            return false;
        }
        return true;
    }
    if (!lab_shape_read(unused, text, why, size)) {
        return false;
    }
    s->steps[s->n].at_ns = at_ns;
    (void)snprintf(s->steps[s->n++].text, LAB_STEP_TEXT, "%s", text);
    return true;
}

static bool read_line(lab_schedule *s, char *line, char *why, size_t size)
{
    line[strcspn(line, "\r")] = '\0';
    line += strspn(line, " \t");
    if (*line == '\0' || *line == '#') {
        return true;
    }
    char *end;
    double seconds = strtod(line, &end);
    if (end == line || (*end != ' ' && *end != '\t') || !(seconds >= 0 && seconds <= SECONDS_MAX)) {
        (void)snprintf(why, size, "it does not begin with a time");
        return false;
    }
    return add_step(s, seconds, end + strspn(end, " \t"), why, size);
}

bool lab_schedule_read(lab_schedule *s, const char *text, char *why, size_t size)
{
    char *copy = strdup(text);
    char *rest = copy;
    char problem[160] = "no memory";
    bool ok = copy != NULL;
    unsigned number = 0;
    memset(s, 0, sizeof *s);
    for (char *line; ok && (line = strsep(&rest, "\n")) != NULL;) {
        number++;
        ok = read_line(s, line, problem, sizeof problem);
    }
    free(copy);
    if (!ok) {
        memset(s, 0, sizeof *s);
        (void)snprintf(why, size, "line %u: %s", number, problem);
    }
    return ok;
}

void lab_schedule_begin(lab_schedule *s, int64_t now_ns)
{
    s->began_ns = now_ns;
    s->next = 0;
}

int64_t lab_schedule_next_ns(const lab_schedule *s)
{
    return s->next < s->n ? s->began_ns + s->steps[s->next].at_ns : INT64_MAX;
}

const char *lab_schedule_take(lab_schedule *s, int64_t now_ns)
{
    if (now_ns < lab_schedule_next_ns(s)) {
        return NULL;
    }
    const char *text = s->steps[s->next++].text;
    if (s->next == s->n && s->again_ns > 0) {
        s->began_ns += s->again_ns - s->steps[0].at_ns;
        s->next = 0;
    }
    return text;
}
