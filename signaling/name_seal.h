/* name_seal.h - names in the database as only this server can read them: AES-256-GCM with the key in DATA/names.key (0600).
 * Thread: that of the database. In SQL: sealed(TEXT) gives a blob, unsealed(BLOB) the text; what is empty stays empty, and text
 * of an older database is read as it is. */
#ifndef SIGNALING_NAME_SEAL_H
#define SIGNALING_NAME_SEAL_H

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

/* Makes the key at the first start; `db` keeps it until it is closed. */
bool sig_name_seal_install(sqlite3 *db, const char *folder, GError **error);

#endif
