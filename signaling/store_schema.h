/* store_schema.h - the tables behind store.h, and how a database of an older version is brought up to date.  Thread: start only.
 */
#ifndef SIGNALING_STORE_SCHEMA_H
#define SIGNALING_STORE_SCHEMA_H

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

/* False: the database is of a newer version (MCU_ERROR_CONFIG) or cannot be written (MCU_ERROR_INTERNAL). */
bool sig_store_schema_apply(sqlite3 *db, GError **error);

#endif
