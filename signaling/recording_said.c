/* What a room process says about the recording, and what the catalogue and the trail keep of it: mcu/ROOM-PROTOCOL.md, Recording.
 * A process says it again to a gateway that was away: what is known already changes nothing. */
#include <inttypes.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/hex.h"
#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "signaling/audit.h"
#include "signaling/recording_private.h"

static const char *text(const json_t *m, const char *member)
{
    const char *v = json_string_value(json_object_get(m, member));
    return v ? v : "";
}

static const sig_segment_facts *known(const sig_recording *c, int64_t segment)
{
    const sig_recording_facts *f = sig_facts_recording(c->room->gateway->facts, c->id);
    for (guint i = 0; f && i < f->segments->len; i++) {
        const sig_segment_facts *s = &g_array_index(f->segments, sig_segment_facts, i);
        if (s->segment == segment) {
            return s;
        }
    }
    return NULL;
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
    const sig_segment_facts *s = known(c, segment);
    g_strlcpy(change.recording, c->id, sizeof change.recording);
    g_strlcpy(change.state, state, sizeof change.state);
    if (s) { /* what is not said stays */
        change.bytes = s->bytes;
        change.media_ms = s->media_ms;
        g_strlcpy(change.hash, s->hash, sizeof change.hash);
    }
    return change;
}

void sig_recording_interrupt(const sig_recording *c)
{
    const sig_recording_facts *f = sig_facts_recording(c->room->gateway->facts, c->id);
    for (guint i = 0; f && i < f->segments->len; i++) {
        const sig_segment_facts *s = &g_array_index(f->segments, sig_segment_facts, i);
        if (strcmp(s->state, "writing") == 0) {
            const sig_change change = segment_change(c, s->segment, "interrupted");
            commit_segment(c, &change, "interrupted", NULL);
        }
    }
}

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
    bool spare = json_is_true(json_object_get(m, "spare"));
    if (!sig_recording_file_is_ours(c, file)) {
        mcu_warn("recording.file", "recording=%s unknown=1", c->id);
        return;
    }
    if (known(c, change.segment)) {
        return;
    }
    g_strlcpy(change.file, file, sizeof change.file);
    c->segment = MAX(c->segment, change.segment + 1);
    json_t *more = json_pack("{s:I, s:s}", "segment", (json_int_t)change.segment, "file", file);
    commit_segment(c, &change, "segment", more);
    json_decref(more);
    sig_recording_more_files(c, spare ? 0 : 1, spare);
}

/* Only what this process has signed counts. */
static bool read_head(const sig_recording *c, const json_t *m, mcu_chain_head *head)
{
    uint8_t key[MCU_SIGN_KEY];
    bool good = mcu_unhex(sig_recording_process_key(c), key, sizeof key) && mcu_chain_head_read(head, m) &&
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
    const sig_segment_facts *s = known(c, number(m, "segment"));
    if (s && strcmp(s->state, "writing") != 0) {
        return;
    }
    anchor(c, m, json_is_false(json_object_get(m, "complete")) ? "interrupted" : "complete", "segment_ended");
}

/* To a gateway that has just connected; the head is newer than what it knows. */
static void on_announce(sig_recording *c, const json_t *m)
{
    const json_t *head = json_object_get(m, "head");
    if (head) {
        on_head(c, head);
    }
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
    } table[] = {{"started", on_segment_started},
                 {"head", on_head},
                 {"ended", on_segment_ended},
                 {"gap", on_trouble},
                 {"held", on_held},
                 {"disk_low", on_trouble},
                 {"error", on_error},
                 {"stopped", on_stopped},
                 {"announce", on_announce}};
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
