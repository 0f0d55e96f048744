/* store_sql.h - the SQL behind store.h.  Thread: one at a time; the store's after sig_store_start(). */
#ifndef SIGNALING_STORE_SQL_H
#define SIGNALING_STORE_SQL_H

#include "signaling/store.h"

typedef struct sig_sql sig_sql;

sig_sql *sig_sql_open(const char *path, GError **error);
void sig_sql_close(sig_sql *s);
bool sig_sql_prune(sig_sql *s, int64_t before_ms, GError **error);
bool sig_sql_load(sig_sql *s, sig_change_fn each, void *user, GError **error);
int64_t sig_sql_next_generation(sig_sql *s, GError **error);

/* begin, then for each group apply (false = that group alone was rolled back), then commit. */
bool sig_sql_begin(sig_sql *s);
bool sig_sql_apply(sig_sql *s, const sig_change *changes, unsigned n);
bool sig_sql_probe(sig_sql *s); /* whether a transaction that changes nothing can be written */
bool sig_sql_commit(sig_sql *s);
/* Brings what was committed from the log into the file when there is enough of it, for which somebody may `wait`, or far too
 * much. Takes several syncs: not within a commit. */
void sig_sql_tidy(sig_sql *s, bool wait);

#endif
