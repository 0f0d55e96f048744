/* Any text as settings or as a schedule of the link laboratory: taken whole or refused with a reason, and what was taken can be
 * carried out. The first byte says which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/network/lab/schedule.h"
#include "tests/network/lab/shape.h"

#define STEPS_MAX 600 /* twice round a schedule that goes on again */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool is_share(double x)
{
    return x >= 0 && x <= 1;
}

static void look(const lab_shape *s)
{
    check(s->rate_bps >= 0 && s->queue_ns >= 0 && s->delay_ns >= 0 && s->jitter_ns >= 0);
    check(s->police_bps >= 0 && s->bucket_bytes >= 0 && s->burst >= 0);
    check(is_share(s->reorder) && is_share(s->loss) && is_share(s->to_bad) && is_share(s->to_good));
    check(is_share(s->pass_bad) && is_share(s->pass_good));
}

static void read_settings(const char *text)
{
    lab_shape ways[LAB_WAYS], before[LAB_WAYS];
    char why[40] = "";
    memset(ways, 0, sizeof ways);
    lab_shape_clear(&ways[LAB_DOWN]);
    lab_shape_clear(&ways[LAB_UP]);
    memcpy(before, ways, sizeof ways);
    bool taken = lab_shape_read(ways, text, why, sizeof why);
    check(taken || memcmp(before, ways, sizeof ways) == 0);
    check(taken == (why[0] == '\0') && strlen(why) < sizeof why);
    look(&ways[LAB_DOWN]);
    look(&ways[LAB_UP]);
}

static void read_schedule(const char *text)
{
    static lab_schedule s;
    char why[40] = "";
    bool taken = lab_schedule_read(&s, text, why, sizeof why);
    check(taken == (why[0] == '\0') && (taken || s.n == 0));
    lab_schedule_begin(&s, 0);
    int64_t now = 0;
    for (unsigned i = 0; i < STEPS_MAX && lab_schedule_next_ns(&s) != INT64_MAX; i++) {
        check(lab_schedule_next_ns(&s) >= now);
        now = lab_schedule_next_ns(&s);
        const char *settings = lab_schedule_take(&s, now);
        check(settings != NULL);
        read_settings(settings);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    char *text = malloc(size);
    check(text != NULL);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    if (data[0] % 2 == 0) {
        read_settings(text);
    } else {
        read_schedule(text);
    }
    free(text);
    return 0;
}
