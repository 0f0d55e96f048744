#include "signaling/store_sql.h"

#include <sqlite3.h>
#include <stddef.h>
#include <string.h>

#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/name_seal.h"
#include "signaling/phone_sql.h"
#include "signaling/store_schema.h"

#define LOG_PAGES 1000 /* 4 MB */
#define LOG_PAGES_MAX 8000

enum {
    PUT_ROOM,
    END_ROOM,
    LOCK_ROOM,
    LAYOUT_ROOM,
    RECORDING_ROOM,
    MUTE_ROOM,
    DROP_SEATS,
    FORGET_REVOKED,
    PUT_SEAT,
    MUTE_SEAT,
    TIER_SEAT,
    DROP_SEAT,
    REVOKE,
    CONSENT,
    PUT_RECORDING,
    STATE_RECORDING,
    HOLD_RECORDING,
    PUT_SEGMENT,
    STORE_SEGMENT,
    STORE_RECORDING,
    N_STATEMENTS
};

/* Parameters are members of a change, by name: see `fields`. */
static const char *const texts[N_STATEMENTS] = {
    [PUT_ROOM] = "INSERT INTO rooms(id, name, created_ms, layout, recording, evidence) VALUES(:room, sealed(:name), :at_ms, "
                 ":layout, :policy, :evidence) ON CONFLICT(id) DO UPDATE SET name = excluded.name",
    [END_ROOM] = "UPDATE rooms SET ended_ms = :at_ms, name = '' WHERE id = :room",
    [LOCK_ROOM] = "UPDATE rooms SET locked = :locked WHERE id = :room",
    [LAYOUT_ROOM] = "UPDATE rooms SET layout = :layout WHERE id = :room",
    [RECORDING_ROOM] = "UPDATE rooms SET recording = :policy, evidence = :evidence WHERE id = :room",
    [MUTE_ROOM] = "UPDATE seats SET muted = 1 WHERE room = :room AND host = 0 AND role <> :role",
    [DROP_SEATS] = "DELETE FROM seats WHERE room = :room",
    [FORGET_REVOKED] =
        "UPDATE revocations SET name = '', role = '', language = '', hears = '', fixed = 0, signing = 0 WHERE room = :room",
    [PUT_SEAT] = "INSERT INTO seats(room, seat, name, role, tier, host, muted, fixed, language, signing, hears, expires_ms) "
                 "VALUES(:room, :seat, sealed(:name), :role, :tier, :host, :muted, :fixed, :language, :signing, :hears, "
                 ":expires_ms) "
                 "ON CONFLICT(room, seat) DO UPDATE SET name = excluded.name, role = :role, host = :host, fixed = :fixed, "
                 "language = :language, signing = :signing, hears = :hears, expires_ms = max(expires_ms, :expires_ms)",
    [MUTE_SEAT] = "UPDATE seats SET muted = :muted WHERE room = :room AND seat = :seat",
    [TIER_SEAT] = "UPDATE seats SET tier = :tier WHERE room = :room AND seat = :seat",
    [DROP_SEAT] = "DELETE FROM seats WHERE room = :room AND seat = :seat",
    [REVOKE] = "INSERT INTO revocations(room, seat, generation, at_ms, name, role, host, language, hears, fixed, signing) "
               "VALUES(:room, :seat, :generation, :at_ms, CASE :name WHEN '' THEN '' ELSE sealed(:name) END, :role, :host, "
               ":language, :hears, :fixed, :signing) "
               "ON CONFLICT(room, seat) DO UPDATE SET generation = max(generation, :generation), at_ms = :at_ms, "
               "name = excluded.name, role = :role, host = :host, language = :language, hears = :hears, "
               "fixed = :fixed, signing = :signing",
    [CONSENT] = "INSERT INTO consents(room, seat, given, version, method, at_ms) "
                "VALUES(:room, :seat, :given, :version, :method, :at_ms) ON CONFLICT(room, seat) DO UPDATE "
                "SET given = :given, version = :version, method = :method, at_ms = :at_ms",
    [PUT_RECORDING] = "INSERT INTO recordings(id, room, policy, tier, created_ms, state) "
                      "VALUES(:recording, :room, :policy, :tier, :at_ms, :state)",
    [STATE_RECORDING] = "UPDATE recordings SET state = :state, reason = :reason, "
                        "ended_ms = CASE :state WHEN 'ended' THEN :at_ms ELSE ended_ms END, "
                        "shredded_ms = CASE :state WHEN 'shredded' THEN :at_ms ELSE shredded_ms END WHERE id = :recording",
    [HOLD_RECORDING] = "UPDATE recordings SET hold = :hold WHERE id = :recording",
    [PUT_SEGMENT] = "INSERT INTO segments(recording, segment, file, state, hash, bytes, media_ms, started_ms) "
                    "VALUES(:recording, :segment, :file, :state, :hash, :bytes, :media_ms, :at_ms) "
                    "ON CONFLICT(recording, segment) DO UPDATE "
                    "SET state = :state, hash = :hash, bytes = :bytes, media_ms = :media_ms",
    [STORE_SEGMENT] = "UPDATE segments SET stored = :stored WHERE recording = :recording AND segment = :segment",
    [STORE_RECORDING] = "UPDATE recordings SET stored = :stored WHERE id = :recording",
};

