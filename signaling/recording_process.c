/* What a room process is told about the recording: mcu/ROOM-PROTOCOL.md, Recording. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/hex.h"
#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/audit.h"
#include "signaling/recording_private.h"

const char *sig_recording_process_key(const sig_recording *c)
{
    return c->room->link ? sig_room_link_signing_key(c->room->link) : "";
}

bool sig_recording_can_begin(const sig_recording *c, const char **why_not)
{
    const char *reason = c->room->state != SIG_ROOM_OPEN ? "Nobody is in this visit: it can be recorded once somebody has joined."
                         : !*sig_recording_process_key(c) ? "This visit's process cannot record: it is of an older version."
                         : !sig_recording_disk_ok(c->room->gateway) ? SIG_RECORDING_TOO_FULL
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

bool sig_recording_caption(const sig_settings *settings, sig_recording_turn turn, sig_caption *out)
{
    bool says = settings->recording_caption;
    bool recorded = says && (turn == SIG_RECORDING_ON || turn == SIG_RECORDING_HELD || turn == SIG_RECORDING_PAUSED);
    *out = (sig_caption){.records = says && turn == SIG_RECORDING_ON,
                         .clock = recorded || settings->video_clock,
                         .visit = recorded || settings->video_visit};
    return says || out->clock || out->visit;
}

/* A pause is shown by the mark that is missing; the clock stays. */
void sig_recording_tell_caption(const sig_recording *c)
{
    const sig_settings *settings = c->room->gateway->settings;
    sig_caption caption;
    if (sig_recording_caption(settings, c->turn, &caption) && c->room->state == SIG_ROOM_OPEN) {
        bool apart = strcmp(sig_facts_room(c->room->gateway->facts, c->room->id)->evidence, SIG_EVIDENCE_RECORDING) == 0;
        sig_room_tell(c->room, json_pack("{s:s, s:b, s:b, s:s, s:i, s:b}", "type", "caption", "records", caption.records, "clock",
                                         caption.clock, "visit", caption.visit ? c->room->id : "", "utc_offset", utc_offset_min(),
                                         "apart", apart && settings->recording_caption && c->turn != SIG_RECORDING_OFF));
    }
}

static json_t *certificate_of(const sig_recording *c)
{
    mcu_room_certificate certificate = {.issued_ms = mcu_wall_ns() / 1000000};
    g_strlcpy(certificate.recording, c->id, sizeof certificate.recording);
    g_strlcpy(certificate.room, c->room->id, sizeof certificate.room);
    bool ok = mcu_unhex(sig_recording_process_key(c), certificate.key, sizeof certificate.key) &&
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
    char key[2 * SIG_KEY_BYTES + 1], kid[SIG_ID_MAX + 1];
    mcu_hex(g->recording_key, SIG_KEY_BYTES, key);
    g_snprintf(kid, sizeof kid, "recording-%.8s", key); /* a new key has a new name by itself */
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:o, s:s, s:o, s:I, s:s}", "type", "record", "action",
                     "start", "recording", c->id, "room", c->room->id, "segment", (json_int_t)c->segment, "previous", c->hash,
                     "tier", f->tier, "key", key, "kid", kid, "certificate", certificate_of(c), "policy", c->policy, "consents",
                     consents_of(c), "reserve", (json_int_t)(g->settings->recording_reserve_mib * INT64_C(1048576)), "slate",
                     g->settings->recording_slate);
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

/* The gateway's key vouches for the process's: from here on that one signs, and seals to the recipient. */
static void note_keys(const sig_recording *c)
{
    char key[2 * SIG_KEY_BYTES + 1];
    json_t *more = json_pack("{s:s, s:s, s:s}", "key", SIG_GATEWAY_KEY, "signer", sig_recording_process_key(c), "recipient",
                             mcu_hex(c->room->gateway->recording_key, SIG_KEY_BYTES, key));
    sig_recording_note(c, "key", "certify", more);
    json_decref(more);
}

static void start_process(sig_recording *c)
{
    note_keys(c);
    beginning *b = g_new0(beginning, 1);
    b->control = c;
    g_strlcpy(b->recording, c->id, sizeof b->recording);
    c->begun = true;
    if (!sig_room_call(c->room, start_message(c), false, on_started, b)) {
        g_free(b);
        sig_recording_end(c, "failed");
    }
}

static void hand_out(const sig_recording *c, const sig_recording_file *file)
{
    sig_room_link_send_fd(c->room->link,
                          json_pack("{s:s, s:s, s:s, s:s, s:b}", "type", "record", "action", "file", "recording", c->id, "file",
                                    file->name, "spare", file->spare),
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
    if (!sig_recording_files_make(c, SIG_FILES_AHEAD, true, ++c->starting)) {
        sig_recording_end(c, "failed");
    }
}

void sig_recording_more_files(const sig_recording *c, unsigned n, bool spare)
{
    if (!sig_recording_files_make(c, n, spare, 0)) {
        mcu_warn("recording.file", "recording=%s busy=1", c->id);
    }
}

/* ---- the process comes and goes ---- */

void sig_recording_process_opened(sig_recording *c)
{
    c->begun = false;
    const sig_settings *settings = c->room->gateway->settings;
    if (c->turn != SIG_RECORDING_OFF || settings->video_clock || settings->video_visit) {
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
        sig_recording_more_files(c, SIG_FILES_AHEAD, true); /* those of the gateway before may be used up */
    }
    sig_recording_people_changed(c);
}

void sig_recording_process_gone(sig_recording *c, const char *why)
{
    sig_recording_interrupt(c);
    c->begun = false;
    c->starting++; /* files on their way are not for the next process */
    sig_recording_drop_unused(c);
    g_hash_table_remove_all(c->coming);
    if (why) {
        sig_recording_end(c, why);
    }
}
