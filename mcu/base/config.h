/* config.h - one INI file against a table of keys; every key has a default.  Thread: read once at start, immutable afterwards.
 * An unknown section or key, or a bad value, is an error that names file, line and reason. TESSERA_SECTION_KEY overrides. */
#ifndef MCU_BASE_CONFIG_H
#define MCU_BASE_CONFIG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum { MCU_CONFIG_NONE = 0, MCU_CONFIG_STRING, MCU_CONFIG_INT, MCU_CONFIG_BOOL, MCU_CONFIG_LIST } mcu_config_type;

typedef struct {
    const char *section;
    const char *key;
    mcu_config_type type;
    const char *fallback; /* as text; a list is separated by ';', a comma in it is an error */
    int64_t min, max;     /* INT only; both 0 = any */
    const char *help;     /* one line, for `tessera --help-config` */
} mcu_config_key;

typedef struct mcu_config mcu_config;

/* `path` NULL = defaults and environment only. `keys` ends with a row whose section is NULL and must outlive the result. */
mcu_config *mcu_config_load(const char *path, const mcu_config_key *keys, GError **error);
void mcu_config_free(mcu_config *c);
/* Asking for a key that is not in the table is a programming error (g_assert). */
const char *mcu_config_str(const mcu_config *c, const char *section, const char *key);
int64_t mcu_config_int(const mcu_config *c, const char *section, const char *key);
bool mcu_config_bool(const mcu_config *c, const char *section, const char *key);
const char *const *mcu_config_list(const mcu_config *c, const char *section, const char *key); /* NULL-terminated */

#endif
