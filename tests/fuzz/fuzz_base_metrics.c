/* fuzz_base_metrics.c - any JSON as a room's metrics: adding it up and printing it never fails. */
#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "mcu/base/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *from = json_loadb((const char *)data, size, 0, NULL);
    json_t *into = json_array();
    mcu_metrics_json_merge(into, from);
    mcu_metrics_json_merge(into, from);
    g_free(mcu_metrics_text(into));
    g_free(mcu_metrics_text(from));
    json_decref(into);
    json_decref(from);
    return 0;
}
