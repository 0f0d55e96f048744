/* phone_sql.h - the tables of telephones in the store's database: PINs, numbers on file, records of calls.  Thread: as
 * store_sql.h. Private to the store. */
#ifndef SIGNALING_PHONE_SQL_H
#define SIGNALING_PHONE_SQL_H

#include <sqlite3.h>

#include "signaling/store.h"

typedef struct sig_phone_sql sig_phone_sql;
sig_phone_sql *sig_phone_sql_open(sqlite3 *db); /* makes the tables; NULL = sqlite3_errmsg() says why */
void sig_phone_sql_close(sig_phone_sql *s);
bool sig_phone_sql_apply(sig_phone_sql *s, const sig_change *c);
bool sig_phone_sql_forget(sig_phone_sql *s, const sig_change *c); /* a room has ended, a seat was dropped */
bool sig_phone_sql_prune(sig_phone_sql *s, int64_t before_ms);
bool sig_phone_sql_load(sig_phone_sql *s, sig_change_fn each, void *user);

#endif
