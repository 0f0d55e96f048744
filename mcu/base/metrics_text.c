/* metrics_text.c - metric arrays: adding one to another, and the Prometheus
 * text form.  Thread: the caller's. The arrays come from room processes, which
 * handle hostile media: every member is checked. */
#include "mcu/base/metrics.h"

#include <glib.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char *text_of(const json_t *metric, const char *key)
{
    const char *s = json_string_value(json_object_get(metric, key));
    return s ? s : "";
}

static bool same_series(const json_t *a, const json_t *b)
{
    return strcmp(text_of(a, "name"), text_of(b, "name")) == 0 && strcmp(text_of(a, "label"), text_of(b, "label")) == 0 &&
           strcmp(text_of(a, "type"), text_of(b, "type")) == 0;
}

static bool is_name(const char *s)
{
    if (!g_ascii_isalpha(*s) && *s != '_') {
        return false;
    }
    for (; *s; s++) {
        if (!g_ascii_isalnum(*s) && *s != '_' && *s != ':') {
            return false;
        }
    }
    return true;
}

/* Empty, or key="value" without anything that would end the value early. */
static bool is_label(const char *s)
{
    if (!*s) {
        return true;
    }
    const char *value = strstr(s, "=\"");
    if (!value || value == s) {
        return false;
    }
    for (const char *p = s; p < value; p++) {
        if (!g_ascii_isalnum(*p) && *p != '_') {
            return false;
        }
    }
    value += 2;
    size_t n = strcspn(value, "\"\\\n");
    return value[n] == '"' && value[n + 1] == '\0';
}

static bool is_histogram(const json_t *m)
{
    const json_t *bounds = json_object_get(m, "bounds");
    const json_t *counts = json_object_get(m, "counts");
    if (!json_is_array(bounds) || !json_is_array(counts) || json_array_size(counts) != json_array_size(bounds) + 1) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(counts); i++) {
        if (!json_is_integer(json_array_get(counts, i)) || (i > 0 && !json_is_number(json_array_get(bounds, i - 1)))) {
            return false;
        }
    }
    return json_is_number(json_object_get(m, "sum")) && json_is_integer(json_object_get(m, "count"));
}

static bool is_metric(const json_t *m)
{
    if (!json_is_object(m) || !is_name(text_of(m, "name")) || !is_label(text_of(m, "label"))) {
        return false;
    }
    const char *type = text_of(m, "type");
    if (strcmp(type, "histogram") == 0) {
        return is_histogram(m);
    }
    return (strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0) && json_is_integer(json_object_get(m, "value"));
}

static void add_integer(json_t *into, const json_t *from)
{
    json_integer_set(into, json_integer_value(into) + json_integer_value(from));
}

static void merge_one(json_t *into, const json_t *from)
{
    if (strcmp(text_of(into, "type"), "histogram") != 0) {
        add_integer(json_object_get(into, "value"), json_object_get(from, "value"));
        return;
    }
    if (!json_equal(json_object_get(into, "bounds"), json_object_get(from, "bounds"))) {
        return; /* another build's buckets cannot be added to ours */
    }
    json_t *counts = json_object_get(into, "counts");
    for (size_t i = 0; i < json_array_size(counts); i++) {
        add_integer(json_array_get(counts, i), json_array_get(json_object_get(from, "counts"), i));
    }
    add_integer(json_object_get(into, "count"), json_object_get(from, "count"));
    double sum = json_number_value(json_object_get(into, "sum")) + json_number_value(json_object_get(from, "sum"));
    json_object_set_new(into, "sum", json_real(isfinite(sum) ? sum : 0));
}

void mcu_metrics_json_merge(json_t *into, const json_t *from)
{
    for (size_t i = 0; i < json_array_size(from); i++) {
        const json_t *metric = json_array_get(from, i);
        if (!is_metric(metric)) {
            continue;
        }
        json_t *found = NULL;
        for (size_t k = 0; k < json_array_size(into) && !found; k++) {
            json_t *candidate = json_array_get(into, k);
            found = same_series(candidate, metric) ? candidate : NULL;
        }
        if (found) {
            merge_one(found, metric);
        } else {
            json_array_append_new(into, json_deep_copy(metric));
        }
    }
}

static void put_header(GString *out, const json_t *metric)
{
    const char *name = text_of(metric, "name");
    g_string_append_printf(out, "# HELP %s ", name);
    for (const char *p = text_of(metric, "help"); *p; p++) {
        if (*p == '\\' || *p == '\n') {
            g_string_append(out, *p == '\n' ? "\\n" : "\\\\");
        } else {
            g_string_append_c(out, *p);
        }
    }
    g_string_append_printf(out, "\n# TYPE %s %s\n", name, text_of(metric, "type"));
}

static void put_double(GString *out, double v)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append(out, g_ascii_formatd(text, sizeof text, "%.9g", v));
}

static void put_histogram(GString *out, const json_t *metric)
{
    const char *name = text_of(metric, "name");
    const char *label = text_of(metric, "label");
    const char *comma = *label ? "," : "";
    const json_t *bounds = json_object_get(metric, "bounds");
    const json_t *counts = json_object_get(metric, "counts");
    json_int_t running = 0;
    for (size_t i = 0; i < json_array_size(counts); i++) {
        running += json_integer_value(json_array_get(counts, i));
        g_string_append_printf(out, "%s_bucket{%s%sle=\"", name, label, comma);
        if (i < json_array_size(bounds)) {
            put_double(out, json_number_value(json_array_get(bounds, i)));
        } else {
            g_string_append(out, "+Inf");
        }
        g_string_append_printf(out, "\"} %" JSON_INTEGER_FORMAT "\n", running);
    }
    const char *open = *label ? "{" : "";
    const char *close = *label ? "}" : "";
    g_string_append_printf(out, "%s_sum%s%s%s ", name, open, label, close);
    put_double(out, json_number_value(json_object_get(metric, "sum")));
    g_string_append_printf(out, "\n%s_count%s%s%s %" JSON_INTEGER_FORMAT "\n", name, open, label, close, running);
}

static void put_series(GString *out, const json_t *metric)
{
    if (strcmp(text_of(metric, "type"), "histogram") == 0) {
        put_histogram(out, metric);
        return;
    }
    const char *label = text_of(metric, "label");
    g_string_append_printf(out, "%s%s%s%s %" JSON_INTEGER_FORMAT "\n", text_of(metric, "name"), *label ? "{" : "", label,
                           *label ? "}" : "", json_integer_value(json_object_get(metric, "value")));
}

/* All series of a name must stand together under one header. */
char *mcu_metrics_text(const json_t *array)
{
    GString *out = g_string_new(NULL);
    GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < json_array_size(array); i++) {
        const json_t *first = json_array_get(array, i);
        const char *name = text_of(first, "name");
        if (!is_metric(first) || !g_hash_table_add(seen, (gpointer)(uintptr_t)name)) {
            continue;
        }
        put_header(out, first);
        for (size_t k = i; k < json_array_size(array); k++) {
            const json_t *metric = json_array_get(array, k);
            bool belongs =
                strcmp(text_of(metric, "name"), name) == 0 && strcmp(text_of(metric, "type"), text_of(first, "type")) == 0;
            if (belongs && is_metric(metric)) {
                put_series(out, metric);
            }
        }
    }
    g_hash_table_destroy(seen);
    return g_string_free(out, FALSE);
}
