/* Two months of a clinic's recordings on a stepped clock: what is old enough is shredded, what is on hold never is, and files,
 * proof, trail and store say the same of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/hex.h"
#include "mcu/base/status.h"
#include "recorder/manifest.h"
#include "signaling/audit.h"
#include "signaling/recording_hold.h"
#include "signaling/recording_links.h"
#include "signaling/recording_shred.h"
#include "signaling/supervisor.h"
#include "tests/unit/recording_kit.h"

#define DAY_MS INT64_C(86400000)
#define BEGIN_MS (INT64_C(1700000000) * 1000)
#define RETENTION 30
#define DAYS 62
#define NEVER (-1)

typedef struct {
    const char *id;
    int ended, held, released; /* days; NEVER */
    int gone;                  /* the day on which it has to be shredded */
} fate;

static const fate fates[] = {
    {"plain", 0, NEVER, NEVER, RETENTION},   {"later", 5, NEVER, NEVER, RETENTION + 5}, {"held", 0, RETENTION - 1, 45, 45},
    {"released", 0, 3, 10, RETENTION},       {"kept", 0, RETENTION, NEVER, NEVER}, /* at the last moment */
    {"running", NEVER, NEVER, NEVER, NEVER},
};

typedef struct {
    char *folder, *recordings, *trail;
    kit_keys keys;
    sig_settings settings;
    sig_gateway gateway;
} clinic;

/* ---- a gateway without a network ---- */

static void apply(void *user, const sig_change *change)
{
    sig_facts_apply(user, change);
}

