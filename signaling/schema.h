/* schema.h - checks a JSON value against the schema that the server itself publishes.  Thread: any; immutable once loaded.
 * The subset of JSON Schema 2020-12 that assets/api uses: type, properties, required, additionalProperties (bool), enum, const,
 * minLength, maxLength, minimum, maximum, items, minItems, maxItems, $ref (local), and oneOf whose branches differ by const
 * "type". */
#ifndef SIGNALING_SCHEMA_H
#define SIGNALING_SCHEMA_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

typedef struct sig_schema sig_schema;

/* Reads a file; MCU_ERROR_CONFIG when it is not JSON. */
sig_schema *sig_schema_load(const char *path, GError **error);
sig_schema *sig_schema_from_json(json_t *take_document);
void sig_schema_free(sig_schema *s);
const json_t *sig_schema_document(const sig_schema *s);

/* Checks `value` against the part of the document at `pointer` ("#/$defs/join"). False: MCU_ERROR_BAD_REQUEST whose message names
 * the member ("sdp: must be a string"). An unknown pointer or keyword value is our own mistake and fails every value. */
bool sig_schema_check(const sig_schema *s, const char *pointer, const json_t *value, GError **error);

#endif
