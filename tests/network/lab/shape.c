#include "tests/network/lab/shape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS INT64_C(1000000)
#define VALUE_MAX 1e9

void lab_shape_clear(lab_shape *s)
{
    *s = (lab_shape){.queue_ns = 1000 * NS_PER_MS, .burst = 1, .pass_good = 1, .to_good = 1, .bucket_bytes = 10000};
}

/* Gilbert's two states from what people can picture: a share lost in runs of a mean length. */
static void apply_loss(lab_shape *s)
{
    bool single = s->burst <= 1 || s->loss >= 1;
    s->to_good = single ? 1 : 1 / s->burst;
    s->to_bad = single ? 0 : fmin(1, s->loss * s->to_good / (1 - s->loss));
    s->pass_bad = 0;
    s->pass_good = single ? 1 - s->loss : 1;
}

static bool read_elliott(lab_shape *s, const char *value)
{
    double share[4];
    const char *at = value;
    for (int i = 0; i < 4; i++) {
        char *end;
        share[i] = strtod(at, &end) / 100;
        if (end == at || !(share[i] >= 0 && share[i] <= 1) || *end != (i < 3 ? ',' : '\0')) {
            return false;
        }
        at = end + 1;
    }
    s->to_bad = share[0];
    s->to_good = share[1];
    s->pass_bad = share[2];
    s->pass_good = share[3];
    return true;
}

static bool read_share(double value, double *out)
{
    *out = value / 100;
    return value <= 100;
}

static bool read_flag(double value, bool *out)
{
    *out = value > 0;
    return value == 0 || value == 1;
}

static bool set_number(lab_shape *s, const char *name, double value)
{
    const struct {
        const char *name;
        int64_t *target;
        double unit;
    } numbers[] = {
        {"rate", &s->rate_bps, 1000},         {"queue", &s->queue_ns, NS_PER_MS}, {"delay", &s->delay_ns, NS_PER_MS},
        {"jitter", &s->jitter_ns, NS_PER_MS}, {"police", &s->police_bps, 1000},   {"bucket", &s->bucket_bytes, 1},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].target = (int64_t)(value * numbers[i].unit);
            return true;
        }
    }
    if (strcmp(name, "reorder") == 0) {
        return read_share(value, &s->reorder);
    }
    if (strcmp(name, "hold") == 0) {
        return read_flag(value, &s->hold);
    }
    if (strcmp(name, "off") == 0) {
        return read_flag(value, &s->off);
    }
    bool ok = strcmp(name, "loss") == 0 ? read_share(value, &s->loss) : strcmp(name, "burst") == 0;
    if (strcmp(name, "burst") == 0) {
        s->burst = value;
    }
    if (ok) {
        apply_loss(s);
    }
    return ok;
}

static bool set(lab_shape *s, const char *name, const char *value)
{
    char *end;
    double number = strtod(value, &end);
    if (strcmp(name, "ge") == 0) {
        return read_elliott(s, value);
    }
    return end != value && *end == '\0' && number >= 0 && number <= VALUE_MAX && set_number(s, name, number);
}

static bool read_word(lab_shape ways[LAB_WAYS], char *word)
{
    if (strcmp(word, "clear") == 0) {
        lab_shape_clear(&ways[LAB_DOWN]);
        lab_shape_clear(&ways[LAB_UP]);
        return true;
    }
    char *value = strchr(word, '=');
    if (!value) {
        return false;
    }
    *value++ = '\0';
    bool down = strncmp(word, "down.", 5) == 0;
    bool up = strncmp(word, "up.", 3) == 0;
    const char *name = down ? word + 5 : up ? word + 3 : word;
    return (up || set(&ways[LAB_DOWN], name, value)) && (down || set(&ways[LAB_UP], name, value));
}

bool lab_shape_read(lab_shape ways[LAB_WAYS], const char *text, char *why, size_t size)
{
    lab_shape changed[LAB_WAYS] = {ways[LAB_DOWN], ways[LAB_UP]};
    char *copy = strdup(text);
    char *rest = copy;
    bool ok = copy != NULL;
    for (char *word; ok && (word = strtok_r(rest, " \t\r\n", &rest)) != NULL;) {
        char said[64];
        (void)snprintf(said, sizeof said, "%s", word);
        ok = read_word(changed, word);
        if (!ok) {
            (void)snprintf(why, size, "\"%s\" is not a setting of a link", said);
        }
    }
    free(copy);
    if (ok) {
        memcpy(ways, changed, sizeof changed);
    }
    return ok;
}