static void open_gateway(clinic *c)
{
    sig_gateway *g = &c->gateway;
    g_autofree char *db = g_build_filename(c->folder, "tessera.db", NULL);
    *g = (sig_gateway){.settings = &c->settings, .data = c->folder};
    memcpy(g->key.private_key, c->keys.gateway, sizeof g->key.private_key);
    memcpy(g->key.public_key, c->keys.gateway_public, sizeof g->key.public_key);
    g->base = event_base_new();
    g->recordings_dir_fd = open(c->recordings, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    g->facts = sig_facts_new();
    g->links = sig_links_new();
    g->audit = sig_audit_new(g);
    sig_commits_init(g);
    g->supervisor = sig_supervisor_new(g);
    g->store = sig_store_open(db, sig_audit_file_open(c->folder, g->key.private_key, NULL), BEGIN_MS, NULL);
    assert_non_null(g->store);
    assert_true(sig_store_load(g->store, apply, g->facts, NULL) && sig_store_start(g->store, g->base, NULL));
}

static void close_gateway(clinic *c)
{
    sig_gateway *g = &c->gateway;
    sig_store_close(g->store);
    sig_commits_clear(g);
    sig_supervisor_free(g->supervisor);
    sig_audit_free(g->audit);
    sig_links_free(g->links);
    sig_facts_free(g->facts);
    close(g->recordings_dir_fd);
    event_base_free(g->base);
}

static int open_clinic(void **state)
{
    clinic *c = g_new0(clinic, 1);
    c->folder = g_dir_make_tmp("tessera-retention-XXXXXX", NULL);
    c->recordings = g_build_filename(c->folder, "recordings", NULL);
    c->trail = g_build_filename(c->folder, SIG_AUDIT_FILE, NULL);
    c->settings.recording_retention_days = RETENTION;
    kit_keys_make(&c->keys);
    *state = c;
    if (g_mkdir(c->recordings, 0700) != 0) {
        return -1;
    }
    open_gateway(c);
    const sig_change room = {.kind = SIG_ROOM_PUT, .room = "room1", .name = "Room"};
    return sig_commit(&c->gateway, &room, 1, NULL, NULL, NULL) ? 0 : -1;
}

static void remove_folder(const char *path)
{
    GDir *d = g_dir_open(path, 0, NULL);
    for (const char *name = NULL; d != NULL && (name = g_dir_read_name(d)) != NULL;) {
        g_autofree char *one = g_build_filename(path, name, NULL);
        remove_folder(one);
    }
    if (d != NULL) {
        g_dir_close(d);
    }
    g_remove(path);
}

static int close_clinic(void **state)
{
    clinic *c = *state;
    close_gateway(c);
    remove_folder(c->folder);
    g_free(c->folder);
    g_free(c->recordings);
    g_free(c->trail);
    g_free(c);
    return 0;
}

static void on_settled(void *user, bool ok)
{
    *(bool *)user = ok;
}

/* What was asked of the store before has happened. */
static void settle(clinic *c)
{
    const sig_change last = {.kind = SIG_ROOM_LOCK, .room = "room1"};
    bool done = false;
    assert_true(sig_store_commit(c->gateway.store, &last, 1, NULL, on_settled, &done));
    while (!done) {
        event_base_loop(c->gateway.base, EVLOOP_ONCE);
    }
}

static const sig_recording_facts *recording(const clinic *c, const char *id)
{
    const sig_recording_facts *r = sig_facts_recording(c->gateway.facts, id);
    assert_non_null(r);
    return r;
}

/* ---- recordings ---- */

static int sealed_file(const clinic *c, const char *id, int flags)
{
    g_autofree char *folder = g_build_filename(c->recordings, id, NULL), *path = g_build_filename(folder, "0.tsr", NULL);
    g_mkdir(folder, 0700);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    return fd;
}

/* As the room's process leaves it. */
static void film(clinic *c, const char *id)
{
    rec_header *h = &c->keys.config.header;
    kit_said said = {0};
    g_strlcpy(h->recording, id, sizeof h->recording);
    g_strlcpy(h->certificate.recording, id, sizeof h->certificate.recording);
    mcu_room_certificate_sign(&h->certificate, c->keys.gateway);
    rec_writer *w = rec_writer_new(&c->keys.config, &kit_callbacks, &said);
    kit_item(w, (rec_item){.kind = REC_ITEM_FILE, .fd = sealed_file(c, id, O_RDWR | O_CREAT | O_EXCL), .text = "0.tsr"});
    kit_item(w, (rec_item){.kind = REC_ITEM_BEGIN, .fd = -1});
    kit_feed(w, 0, 1000);
    kit_item(w, (rec_item){.kind = REC_ITEM_END, .flag = true, .text = "stop", .fd = -1});
    rec_writer_free(w);
    kit_said_clear(&said);
}

static const char *head_of(const clinic *c, const char *id, char hash[2 * MCU_HASH + 1])
{
    int fd = sealed_file(c, id, O_RDONLY);
    rec_reader *r = rec_reader_new(fd, c->keys.gateway_public, NULL);
    assert_non_null(r);
    mcu_hex(rec_reader_proof(r)->head.hash, MCU_HASH, hash);
    rec_reader_free(r);
    close(fd);
    return hash;
}

static void put(clinic *c, const char *id)
{
    char hash[2 * MCU_HASH + 1];
    sig_change changes[] = {
        {.kind = SIG_RECORDING_PUT, .room = "room1", .policy = "announced", .tier = "A", .state = "running", .at_ms = BEGIN_MS},
        {.kind = SIG_SEGMENT_PUT, .room = "room1", .state = "complete", .media_ms = 1000, .at_ms = BEGIN_MS}};
    g_strlcpy(changes[0].recording, id, sizeof changes[0].recording);
    g_strlcpy(changes[1].recording, id, sizeof changes[1].recording);
    g_snprintf(changes[1].file, sizeof changes[1].file, "%s/0.tsr", id);
    film(c, id);
    g_strlcpy(changes[1].hash, head_of(c, id, hash), sizeof changes[1].hash);
    bool written = false;
    assert_true(sig_store_commit(c->gateway.store, changes, 2, NULL, on_settled, &written));
    settle(c);
    assert_true(written);
    sig_facts_apply(c->gateway.facts, &changes[0]); /* not by sig_commit(), which ends what no room knows of */
    sig_facts_apply(c->gateway.facts, &changes[1]);
}

static void end(clinic *c, const char *id, int64_t at_ms)
{
    sig_change change = {.kind = SIG_RECORDING_STATE, .room = "room1", .state = "ended", .reason = "stop", .at_ms = at_ms};
    g_strlcpy(change.recording, id, sizeof change.recording);
    assert_true(sig_commit(&c->gateway, &change, 1, NULL, NULL, NULL));
}

static void heard(void *user, const char *code, const char *message)
{
    (void)message;
    *(const char **)user = code != NULL ? code : "done";
}

static void hold(clinic *c, const char *id, bool on, const char **answer)
{
    const sig_audit_entry e = {.room = "room1", .actor = "quality", .operation = on ? "hold" : "release", .target = id};
    *answer = NULL;
    sig_recording_hold(&c->gateway, recording(c, id), on, &e, heard, answer);
}

static void expect_hold(clinic *c, const char *id, bool on)
{
    const char *answer;
    hold(c, id, on, &answer);
    settle(c);
    assert_string_equal(answer, "done");
}

/* ---- what can be proven of one ---- */

static char *proof(const clinic *c, const char *id, rec_verdict *verdict)
{
    g_autofree char *folder = g_build_filename(c->recordings, id, NULL);
    const char *paths[] = {folder};
    g_autoptr(GPtrArray) findings = g_ptr_array_new_with_free_func(g_free);
    rec_store *s = rec_store_open(paths, 1, c->keys.gateway_public, NULL);
    assert_non_null(s);
    *verdict = rec_verify(s, c->keys.gateway_public, NULL, findings);
    rec_store_free(s);
    g_ptr_array_add(findings, NULL);
    return g_strjoinv("\n", (char **)findings->pdata);
}

static bool opens(const clinic *c, const char *id)
{
    int fd = sealed_file(c, id, O_RDONLY);
    rec_reader *r = rec_reader_new(fd, c->keys.gateway_public, NULL);
    assert_non_null(r);
    bool ok = kit_unlock(r, fd, &c->keys);
    rec_reader_free(r);
    close(fd);
    return ok;
}

static void check_there(const clinic *c, const char *id)
{
    rec_verdict verdict;
    g_autofree char *said = proof(c, id, &verdict);
    assert_int_equal(verdict, REC_VERDICT_OPEN); /* no trail was given */
    assert_null(strstr(said, "tombstone"));
    assert_true(opens(c, id));
}

static void check_gone(const clinic *c, const char *id, int64_t at_ms)
{
    rec_verdict verdict;
    g_autofree char *said = proof(c, id, &verdict);
    g_autofree char *stone =
        g_strdup_printf("tombstone: shredded at %" G_GINT64_FORMAT " ms since 1970 by policy, retention", at_ms);
    assert_int_equal(verdict, REC_VERDICT_COMPLETE);
    assert_non_null(strstr(said, "its key is shredded"));
    assert_non_null(strstr(said, stone));
    assert_false(opens(c, id));
}

static void change_tombstone(const clinic *c, const char *id)
{
    g_autofree char *path = g_build_filename(c->recordings, id, "tombstone.json", NULL), *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    char *reason = strstr(text, "retention");
    assert_non_null(reason);
    reason[0] = 'R';
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

/* Records of the trail that say this of a recording. */
static unsigned records(const clinic *c, const char *id, const char *operation, const char *actor)
{
    g_autofree char *text = NULL;
    assert_true(g_file_get_contents(c->trail, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    unsigned n = 0;
    for (char **line = lines; *line != NULL; line++) {
        json_t *m = json_loads(*line, 0, NULL);
        const char *target = json_string_value(json_object_get(m, "target")),
                   *what = json_string_value(json_object_get(m, "operation")),
                   *who = json_string_value(json_object_get(m, "actor"));
        n += g_strcmp0(target, id) == 0 && g_strcmp0(what, operation) == 0 && g_strcmp0(who, actor) == 0;
        json_decref(m);
    }
    return n;
}

/* ---- tests ---- */

static void begin_day(clinic *c, int day)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(fates); i++) {
        const fate *f = &fates[i];
        if (day == f->ended) {
            end(c, f->id, BEGIN_MS + day * DAY_MS);
            settle(c);
        }
        if (day == f->held || day == f->released) {
            expect_hold(c, f->id, day == f->held);
        }
    }
}

static void retention_at(clinic *c, int64_t now_ms, int day)
{
    sig_retention_run(&c->gateway, now_ms);
    settle(c);
    for (unsigned i = 0; i < G_N_ELEMENTS(fates); i++) {
        const fate *f = &fates[i];
        int64_t gone_ms = recording(c, f->id)->shredded_ms;
        assert_int_equal(gone_ms != 0, f->gone != NEVER && day >= f->gone);
        assert_true(gone_ms == 0 || gone_ms == BEGIN_MS + f->gone * DAY_MS);
    }
}

static void the_days_end_in_a_shred_and_a_hold_beats_them(void **state)
{
    clinic *c = *state;
    for (unsigned i = 0; i < G_N_ELEMENTS(fates); i++) {
        put(c, fates[i].id);
    }
    for (int day = 0; day < DAYS; day++) {
        retention_at(c, BEGIN_MS + day * DAY_MS - 1, day - 1);
        begin_day(c, day);
        retention_at(c, BEGIN_MS + day * DAY_MS, day);
        if (day == RETENTION - 1 || day == RETENTION + 1) {
            check_there(c, "held");
            check_there(c, "kept");
        }
    }
    close_gateway(c);
    open_gateway(c); /* the disk says the same */
    retention_at(c, BEGIN_MS + DAYS * DAY_MS, DAYS);
    assert_true(recording(c, "kept")->hold);
    for (unsigned i = 0; i < G_N_ELEMENTS(fates); i++) {
        const fate *f = &fates[i];
        assert_int_equal(records(c, f->id, "shred", "policy"), f->gone != NEVER);
        assert_int_equal(records(c, f->id, "hold", "quality"), f->held != NEVER);
        assert_int_equal(records(c, f->id, "release", "quality"), f->released != NEVER);
        if (f->gone != NEVER) {
            check_gone(c, f->id, BEGIN_MS + f->gone * DAY_MS);
        } else {
            check_there(c, f->id);
        }
    }
    FILE *nowhere = fopen("/dev/null", "w");
    assert_true(sig_audit_verify(c->trail, c->keys.gateway_public, NULL, nowhere));
    fclose(nowhere);
    change_tombstone(c, "plain");
    rec_verdict verdict;
    g_autofree char *said = proof(c, "plain", &verdict);
    assert_int_equal(verdict, REC_VERDICT_TAMPERED);
    assert_non_null(strstr(said, "not signed by this gateway"));
}

static void copy_segment(const clinic *c, const char *id, const char *name)
{
    g_autofree char *from = g_build_filename(c->recordings, id, "0.tsr", NULL),
                    *to = g_build_filename(c->recordings, id, name, NULL);
    g_autofree char *bytes = NULL;
    gsize n = 0;
    assert_true(g_file_get_contents(from, &bytes, &n, NULL) && g_file_set_contents(to, bytes, (gssize)n, NULL));
}

static bool unwraps(const clinic *c, const char *id, const char *name)
{
    g_autofree char *path = g_build_filename(c->recordings, id, name, NULL);
    mcu_wrapped_key wrapped;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = mcu_key_page_read(fd, &wrapped) == MCU_OK;
    close(fd);
    return ok;
}

static const char *shred(clinic *c, const char *id, const char **answer)
{
    *answer = NULL;
    sig_recording_shred(&c->gateway, recording(c, id), "operator", "operator", BEGIN_MS, heard, answer);
    return *answer;
}

/* Between a hold and a shred that are asked for at once the first wins, and neither is told what is not so. */
static void a_hold_counts_from_when_it_is_asked_for(void **state)
{
    clinic *c = *state;
    const char *held, *again, *answer, *conflict = mcu_error_name(MCU_ERROR_CONFLICT);
    put(c, "one");
    copy_segment(c, "one", "unheard.tsr"); /* which the catalogue does not have */
    assert_true(unwraps(c, "one", "unheard.tsr"));
    end(c, "one", BEGIN_MS);
    settle(c);
    hold(c, "one", true, &held);
    sig_retention_run(&c->gateway, BEGIN_MS + (RETENTION + 1) * DAY_MS);
    assert_string_equal(shred(c, "one", &answer), conflict);
    settle(c);
    assert_string_equal(held, "done");
    assert_string_equal(shred(c, "one", &answer), conflict);
    assert_true(opens(c, "one"));

    expect_hold(c, "one", false);
    assert_null(shred(c, "one", &answer));
    hold(c, "one", true, &held);
    assert_string_equal(held, conflict);
    settle(c);
    assert_string_equal(answer, "done");
    assert_false(unwraps(c, "one", "unheard.tsr"));
    hold(c, "one", true, &again);
    assert_string_equal(again, conflict);
    assert_int_equal(recording(c, "one")->shredded_ms, BEGIN_MS);
    assert_int_equal(records(c, "one", "hold", "quality"), 1);
    assert_int_equal(records(c, "one", "shred", "operator"), 1);
    assert_false(opens(c, "one"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_days_end_in_a_shred_and_a_hold_beats_them, open_clinic, close_clinic),
        cmocka_unit_test_setup_teardown(a_hold_counts_from_when_it_is_asked_for, open_clinic, close_clinic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