#define TEXT_FIELD(name)                                                                                                         \
    {                                                                                                                            \
#name, FIELD_TEXT, offsetof(sig_change, name), sizeof((sig_change *)0)->name                                             \
    }
#define FLAG_FIELD(name)                                                                                                         \
    {                                                                                                                            \
#name, FIELD_FLAG, offsetof(sig_change, name), sizeof(bool)                                                              \
    }
#define NUMBER_FIELD(name)                                                                                                       \
    {                                                                                                                            \
#name, FIELD_NUMBER, offsetof(sig_change, name), sizeof(int64_t)                                                         \
    }

typedef struct {
    const char *name;
    enum { FIELD_NONE = 0, FIELD_TEXT, FIELD_FLAG, FIELD_NUMBER } kind;
    size_t at, size;
} field;

/* The members of a change, as statements and queries name them. */
static const field fields[] = {
    TEXT_FIELD(room),         TEXT_FIELD(seat),     TEXT_FIELD(name),      TEXT_FIELD(role),    TEXT_FIELD(tier),
    TEXT_FIELD(language),     TEXT_FIELD(layout),   TEXT_FIELD(recording), TEXT_FIELD(policy),  TEXT_FIELD(state),
    TEXT_FIELD(version),      TEXT_FIELD(method),   TEXT_FIELD(reason),    TEXT_FIELD(file),    TEXT_FIELD(hash),
    TEXT_FIELD(stored),       TEXT_FIELD(evidence), TEXT_FIELD(hears),     FLAG_FIELD(host),    FLAG_FIELD(muted),
    FLAG_FIELD(fixed),        FLAG_FIELD(locked),   FLAG_FIELD(signing),   FLAG_FIELD(given),   FLAG_FIELD(hold),
    NUMBER_FIELD(generation), NUMBER_FIELD(at_ms),  NUMBER_FIELD(segment), NUMBER_FIELD(bytes), NUMBER_FIELD(media_ms),
    NUMBER_FIELD(expires_ms),
};

static const field *field_of(const char *name)
{
    for (size_t i = 0; name && i < G_N_ELEMENTS(fields); i++) {
        if (strcmp(fields[i].name, name) == 0) {
            return &fields[i];
        }
    }
    return NULL;
}

