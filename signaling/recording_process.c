/* What a room process is told about the recording, and what it says: mcu/ROOM-PROTOCOL.md, Recording. */
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/hex.h"
#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "mcu/base/status.h"
#include "signaling/audit.h"
#include "signaling/recording_private.h"

#define KID "recording-1"

static const char *text(const json_t *m, const char *member)
{
    const char *v = json_string_value(json_object_get(m, member));
    return v ? v : "";
}

static const char *process_key(const sig_recording *c)
{
    return c->room->link ? sig_room_link_signing_key(c->room->link) : "";
}

bool sig_recording_can_begin(const sig_recording *c, const char **why_not)
{
    const char *reason = c->room->state != SIG_ROOM_OPEN ? "Nobody is in this visit: it can be recorded once somebody has joined."
                         : !*process_key(c)              ? "This visit's process cannot record: it is of an older version."
                         : !sig_recording_disk_ok(c->room->gateway) ? "The disk is too full to record."
                                                                    : NULL;
    if (why_not) {
        *why_not = reason;
    }
    return !reason;
}

/* ---- to the process ---- */

static void ignore_reply(void *user, const json_t *reply, const char *code, const char *message)
{
    (void)user;
    (void)reply;
    if (code) {
        mcu_warn("recording.refused", "code=%s message=\"%s\"", code, message ? message : "");
    }
}

static void say(sig_recording *c, json_t *take_message)
{
    json_object_set_new(take_message, "type", json_string("record"));
    json_object_set_new(take_message, "recording", json_string(c->id));
    sig_room_call(c->room, take_message, false, ignore_reply, NULL);
}

void sig_recording_tell(sig_recording *c, const char *action, const char *reason)
{
    if (c->begun) {
        say(c, json_pack("{s:s, s:s}", "action", action, "reason", reason));
    } else if (strcmp(action, "resume") == 0) { /* the process has changed since */
        sig_recording_begin(c);
    }
}

void sig_recording_tell_consent(sig_recording *c, const sig_seat_facts *s)
{
    if (c->begun && s->answered) {
        say(c, json_pack("{s:s, s:s, s:b, s:s, s:I, s:s}", "action", "consent", "seat", s->id, "given", s->agreed, "version",
                         s->consent_version, "time_ms", (json_int_t)s->consent_ms, "method", s->consent_method));
    }
}

void sig_recording_mark_chat(sig_recording *c, const char *seat)
{
    if (c->begun && c->turn == SIG_RECORDING_ON) {
        say(c, json_pack("{s:s, s:s, s:s}", "action", "mark", "what", "chat", "seat", seat));
    }
}

static int utc_offset_min(void)
{
    time_t now = time(NULL);
    struct tm local = {0};
    return localtime_r(&now, &local) ? (int)(local.tm_gmtoff / 60) : 0;
}

/* A pause is shown by the mark that is missing; the clock stays. */
void sig_recording_tell_caption(const sig_recording *c)
{
    bool recorded = c->turn == SIG_RECORDING_ON || c->turn == SIG_RECORDING_HELD || c->turn == SIG_RECORDING_PAUSED;
    if (c->room->gateway->settings->recording_caption && c->room->state == SIG_ROOM_OPEN) {
        sig_room_tell(c->room,
                      json_pack("{s:s, s:b, s:b, s:s, s:i}", "type", "caption", "records", c->turn == SIG_RECORDING_ON, "clock",
                                recorded, "visit", recorded ? c->room->id : "", "utc_offset", utc_offset_min()));
    }
}

void sig_recording_drop_unused(sig_recording *c)
{
    GHashTableIter i;
    void *name = NULL;
    g_hash_table_iter_init(&i, c->unused);
    while (g_hash_table_iter_next(&i, &name, NULL)) {
        sig_recording_file_remove(c->room->gateway, name);
    }
    g_hash_table_remove_all(c->unused);
}

static json_t *certificate_of(const sig_recording *c)
{
    mcu_room_certificate certificate = {.issued_ms = mcu_wall_ns() / 1000000};
    g_strlcpy(certificate.recording, c->id, sizeof certificate.recording);
    g_strlcpy(certificate.room, c->room->id, sizeof certificate.room);
    bool ok = mcu_unhex(process_key(c), certificate.key, sizeof certificate.key) &&
              mcu_room_certificate_sign(&certificate, c->room->gateway->key.private_key);
    return ok ? mcu_room_certificate_json(&certificate) : NULL;
}

static json_t *consents_of(const sig_recording *c)
{
    json_t *list = json_array();
    GHashTableIter i;
    void *value = NULL;
    g_hash_table_iter_init(&i, sig_facts_room(c->room->gateway->facts, c->room->id)->seats);
    while (g_hash_table_iter_next(&i, NULL, &value)) {
        const sig_seat_facts *s = value;
        if (s->agreed) {
            json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:s}", "seat", s->id, "version", s->consent_version, "time_ms",
                                                  (json_int_t)s->consent_ms, "method", s->consent_method));
        }
    }
    return list;
}

