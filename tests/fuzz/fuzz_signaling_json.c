/* Any bytes as a message or a body: an object within the bounds, or an error. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "signaling/json_guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

/* Members and items of a value and of all below it. */
static unsigned count(const json_t *v, unsigned depth)
{
    unsigned n = 0;
    const char *key = NULL;
    json_t *member = NULL;
    size_t i = 0;
    check(depth <= SIG_JSON_DEPTH);
    if (json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key, member)
        {
            n += 1 + count(member, depth + (json_is_object(member) || json_is_array(member)));
        }
    }
    json_array_foreach(v, i, member)
    {
        n += 1 + count(member, depth + (json_is_object(member) || json_is_array(member)));
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *exact = g_memdup2(data, size);
    json_t *v = sig_json_object(exact ? exact : "", size, &error);
    check((v == NULL) == (error != NULL) && (!v || json_is_object(v)));
    if (v) {
        /* what is alone in its array has no comma: at most one at every depth for each comma or colon */
        check(count(v, 1) <= (2 * SIG_JSON_KEYS + 1) * SIG_JSON_DEPTH);
        json_decref(v);
    }
    return 0;
}
