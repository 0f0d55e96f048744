#include "signaling/store_sql.h"

#include <sqlite3.h>
#include <string.h>

#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/phone_sql.h"

enum {
    PUT_ROOM,
    END_ROOM,
    LOCK_ROOM,
    LAYOUT_ROOM,
    MUTE_ROOM,
    DROP_SEATS,
    PUT_SEAT,
    MUTE_SEAT,
    TIER_SEAT,
    DROP_SEAT,
    REVOKE,
    N_STATEMENTS
};

#define SCHEMA 3 /* PRAGMA user_version */

static const char *const texts[N_STATEMENTS] = {
    [PUT_ROOM] = "INSERT INTO rooms(id, name, created_ms, layout) VALUES(?1, ?3, ?9, ?13) "
                 "ON CONFLICT(id) DO UPDATE SET name = ?3",
    [END_ROOM] = "UPDATE rooms SET ended_ms = ?9, name = '' WHERE id = ?1",
    [LOCK_ROOM] = "UPDATE rooms SET locked = ?11 WHERE id = ?1",
    [LAYOUT_ROOM] = "UPDATE rooms SET layout = ?13 WHERE id = ?1",
    [MUTE_ROOM] = "UPDATE seats SET muted = 1 WHERE room = ?1 AND host = 0 AND role <> ?4",
    [DROP_SEATS] = "DELETE FROM seats WHERE room = ?1",
    [PUT_SEAT] = "INSERT INTO seats(room, seat, name, role, tier, host, muted, fixed, language, signing) "
                 "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?10, ?12, ?14) "
                 "ON CONFLICT(room, seat) DO UPDATE SET name = ?3, role = ?4, host = ?6, fixed = ?10, language = ?12, "
                 "signing = ?14",
    [MUTE_SEAT] = "UPDATE seats SET muted = ?7 WHERE room = ?1 AND seat = ?2",
    [TIER_SEAT] = "UPDATE seats SET tier = ?5 WHERE room = ?1 AND seat = ?2",
    [DROP_SEAT] = "DELETE FROM seats WHERE room = ?1 AND seat = ?2",
    [REVOKE] = "INSERT INTO revocations(room, seat, generation, at_ms) VALUES(?1, ?2, ?8, ?9) "
               "ON CONFLICT(room, seat) DO UPDATE SET generation = max(generation, ?8), at_ms = ?9",
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS rooms(id TEXT PRIMARY KEY, name TEXT NOT NULL, created_ms INTEGER NOT NULL, ended_ms INTEGER, "
    "locked INTEGER NOT NULL DEFAULT 0, layout TEXT NOT NULL DEFAULT 'grid') WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS seats(room TEXT NOT NULL, seat TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, "
    "tier TEXT NOT NULL, host INTEGER NOT NULL, muted INTEGER NOT NULL, "
    "fixed INTEGER NOT NULL DEFAULT 0, language TEXT NOT NULL DEFAULT '', signing INTEGER NOT NULL DEFAULT 0, "
    "PRIMARY KEY(room, seat)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS revocations(room TEXT NOT NULL, seat TEXT NOT NULL, generation INTEGER NOT NULL, "
    "at_ms INTEGER NOT NULL, PRIMARY KEY(room, seat)) WITHOUT ROWID;"
    "PRAGMA user_version = 3;";

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

struct sig_sql {
    sqlite3 *db;
    sig_phone_sql *phone;
    sqlite3_stmt *statements[N_STATEMENTS];
};

static bool fail(sig_sql *s, GError **error)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_INTERNAL, "database: %s", sqlite3_errmsg(s->db));
    return false;
}

static bool run(sig_sql *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int64_t number(sig_sql *s, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t v = -1;
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW) {
        v = sqlite3_column_int64(q, 0);
    }
    sqlite3_finalize(q);
    return v;
}

/* One step after the other, each of them whole. */
static bool lay_out(sig_sql *s, int64_t version, GError **error)
{
    static const struct {
        const char *sql;
        int64_t leads_to;
    } steps[SCHEMA] = {{schema, SCHEMA}, {from_1_to_2, 2}, {from_2_to_3, 3}};
    for (; version >= 0 && version < SCHEMA; version = steps[version].leads_to) {
        if (!run(s, "BEGIN IMMEDIATE") || !run(s, steps[version].sql) || !run(s, "COMMIT")) {
            fail(s, error);
            run(s, "ROLLBACK");
            return false;
        }
    }
    return true;
}

