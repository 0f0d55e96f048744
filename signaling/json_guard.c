#include "signaling/json_guard.h"

#include <stdbool.h>

#include "mcu/base/status.h"

static bool within_bounds(const char *text, size_t length)
{
    unsigned depth = 0, keys = 0;
    bool string = false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (string) {
            i += c == '\\';
            string = c != '"';
        } else if (c == '"') {
            string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > SIG_JSON_DEPTH) {
                return false;
            }
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
        } else if (c == ':' || c == ',') { /* members and items alike: both cost an allocation */
            if (++keys > 2 * SIG_JSON_KEYS) {
                return false;
            }
        }
    }
    return true;
}

json_t *sig_json_object(const char *text, size_t length, GError **error)
{
    if (length > SIG_JSON_BYTES || !within_bounds(text, length)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "too large, too deep or too many members");
        return NULL;
    }
    json_error_t why;
    json_t *v = json_loadb(text, length, JSON_REJECT_DUPLICATES, &why);
    if (!v) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "not JSON: line %d, column %d", why.line, why.column);
        return NULL;
    }
    if (!json_is_object(v)) {
        json_decref(v);
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "must be a JSON object");
        return NULL;
    }
    return v;
}
