#include "signaling/phone_sql.h"

#include <string.h>

enum { PUT_PIN, DROP_PIN, PUT_NUMBER, PUT_CALL, FORGET_PINS, FORGET_NUMBERS, N_STATEMENTS };

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS pins(key TEXT PRIMARY KEY, room TEXT NOT NULL, seat TEXT NOT NULL, name TEXT NOT NULL, "
    "role TEXT NOT NULL, host INTEGER NOT NULL, once INTEGER NOT NULL, language TEXT NOT NULL, until_ms INTEGER NOT NULL) "
    "WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS numbers(room TEXT NOT NULL, seat TEXT NOT NULL, sealed TEXT NOT NULL, PRIMARY KEY(room, seat)) "
    "WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS calls(key TEXT PRIMARY KEY, room TEXT NOT NULL, ended_ms INTEGER NOT NULL, record TEXT NOT NULL) "
    "WITHOUT ROWID;"
    "UPDATE pins SET name = sealed(name) WHERE typeof(name) = 'text' AND name <> '';"; /* of an older version */

/* ?1 key ?2 room ?3 seat ?4 name ?5 role ?6 language ?7 sealed ?8 record ?9 host ?10 once ?11 at_ms */
static const char *const texts[N_STATEMENTS] = {
    [PUT_PIN] = "INSERT OR REPLACE INTO pins(key, room, seat, name, role, language, host, once, until_ms) "
                "VALUES(?1, ?2, ?3, sealed(?4), ?5, ?6, ?9, ?10, ?11)",
    [DROP_PIN] = "DELETE FROM pins WHERE key = ?1",
    [PUT_NUMBER] = "INSERT OR REPLACE INTO numbers(room, seat, sealed) VALUES(?2, ?3, ?7)",
    [PUT_CALL] = "INSERT OR REPLACE INTO calls(key, room, record, ended_ms) VALUES(?1, ?2, ?8, ?11)",
    [FORGET_PINS] = "DELETE FROM pins WHERE room = ?2 AND (?3 = '' OR seat = ?3)",
    [FORGET_NUMBERS] = "DELETE FROM numbers WHERE room = ?2 AND (?3 = '' OR seat = ?3)",
};

struct sig_phone_sql {
    sqlite3 *db;
    sqlite3_stmt *statements[N_STATEMENTS];
};

sig_phone_sql *sig_phone_sql_open(sqlite3 *db)
{
    sig_phone_sql *s = g_new0(sig_phone_sql, 1);
    s->db = db;
    bool ok = sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK;
    for (int i = 0; ok && i < N_STATEMENTS; i++) {
        ok = sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL) == SQLITE_OK;
    }
    if (!ok) {
        sig_phone_sql_close(s);
        return NULL;
    }
    return s;
}

void sig_phone_sql_close(sig_phone_sql *s)
{
    if (s) {
        for (int i = 0; i < N_STATEMENTS; i++) {
            sqlite3_finalize(s->statements[i]);
        }
        g_free(s);
    }
}

static bool execute(sig_phone_sql *s, int statement, const sig_change *c)
{
    sqlite3_stmt *q = s->statements[statement];
    const char *const text[] = {c->key, c->room, c->seat, c->name, c->role, c->language, c->sealed, c->record};
    const int64_t value[] = {c->host, c->once, c->at_ms};
    int most = sqlite3_bind_parameter_count(q), words = (int)G_N_ELEMENTS(text);
    for (int i = 0; i < most; i++) {
        if (i < words) {
            sqlite3_bind_text(q, i + 1, text[i], -1, SQLITE_STATIC);
        } else {
            sqlite3_bind_int64(q, i + 1, value[i - words]);
        }
    }
    bool ok = sqlite3_step(q) == SQLITE_DONE;
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
    return ok;
}

bool sig_phone_sql_apply(sig_phone_sql *s, const sig_change *c)
{
    static const struct {
        sig_change_kind kind;
        int statement;
    } table[] = {{SIG_PIN_PUT, PUT_PIN}, {SIG_PIN_DROP, DROP_PIN}, {SIG_NUMBER_PUT, PUT_NUMBER}, {SIG_CALL_PUT, PUT_CALL}};
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].kind == c->kind) {
            return execute(s, table[i].statement, c);
        }
    }
    return false;
}

bool sig_phone_sql_forget(sig_phone_sql *s, const sig_change *c)
{
    return execute(s, FORGET_PINS, c) && execute(s, FORGET_NUMBERS, c);
}

bool sig_phone_sql_prune(sig_phone_sql *s, int64_t before_ms)
{
    g_autofree char *sql = g_strdup_printf("DELETE FROM calls WHERE ended_ms < %" G_GINT64_FORMAT ";"
                                           "DELETE FROM pins WHERE until_ms < %" G_GINT64_FORMAT ";",
                                           before_ms, before_ms);
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static void copy(char *out, size_t size, sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    g_strlcpy(out, text ? text : "", size);
}

static bool replay(sig_phone_sql *s, const char *sql, sig_change_kind kind, sig_change_fn each, void *user)
{
    sqlite3_stmt *q = NULL;
    int step = 0;
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK) {
        return false;
    }
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        sig_change c = {.kind = kind};
        copy(c.key, sizeof c.key, q, 0);
        copy(c.room, sizeof c.room, q, 1);
        copy(c.seat, sizeof c.seat, q, 2);
        copy(c.name, sizeof c.name, q, 3);
        copy(c.role, sizeof c.role, q, 4);
        copy(c.language, sizeof c.language, q, 5);
        copy(c.sealed, sizeof c.sealed, q, 6);
        copy(c.record, sizeof c.record, q, 7);
        c.host = sqlite3_column_int(q, 8) != 0;
        c.once = sqlite3_column_int(q, 9) != 0;
        c.at_ms = sqlite3_column_int64(q, 10);
        each(user, &c);
    }
    sqlite3_finalize(q);
    return step == SQLITE_DONE;
}

bool sig_phone_sql_load(sig_phone_sql *s, sig_change_fn each, void *user)
{
    return replay(s, "SELECT key, room, seat, unsealed(name), role, language, '', '', host, once, until_ms FROM pins",
                  SIG_PIN_PUT, each, user) &&
           replay(s, "SELECT '', room, seat, '', '', '', sealed, '', 0, 0, 0 FROM numbers", SIG_NUMBER_PUT, each, user) &&
           replay(s, "SELECT key, room, '', '', '', '', '', record, 0, 0, ended_ms FROM calls ORDER BY ended_ms", SIG_CALL_PUT,
                  each, user);
}
