#include "signaling/store_schema.h"

#include <stdint.h>

#include "mcu/base/status.h"

#define SCHEMA 9 /* PRAGMA user_version */

#define RECORDINGS                                                                                                               \
    "CREATE TABLE IF NOT EXISTS consents(room TEXT NOT NULL, seat TEXT NOT NULL, given INTEGER NOT NULL, version TEXT NOT "      \
    "NULL, "                                                                                                                     \
    "method TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY(room, seat)) WITHOUT ROWID;"                                      \
    "CREATE TABLE IF NOT EXISTS recordings(id TEXT PRIMARY KEY, room TEXT NOT NULL, policy TEXT NOT NULL, tier TEXT NOT NULL, "  \
    "created_ms INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '', ended_ms INTEGER, "                      \
    "hold INTEGER NOT NULL DEFAULT 0, shredded_ms INTEGER) WITHOUT ROWID;"                                                       \
    "CREATE TABLE IF NOT EXISTS segments(recording TEXT NOT NULL, segment INTEGER NOT NULL, file TEXT NOT NULL, state TEXT NOT " \
    "NULL, "                                                                                                                     \
    "hash TEXT NOT NULL, bytes INTEGER NOT NULL, media_ms INTEGER NOT NULL, started_ms INTEGER NOT NULL, "                       \
    "PRIMARY KEY(recording, segment)) WITHOUT ROWID;"

/* Where a segment is besides on this server's disks: signaling/upload.h */
#define STORED                                                                                                                   \
    "ALTER TABLE segments ADD COLUMN stored TEXT NOT NULL DEFAULT '';"                                                           \
    "ALTER TABLE recordings ADD COLUMN stored TEXT NOT NULL DEFAULT '';"

/* Until when a link opens the seat; whose links were withdrawn. */
#define LINKS                                                                                                                    \
    "ALTER TABLE seats ADD COLUMN expires_ms INTEGER NOT NULL DEFAULT 0;"                                                        \
    "ALTER TABLE revocations ADD COLUMN name TEXT NOT NULL DEFAULT '';"                                                          \
    "ALTER TABLE revocations ADD COLUMN role TEXT NOT NULL DEFAULT '';"                                                          \
    "ALTER TABLE revocations ADD COLUMN host INTEGER NOT NULL DEFAULT 0;"

/* What a withdrawn link was made with, for a new one. */
#define MARKS                                                                                                                    \
    "ALTER TABLE revocations ADD COLUMN language TEXT NOT NULL DEFAULT '';"                                                      \
    "ALTER TABLE revocations ADD COLUMN fixed INTEGER NOT NULL DEFAULT 0;"                                                       \
    "ALTER TABLE revocations ADD COLUMN signing INTEGER NOT NULL DEFAULT 0;"

/* Whose interpretation a seat hears, or the link that was withdrawn said. */
#define HEARS                                                                                                                    \
    "ALTER TABLE seats ADD COLUMN hears TEXT NOT NULL DEFAULT '';"                                                               \
    "ALTER TABLE revocations ADD COLUMN hears TEXT NOT NULL DEFAULT '';"

/* Who sees the evidence in the picture: SIG_EVIDENCE_*. */
#define EVIDENCE "ALTER TABLE rooms ADD COLUMN evidence TEXT NOT NULL DEFAULT 'picture';"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS rooms(id TEXT PRIMARY KEY, name TEXT NOT NULL, created_ms INTEGER NOT NULL, ended_ms INTEGER, "
    "locked INTEGER NOT NULL DEFAULT 0, layout TEXT NOT NULL DEFAULT 'grid', recording TEXT NOT NULL DEFAULT 'nobody') WITHOUT "
    "ROWID;"
    "CREATE TABLE IF NOT EXISTS seats(room TEXT NOT NULL, seat TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, "
    "tier TEXT NOT NULL, host INTEGER NOT NULL, muted INTEGER NOT NULL, "
    "fixed INTEGER NOT NULL DEFAULT 0, language TEXT NOT NULL DEFAULT '', signing INTEGER NOT NULL DEFAULT 0, "
    "PRIMARY KEY(room, seat)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS revocations(room TEXT NOT NULL, seat TEXT NOT NULL, generation INTEGER NOT NULL, "
    "at_ms INTEGER NOT NULL, PRIMARY KEY(room, seat)) WITHOUT ROWID;" RECORDINGS STORED EVIDENCE LINKS MARKS HEARS
    "PRAGMA user_version = 9;";

/* Roles were free words then. */
static const char from_1_to_2[] = "ALTER TABLE rooms ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;"
                                  "ALTER TABLE seats ADD COLUMN fixed INTEGER NOT NULL DEFAULT 0;"
                                  "ALTER TABLE seats ADD COLUMN language TEXT NOT NULL DEFAULT '';"
                                  "UPDATE seats SET role = 'clinician' WHERE role = 'provider';"
                                  "UPDATE seats SET role = 'guest' WHERE role NOT IN "
                                  "('patient', 'clinician', 'interpreter', 'guest', 'observer', 'kiosk', 'compliance');"
                                  "PRAGMA user_version = 2;";

static const char from_2_to_3[] = "ALTER TABLE rooms ADD COLUMN layout TEXT NOT NULL DEFAULT 'grid';"
                                  "ALTER TABLE seats ADD COLUMN signing INTEGER NOT NULL DEFAULT 0;"
                                  "PRAGMA user_version = 3;";

static const char from_3_to_4[] =
    "ALTER TABLE rooms ADD COLUMN recording TEXT NOT NULL DEFAULT 'nobody';" RECORDINGS "PRAGMA user_version = 4;";

static const char from_4_to_5[] =
    "UPDATE rooms SET name = sealed(name) WHERE typeof(name) = 'text' AND name <> '';"
    "UPDATE seats SET name = sealed(name) WHERE typeof(name) = 'text';" STORED "PRAGMA user_version = 5;";

static const char from_5_to_6[] = EVIDENCE "PRAGMA user_version = 6;";

static const char from_6_to_7[] = LINKS "PRAGMA user_version = 7;";

static const char from_7_to_8[] = MARKS "PRAGMA user_version = 8;";

static const char from_8_to_9[] = HEARS "PRAGMA user_version = 9;";

static bool fail(sqlite3 *db, GError **error)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "database: %s", sqlite3_errmsg(db));
    return false;
}

static bool run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int64_t version_of(sqlite3 *db)
{
    sqlite3_stmt *q = NULL;
    int64_t v = -1;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW) {
        v = sqlite3_column_int64(q, 0);
    }
    sqlite3_finalize(q);
    return v;
}

/* One step after the other, each of them whole. */
bool sig_store_schema_apply(sqlite3 *db, GError **error)
{
    static const struct {
        const char *sql;
        int64_t leads_to;
    } steps[SCHEMA] = {{schema, SCHEMA}, {from_1_to_2, 2}, {from_2_to_3, 3}, {from_3_to_4, 4}, {from_4_to_5, 5},
                       {from_5_to_6, 6}, {from_6_to_7, 7}, {from_7_to_8, 8}, {from_8_to_9, 9}};
    int64_t version = version_of(db);
    if (version > SCHEMA) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "database: made by a newer version (schema %" G_GINT64_FORMAT ")",
                    version);
        return false;
    }
    if (version < 0) {
        return fail(db, error);
    }
    for (; version < SCHEMA; version = steps[version].leads_to) {
        if (!run(db, "BEGIN IMMEDIATE") || !run(db, steps[version].sql) || !run(db, "COMMIT")) {
            fail(db, error);
            run(db, "ROLLBACK");
            return false;
        }
    }
    return true;
}