static json_t *start_message(const sig_recording *c)
{
    const sig_gateway *g = c->room->gateway;
    const sig_recording_facts *f = sig_facts_recording(g->facts, c->id);
    char key[2 * SIG_KEY_BYTES + 1];
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:I}", "type", "record", "action", "start",
                     "recording", c->id, "room", c->room->id, "segment", (json_int_t)c->segment, "previous", c->hash, "tier",
                     f->tier, "key", mcu_hex(g->recording_key, SIG_KEY_BYTES, key), "kid", KID, "certificate", certificate_of(c),
                     "policy", c->policy, "consents", consents_of(c), "reserve",
                     (json_int_t)(g->settings->recording_reserve_mib * INT64_C(1048576)));
}

typedef struct {
    sig_recording *control;
    char recording[SIG_ID_MAX + 1];
} beginning;

/* Rooms live as long as their calls: sig_room_free() fails them first. */
static void on_started(void *user, const json_t *reply, const char *code, const char *message)
{
    beginning *b = user;
    sig_recording *c = b->control;
    if (!reply && strcmp(c->id, b->recording) == 0) {
        mcu_error_log("recording.start", "recording=%s code=%s message=\"%s\"", c->id, code, message);
        if (c->room->state == SIG_ROOM_OPEN) { /* else it begins again in the next process */
            sig_recording_end(c, "failed");
        }
    }
    g_free(b);
}

static void start_process(sig_recording *c)
{
    beginning *b = g_new0(beginning, 1);
    b->control = c;
    g_strlcpy(b->recording, c->id, sizeof b->recording);
    c->begun = true;
    if (!sig_room_call(c->room, start_message(c), false, on_started, b)) {
        g_free(b);
        sig_recording_end(c, "failed");
    }
}

static void hand_out(sig_recording *c, const sig_recording_file *file)
{
    g_hash_table_add(c->unused, g_strdup(file->name));
    sig_room_link_send_fd(c->room->link,
                          json_pack("{s:s, s:s, s:s, s:s, s:b}", "type", "record", "action", "file", "recording", c->id, "file",
                                    file->name, "spare", 0),
                          file->fd);
}

bool sig_recording_files_made(sig_recording *c, unsigned start, const sig_recording_file *files, unsigned n)
{
    bool begins = start && start == c->starting && c->turn == SIG_RECORDING_ON && !c->begun;
    if (!c->room->link || (!begins && !c->begun)) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        hand_out(c, &files[i]);
    }
    if (begins) {
        start_process(c);
    }
    return true;
}

void sig_recording_begin(sig_recording *c)
{
    if (!sig_recording_files_make(c, SIG_FILES_AHEAD, ++c->starting)) {
        sig_recording_end(c, "failed");
    }
}

static void hand_out_more(const sig_recording *c, unsigned n)
{
    if (!sig_recording_files_make(c, n, 0)) {
        mcu_warn("recording.file", "recording=%s busy=1", c->id);
    }
}

/* ---- the process comes and goes ---- */

void sig_recording_process_opened(sig_recording *c)
{
    c->begun = false;
    if (c->turn != SIG_RECORDING_OFF) {
        sig_recording_tell_caption(c);
    }
    if (c->turn == SIG_RECORDING_ON) {
        sig_recording_begin(c);
    }
    sig_recording_people_changed(c);
}

void sig_recording_process_adopted(sig_recording *c)
{
    c->begun = c->turn == SIG_RECORDING_ON || c->turn == SIG_RECORDING_HELD || c->turn == SIG_RECORDING_PAUSED;
    if (c->begun) {
        hand_out_more(c, SIG_FILES_AHEAD); /* those of the gateway before may be used up */
    }
    sig_recording_people_changed(c);
}

static void commit_segment(const sig_recording *c, const sig_change *change, const char *operation, const json_t *more)
{
    const sig_audit_entry e = {.event = "recording", .room = c->room->id, .operation = operation, .target = c->id, .more = more};
    if (!sig_commit(c->room->gateway, change, 1, &e, NULL, NULL)) {
        mcu_error_log("recording.segment", "recording=%s segment=%" PRId64 " not_written=1", c->id, change->segment);
    }
}

static sig_change segment_change(const sig_recording *c, int64_t segment, const char *state)
{
    sig_change change = {.kind = SIG_SEGMENT_PUT, .segment = segment, .at_ms = mcu_wall_ns() / 1000000};
    const sig_recording_facts *f = sig_facts_recording(c->room->gateway->facts, c->id);
    g_strlcpy(change.recording, c->id, sizeof change.recording);
    g_strlcpy(change.state, state, sizeof change.state);
    for (guint i = 0; f && i < f->segments->len; i++) { /* what is not said stays */
        const sig_segment_facts *s = &g_array_index(f->segments, sig_segment_facts, i);
        if (s->segment == segment) {
            change.bytes = s->bytes;
            change.media_ms = s->media_ms;
            g_strlcpy(change.hash, s->hash, sizeof change.hash);
        }
    }
    return change;
}

