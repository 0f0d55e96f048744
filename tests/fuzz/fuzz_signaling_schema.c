/* A stranger's object against what we publish: the first byte chooses the message side or a body of REST. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/json_guard.h"
#include "signaling/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *file, *pointer;
} targets[] = {{"messages.json", "#/$defs/client"},
               {"messages.json", "#/$defs/server"},
               {"openapi.json", "#/components/schemas/RoomRequest"},
               {"openapi.json", "#/components/schemas/LinkRequest"},
               {"openapi.json", "#/components/schemas/TierRequest"},
               {"openapi.json", "#/components/schemas/Room"}};

static const sig_schema *loaded(unsigned target)
{
    static sig_schema *documents[G_N_ELEMENTS(targets)];
    if (!documents[target]) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = g_build_filename(TESSERA_SOURCE_DIR, "assets", "api", targets[target].file, NULL);
        documents[target] = sig_schema_load(path, &error);
    }
    return documents[target];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    unsigned target = data[0] % G_N_ELEMENTS(targets);
    json_t *v = sig_json_object((const char *)data + 1, size - 1, NULL);
    if (!v) {
        return 0;
    }
    g_autoptr(GError) error = NULL;
    bool fits = sig_schema_check(loaded(target), targets[target].pointer, v, &error);
    if (fits != (error == NULL) || (error && !g_utf8_validate(error->message, -1, NULL))) {
        abort();
    }
    json_decref(v);
    return 0;
}
