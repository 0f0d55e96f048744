#include "mcu/base/layout_reader.h"

#include <stdarg.h>
#include <stdint.h>

#include "mcu/base/status.h"

bool mcu_layout_read_refuse(const mcu_layout_reader *r, const char *key, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *reason = g_strdup_vprintf(format, args);
    va_end(args);
    const char *dot = r->path->len && *key ? "." : "";
    const char *whole = r->path->len || *key ? "" : "document";
    g_set_error(r->error, MCU_ERROR, MCU_ERROR_CONFIG, "%s%s%s%s: %s", r->path->str, dot, key, whole, reason);
    return false;
}

gsize mcu_layout_read_enter(mcu_layout_reader *r, const char *key, size_t index)
{
    gsize before = r->path->len;
    g_string_append_printf(r->path, "%s%s.%zu", before ? "." : "", key, index);
    return before;
}

void mcu_layout_read_leave(mcu_layout_reader *r, gsize before)
{
    g_string_truncate(r->path, before);
}

bool mcu_layout_read_known(const mcu_layout_reader *r, const json_t *o, const char *const *keys)
{
    if (!json_is_object(o)) {
        return mcu_layout_read_refuse(r, "", "must be an object");
    }
    for (void *i = json_object_iter((json_t *)(uintptr_t)o); i; i = json_object_iter_next((json_t *)(uintptr_t)o, i)) {
        const char *key = json_object_iter_key(i);
        if (!g_strv_contains(keys, key)) {
            g_autofree char *list = g_strjoinv(", ", (char **)(uintptr_t)keys);
            return mcu_layout_read_refuse(r, key, "is not known; there are %s", list);
        }
    }
    return true;
}

/* A range of whole numbers, [low, high]. What is absent stays as it is. */
bool mcu_layout_read_range(const mcu_layout_reader *r, const json_t *o, const char *key, int most, int *low, int *high)
{
    const json_t *v = json_object_get(o, key);
    if (!v) {
        return true;
    }
    const json_t *a = json_array_get(v, 0), *b = json_array_get(v, 1);
    bool ok = json_array_size(v) == 2 && json_is_integer(a) && json_is_integer(b) && json_integer_value(a) >= 0 &&
              json_integer_value(a) <= json_integer_value(b) && json_integer_value(b) <= most;
    if (!ok) {
        return mcu_layout_read_refuse(r, key, "must be [least, most], whole numbers from 0 to %d", most);
    }
    *low = (int)json_integer_value(a);
    *high = (int)json_integer_value(b);
    return true;
}

bool mcu_layout_read_flag(const mcu_layout_reader *r, const json_t *o, const char *key, bool *out)
{
    const json_t *v = json_object_get(o, key);
    *out = json_is_true(v);
    return !v || json_is_boolean(v) || mcu_layout_read_refuse(r, key, "must be true or false");
}

bool mcu_layout_read_number(const mcu_layout_reader *r, const json_t *o, const char *key, double least, double most, double *out)
{
    const json_t *v = json_object_get(o, key);
    double d = json_number_value(v);
    if (v && (!json_is_number(v) || d < least || d > most)) {
        return mcu_layout_read_refuse(r, key, "must be a number from %g to %g", least, most);
    }
    *out = v ? d : *out;
    return true;
}