static bool prepare(sig_sql *s, GError **error)
{
    int64_t version = number(s, "PRAGMA user_version");
    if (version > SCHEMA) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "database: made by a newer version (schema %" G_GINT64_FORMAT ")",
                    version);
        return false;
    }
    /* FULL: a commit that was reported is on the disk, also after a power failure. */
    if (!run(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")) {
        return fail(s, error);
    }
    if (!lay_out(s, version, error)) {
        return false;
    }
    for (int i = 0; i < N_STATEMENTS; i++) {
        if (sqlite3_prepare_v3(s->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL) != SQLITE_OK) {
            return fail(s, error);
        }
    }
    s->phone = sig_phone_sql_open(s->db);
    return s->phone || fail(s, error);
}

sig_sql *sig_sql_open(const char *path, GError **error)
{
    sig_sql *s = g_new0(sig_sql, 1);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(path, &s->db, flags, NULL) == SQLITE_OK || fail(s, error);
    if (ok) {
        sqlite3_busy_timeout(s->db, 3000);
        ok = prepare(s, error);
    }
    if (!ok) {
        g_prefix_error(error, "%s: ", path);
        sig_sql_close(s);
        return NULL;
    }
    return s;
}

void sig_sql_close(sig_sql *s)
{
    if (!s) {
        return;
    }
    for (int i = 0; i < N_STATEMENTS; i++) {
        sqlite3_finalize(s->statements[i]);
    }
    sig_phone_sql_close(s->phone);
    sqlite3_close(s->db);
    g_free(s);
}

bool sig_sql_prune(sig_sql *s, int64_t before_ms, GError **error)
{
    g_autofree char *sql = g_strdup_printf("DELETE FROM rooms WHERE ended_ms < %" G_GINT64_FORMAT ";"
                                           "DELETE FROM revocations WHERE room NOT IN (SELECT id FROM rooms);",
                                           before_ms);
    return (run(s, sql) && sig_phone_sql_prune(s->phone, before_ms)) || fail(s, error);
}

static void copy(char *out, size_t size, sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    g_strlcpy(out, text ? text : "", size);
}

/* Every query has the same columns: room, seat, name, role, tier, host, muted, generation, at_ms, fixed, locked, language,
 * layout, signing. */
static bool replay(sig_sql *s, const char *sql, sig_change_kind kind, sig_change_fn each, void *user)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK) {
        return false;
    }
    int step = 0;
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        sig_change c = {.kind = kind};
        copy(c.room, sizeof c.room, q, 0);
        copy(c.seat, sizeof c.seat, q, 1);
        copy(c.name, sizeof c.name, q, 2);
        copy(c.role, sizeof c.role, q, 3);
        copy(c.tier, sizeof c.tier, q, 4);
        c.host = sqlite3_column_int(q, 5) != 0;
        c.muted = sqlite3_column_int(q, 6) != 0;
        c.generation = sqlite3_column_int64(q, 7);
        c.at_ms = sqlite3_column_int64(q, 8);
        c.fixed = sqlite3_column_int(q, 9) != 0;
        c.locked = sqlite3_column_int(q, 10) != 0;
        copy(c.language, sizeof c.language, q, 11);
        copy(c.layout, sizeof c.layout, q, 12);
        c.signing = sqlite3_column_int(q, 13) != 0;
        each(user, &c);
    }
    sqlite3_finalize(q);
    return step == SQLITE_DONE;
}

bool sig_sql_load(sig_sql *s, sig_change_fn each, void *user, GError **error)
{
    static const struct {
        const char *sql;
        sig_change_kind kind;
    } queries[] = {
        {"SELECT id, '', name, '', '', 0, 0, 0, created_ms, 0, 0, '', layout, 0 FROM rooms", SIG_ROOM_PUT},
        {"SELECT id, '', '', '', '', 0, 0, 0, 0, 0, locked, '', '', 0 FROM rooms WHERE locked", SIG_ROOM_LOCK},
        {"SELECT room, seat, '', '', '', 0, 0, generation, at_ms, 0, 0, '', '', 0 FROM revocations", SIG_SEAT_DROP},
        {"SELECT room, seat, name, role, tier, host, muted, 0, 0, fixed, 0, language, '', signing FROM seats", SIG_SEAT_PUT},
        {"SELECT id, '', '', '', '', 0, 0, 0, ended_ms, 0, 0, '', '', 0 FROM rooms WHERE ended_ms IS NOT NULL", SIG_ROOM_END},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(queries); i++) {
        if (!replay(s, queries[i].sql, queries[i].kind, each, user)) {
            return fail(s, error);
        }
    }
    return sig_phone_sql_load(s->phone, each, user) || fail(s, error);
}