struct sig_sql {
    sqlite3 *db;
    sig_phone_sql *phone;
    sqlite3_stmt *statements[N_STATEMENTS];
    int logged; /* pages, by the newest commit */
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

static int on_logged(void *user, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((sig_sql *)user)->logged = pages;
    return SQLITE_OK;
}

void sig_sql_tidy(sig_sql *s, bool wait)
{
    if (s->logged >= (wait ? LOG_PAGES_MAX : LOG_PAGES)) {
        s->logged = 0; /* whether it works or not: the next commit says how many there are */
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    }
}

static bool prepare(sig_sql *s, GError **error)
{
    /* FULL: a commit that was reported is on the disk, also after a power failure. */
    if (!run(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; "
                "PRAGMA secure_delete = ON;")) {
        return fail(s, error);
    }
    if (!sig_store_schema_apply(s->db, error)) {
        return false;
    }
    sqlite3_wal_hook(s->db, on_logged, s); /* in place of SQLite's own, which tidies within a commit */
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
        g_autofree char *folder = g_path_get_dirname(path);
        sqlite3_busy_timeout(s->db, 3000);
        ok = sig_name_seal_install(s->db, folder, error) && prepare(s, error);
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

/* What a query calls a column is the member that it goes to. */
static void read_column(sig_change *c, sqlite3_stmt *q, int column)
{
    const field *f = field_of(sqlite3_column_name(q, column));
    char *at = f ? (char *)c + f->at : NULL;
    if (f && f->kind == FIELD_TEXT) {
        const char *text = (const char *)sqlite3_column_text(q, column);
        g_strlcpy(at, text ? text : "", f->size);
    } else if (f && f->kind == FIELD_FLAG) {
        bool on = sqlite3_column_int(q, column) != 0;
        memcpy(at, &on, sizeof on);
    } else if (f) {
        int64_t value = sqlite3_column_int64(q, column);
        memcpy(at, &value, sizeof value);
    }
}

static bool replay(sig_sql *s, const char *sql, sig_change_kind kind, sig_change_fn each, void *user)
{
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK) {
        return false;
    }
    int step = 0;
    while ((step = sqlite3_step(q)) == SQLITE_ROW) {
        sig_change c = {.kind = kind};
        for (int i = 0; i < sqlite3_column_count(q); i++) {
            read_column(&c, q, i);
        }
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
        {"SELECT id AS room, unsealed(name) AS name, created_ms AS at_ms, layout, recording AS policy, evidence FROM rooms",
         SIG_ROOM_PUT},
        {"SELECT id AS room, locked FROM rooms WHERE locked", SIG_ROOM_LOCK},
        {"SELECT room, seat, generation, at_ms, unsealed(name) AS name, role, host, language, hears, fixed, signing "
         "FROM revocations",
         SIG_SEAT_DROP},
        {"SELECT room, seat, unsealed(name) AS name, role, tier, host, muted, fixed, language, signing, hears, expires_ms "
         "FROM seats",
         SIG_SEAT_PUT},
        {"SELECT room, seat, given, version, method, at_ms FROM consents", SIG_SEAT_CONSENT},
        {"SELECT id AS recording, room, policy, tier, created_ms AS at_ms, state FROM recordings", SIG_RECORDING_PUT},
        {"SELECT id AS recording, room, state, reason FROM recordings WHERE ended_ms IS NULL", SIG_RECORDING_STATE},
        {"SELECT id AS recording, room, 'ended' AS state, reason, ended_ms AS at_ms FROM recordings WHERE ended_ms IS NOT NULL",
         SIG_RECORDING_STATE},
        {"SELECT id AS recording, room, state, reason, shredded_ms AS at_ms FROM recordings WHERE shredded_ms IS NOT NULL",
         SIG_RECORDING_STATE},
        {"SELECT id AS recording, hold FROM recordings WHERE hold", SIG_RECORDING_HOLD},
        {"SELECT recording, segment, file, state, hash, bytes, media_ms, started_ms AS at_ms FROM segments", SIG_SEGMENT_PUT},
        {"SELECT recording, segment, stored FROM segments WHERE stored <> ''", SIG_SEGMENT_STORED},
        {"SELECT id AS recording, stored FROM recordings WHERE stored <> ''", SIG_RECORDING_STORED},
        {"SELECT id AS room, ended_ms AS at_ms FROM rooms WHERE ended_ms IS NOT NULL", SIG_ROOM_END},
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

static void bind_member(sqlite3_stmt *q, int parameter, const sig_change *c)
{
    const field *f = field_of(sqlite3_bind_parameter_name(q, parameter) + 1); /* without the colon */
    const char *at = f ? (const char *)c + f->at : NULL;
    g_assert(f);
    if (f->kind == FIELD_TEXT) {
        sqlite3_bind_text(q, parameter, at, -1, SQLITE_STATIC);
    } else if (f->kind == FIELD_FLAG) {
        bool on = false;
        memcpy(&on, at, sizeof on);
        sqlite3_bind_int(q, parameter, on);
    } else {
        int64_t value = 0;
        memcpy(&value, at, sizeof value);
        sqlite3_bind_int64(q, parameter, value);
    }
}

static bool execute(sig_sql *s, int statement, const sig_change *c)
{
    sqlite3_stmt *q = s->statements[statement];
    for (int i = 1; i <= sqlite3_bind_parameter_count(q); i++) {
        bind_member(q, i, c);
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
        return execute(s, END_ROOM, c) && execute(s, DROP_SEATS, c) && execute(s, FORGET_REVOKED, c) &&
               sig_phone_sql_forget(s->phone, c);
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
    case SIG_ROOM_RECORDING:
        return execute(s, RECORDING_ROOM, c);
    case SIG_SEAT_CONSENT:
        return execute(s, CONSENT, c);
    case SIG_RECORDING_PUT:
        return execute(s, PUT_RECORDING, c);
    case SIG_RECORDING_STATE:
        return execute(s, STATE_RECORDING, c);
    case SIG_RECORDING_HOLD:
        return execute(s, HOLD_RECORDING, c);
    case SIG_SEGMENT_PUT:
        return execute(s, PUT_SEGMENT, c);
    case SIG_SEGMENT_STORED:
        return execute(s, STORE_SEGMENT, c);
    case SIG_RECORDING_STORED:
        return execute(s, STORE_RECORDING, c);
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