void sig_recording_process_gone(sig_recording *c, const char *why)
{
    const sig_recording_facts *f = sig_facts_recording(c->room->gateway->facts, c->id);
    for (guint i = 0; f && i < f->segments->len; i++) {
        const sig_segment_facts *s = &g_array_index(f->segments, sig_segment_facts, i);
        if (strcmp(s->state, "writing") == 0) {
            const sig_change change = segment_change(c, s->segment, "interrupted");
            commit_segment(c, &change, "interrupted", NULL);
        }
    }
    c->begun = false;
    c->starting++; /* files on their way are not for the next process */
    sig_recording_drop_unused(c);
    g_hash_table_remove_all(c->coming);
    if (why) {
        sig_recording_end(c, why);
    }
}

/* ---- what it says ---- */

static int64_t number(const json_t *m, const char *member)
{
    return MAX(json_integer_value(json_object_get(m, member)), 0);
}

/* A tier that cannot mask stands still while somebody is there who has not agreed, and goes on by itself. */
static void on_held(sig_recording *c, const json_t *m)
{
    (void)m;
    if (c->turn == SIG_RECORDING_ON) {
        sig_recording_turn_to(c, SIG_RECORDING_HELD, "consent");
    }
}

static void on_segment_started(sig_recording *c, const json_t *m)
{
    if (c->turn == SIG_RECORDING_HELD) {
        sig_recording_turn_to(c, SIG_RECORDING_ON, "agreed");
    }
    sig_change change = segment_change(c, number(m, "segment"), "writing");
    const char *file = text(m, "file");
    if (!g_hash_table_remove(c->unused, file) && !g_str_has_prefix(file, c->id)) { /* also one of a gateway before this */
        mcu_warn("recording.file", "recording=%s unknown=1", c->id);
        return;
    }
    g_strlcpy(change.file, file, sizeof change.file);
    c->segment = MAX(c->segment, change.segment + 1);
    json_t *more = json_pack("{s:I, s:s}", "segment", (json_int_t)change.segment, "file", file);
    commit_segment(c, &change, "segment", more);
    json_decref(more);
    hand_out_more(c, 1);
}

/* Only what this process has signed counts. */
static bool read_head(const sig_recording *c, const json_t *m, mcu_chain_head *head)
{
    uint8_t key[MCU_SIGN_KEY];
    bool good = mcu_unhex(process_key(c), key, sizeof key) && mcu_chain_head_read(head, m) &&
                strcmp(head->recording, c->id) == 0 && mcu_chain_head_check(head, key);
    if (!good) {
        mcu_counter_add(
            mcu_counter_get("tessera_recording_bad_heads_total", NULL, "Heads of recordings that were not signed well."), 1);
    }
    return good;
}

/* The anchor: the gateway's signature over the audit record is its countersignature of the head. */
static void anchor(sig_recording *c, const json_t *m, const char *state, const char *operation)
{
    mcu_chain_head head;
    if (!read_head(c, m, &head)) {
        return;
    }
    sig_change change = segment_change(c, head.segment, state);
    change.media_ms = head.media_ns / 1000000;
    change.bytes = json_object_get(m, "bytes") ? number(m, "bytes") : change.bytes;
    mcu_hex(head.hash, sizeof head.hash, change.hash);
    g_strlcpy(c->hash, change.hash, sizeof c->hash);
    json_t *more = mcu_chain_head_json(&head);
    json_object_del(more, "recording");
    commit_segment(c, &change, operation, more);
    json_decref(more);
}

static void on_head(sig_recording *c, const json_t *m)
{
    anchor(c, m, "writing", "anchor");
}

static void on_segment_ended(sig_recording *c, const json_t *m)
{
    anchor(c, m, "complete", "segment_ended");
}

static void on_trouble(sig_recording *c, const json_t *m)
{
    json_t *more = json_copy((json_t *)(uintptr_t)m);
    static const char *const own[] = {"type", "recording", "state"};
    for (size_t i = 0; i < G_N_ELEMENTS(own); i++) {
        json_object_del(more, own[i]);
    }
    sig_recording_note(c, "recording", text(m, "state"), more);
    json_decref(more);
}

static void on_error(sig_recording *c, const json_t *m)
{
    on_trouble(c, m);
    if (!json_is_true(json_object_get(m, "next"))) {
        const char *code = text(m, "code");
        sig_recording_end(c, sig_id_valid(code) ? code : "failed");
    }
}

static void on_stopped(sig_recording *c, const json_t *m)
{
    const char *reason = text(m, "reason");
    sig_recording_end(c, sig_id_valid(reason) ? reason : "stop");
}

void sig_recording_on_event(sig_recording *c, const json_t *m)
{
    static const struct {
        const char *state;
        void (*take)(sig_recording *c, const json_t *m);
    } table[] = {
        {"started", on_segment_started}, {"head", on_head},   {"ended", on_segment_ended}, {"gap", on_trouble}, {"held", on_held},
        {"disk_low", on_trouble},        {"error", on_error}, {"stopped", on_stopped}};
    if (!*c->id || strcmp(text(m, "recording"), c->id) != 0) {
        return; /* of one that is over */
    }
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(text(m, "state"), table[i].state) == 0) {
            table[i].take(c, m);
            return;
        }
    }
}