int64_t sig_sql_next_generation(sig_sql *s, GError **error)
{
    if (!run(s, "INSERT INTO meta(key, value) VALUES('generation', 1) ON CONFLICT(key) DO UPDATE SET value = value + 1")) {
        fail(s, error);
        return 0;
    }
    return number(s, "SELECT value FROM meta WHERE key = 'generation'");
}

static bool execute(sig_sql *s, int statement, const sig_change *c)
{
    sqlite3_stmt *q = s->statements[statement];
    const char *const text[] = {c->room, c->seat, c->name, c->role, c->tier};
    const int64_t value[] = {c->host, c->muted, c->generation, c->at_ms, c->fixed, c->locked};
    int most = sqlite3_bind_parameter_count(q); /* a text names only the parameters that it uses */
    for (int i = 0; i < 11 && i < most; i++) {
        if (i < 5) {
            sqlite3_bind_text(q, i + 1, text[i], -1, SQLITE_STATIC);
        } else {
            sqlite3_bind_int64(q, i + 1, value[i - 5]);
        }
    }
    if (most >= 12) {
        sqlite3_bind_text(q, 12, c->language, -1, SQLITE_STATIC);
    }
    if (most >= 13) {
        sqlite3_bind_text(q, 13, c->layout, -1, SQLITE_STATIC);
    }
    if (most >= 14) {
        sqlite3_bind_int64(q, 14, c->signing);
    }
    bool ok = sqlite3_step(q) == SQLITE_DONE;
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
    return ok;
}

static bool apply_one(sig_sql *s, const sig_change *c)
{
    switch (c->kind) {
    case SIG_ROOM_PUT:
        return execute(s, PUT_ROOM, c);
    case SIG_ROOM_END:
        return execute(s, END_ROOM, c) && execute(s, DROP_SEATS, c) && sig_phone_sql_forget(s->phone, c);
    case SIG_ROOM_LOCK:
        return execute(s, LOCK_ROOM, c);
    case SIG_ROOM_LAYOUT:
        return execute(s, LAYOUT_ROOM, c);
    case SIG_ROOM_MUTE:
        return execute(s, MUTE_ROOM, c);
    case SIG_SEAT_PUT:
        return execute(s, PUT_SEAT, c);
    case SIG_SEAT_MUTE:
        return execute(s, MUTE_SEAT, c);
    case SIG_SEAT_TIER:
        return execute(s, TIER_SEAT, c);
    case SIG_SEAT_DROP:
        return execute(s, DROP_SEAT, c) && execute(s, REVOKE, c) && sig_phone_sql_forget(s->phone, c);
    case SIG_PIN_PUT:
    case SIG_PIN_DROP:
    case SIG_NUMBER_PUT:
    case SIG_CALL_PUT:
        return sig_phone_sql_apply(s->phone, c);
    case SIG_CHANGE_NONE:
        break;
    }
    return false;
}

bool sig_sql_begin(sig_sql *s)
{
    return run(s, "BEGIN IMMEDIATE");
}

bool sig_sql_apply(sig_sql *s, const sig_change *changes, unsigned n)
{
    bool ok = run(s, "SAVEPOINT one");
    for (unsigned i = 0; ok && i < n; i++) {
        ok = apply_one(s, &changes[i]);
    }
    if (!ok) {
        mcu_error_log("store.write", "error=%d", sqlite3_extended_errcode(s->db));
        run(s, "ROLLBACK TO one");
    }
    return run(s, "RELEASE one") && ok;
}

bool sig_sql_probe(sig_sql *s)
{
    bool ok = run(s, "BEGIN IMMEDIATE; UPDATE meta SET value = value WHERE key = 'generation'; COMMIT");
    if (!sqlite3_get_autocommit(s->db)) {
        run(s, "ROLLBACK");
    }
    return ok;
}

bool sig_sql_commit(sig_sql *s)
{
    if (run(s, "COMMIT")) {
        return true;
    }
    mcu_error_log("store.commit", "error=%d", sqlite3_extended_errcode(s->db));
    run(s, "ROLLBACK");
    return false;
}
