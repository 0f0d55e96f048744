/* json_guard.h - JSON text from a stranger: bounded before it is parsed.  Thread: any. */
#ifndef SIGNALING_JSON_GUARD_H
#define SIGNALING_JSON_GUARD_H

#include <glib.h>
#include <jansson.h>

#define SIG_JSON_DEPTH 16
#define SIG_JSON_KEYS 256
#define SIG_JSON_BYTES 65536

/* An object, or NULL with MCU_ERROR_BAD_REQUEST. Depth and members are counted on the text, so a bomb costs one pass and no
 * memory. */
json_t *sig_json_object(const char *text, size_t length, GError **error);

#endif
