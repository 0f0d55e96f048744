#include "signaling/recording.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "signaling/audit.h"
#include "signaling/recording_private.h"
#include "signaling/session.h"
#include "signaling/supervisor.h"

#define STOP_MS 5000

static const struct {
    const char *durable, *shown;
} names[] = {[SIG_RECORDING_NONE] = {"", "off"},
             [SIG_RECORDING_OFF] = {"ended", "off"},
             [SIG_RECORDING_WRITING] = {"asking", "off"},
             [SIG_RECORDING_ASKING] = {"asking", "asking"},
             [SIG_RECORDING_ON] = {"running", "on"},
             [SIG_RECORDING_HELD] = {"held", "held"},
             [SIG_RECORDING_PAUSED] = {"paused", "paused"},
             [SIG_RECORDING_STOPPING] = {"running", "on"}};

const char *sig_recording_id(const sig_recording *c)
{
    return c->id;
}

const char *sig_recording_state(const sig_recording *c)
{
    return c->turn == SIG_RECORDING_STOPPING && c->rested ? "off" : names[c->turn].shown;
}

bool sig_recording_asks(const sig_recording *c)
{
    return c->turn >= SIG_RECORDING_ASKING && c->turn <= SIG_RECORDING_PAUSED;
}

static sig_gateway *gateway_of(const sig_recording *c)
{
    return c->room->gateway;
}

static const sig_room_facts *facts_of(const sig_recording *c)
{
    return sig_facts_room(gateway_of(c)->facts, c->room->id);
}

void sig_recording_note(const sig_recording *c, const char *event, const char *operation, const json_t *more)
{
    const sig_audit_entry e = {.event = event, .room = c->room->id, .operation = operation, .target = c->id, .more = more};
    sig_audit_note(gateway_of(c), &e);
}

/* ---- turns ---- */

void sig_recording_turn_to(sig_recording *c, sig_recording_turn turn, const char *reason)
{
    sig_change change = {.kind = SIG_RECORDING_STATE, .at_ms = mcu_wall_ns() / 1000000};
    const sig_audit_entry e = {
        .event = "recording", .room = c->room->id, .operation = names[turn].durable, .target = c->id, .reason = reason};
    if (c->turn == turn) {
        return;
    }
    mcu_info("recording.turn", "room=%s recording=%s to=%s why=%s", c->room->id, c->id, names[turn].shown, reason);
    c->turn = turn;
    g_strlcpy(change.room, c->room->id, sizeof change.room);
    g_strlcpy(change.recording, c->id, sizeof change.recording);
    g_strlcpy(change.state, names[turn].durable, sizeof change.state);
    g_strlcpy(change.reason, reason, sizeof change.reason);
    if (turn != SIG_RECORDING_STOPPING && !sig_commit(gateway_of(c), &change, 1, &e, NULL, NULL)) {
        mcu_error_log("recording.turn", "recording=%s not_written=1", c->id);
    }
    sig_recording_tell_caption(c);
    sig_recording_show(c);
}

void sig_recording_end(sig_recording *c, const char *reason)
{
    static const char *const failures[] = {SIG_RECORDING_DISK_FULL, "disk_error", "no_file", "failed", NULL};
    if (c->turn == SIG_RECORDING_OFF) {
        return;
    }
    event_del(c->deadline);
    sig_recording_drop_unused(c);
    g_hash_table_remove_all(c->coming);
    c->begun = false;
    g_strlcpy(c->failed, g_strv_contains(failures, reason) ? reason : "", sizeof c->failed);
    sig_recording_turn_to(c, SIG_RECORDING_OFF, reason);
    c->id[0] = '\0';
}

/* Only the beginning waits for everybody: who comes later, or takes the consent back, is masked by the room's process. */
static void review(sig_recording *c)
{
    g_autoptr(GPtrArray) missing = sig_recording_missing(c);
    if (c->turn == SIG_RECORDING_ASKING && missing->len == 0 && sig_recording_can_begin(c, NULL)) {
        sig_recording_turn_to(c, SIG_RECORDING_ON, "agreed");
        sig_recording_begin(c);
    } else if (c->turn == SIG_RECORDING_ASKING && missing->len == 0 && !sig_recording_disk_ok(gateway_of(c))) {
        sig_recording_end(c, SIG_RECORDING_DISK_FULL); /* nobody is to wait for what cannot begin */
    }
}

void sig_recording_people_changed(sig_recording *c)
{
    if (c->turn != SIG_RECORDING_OFF) {
        review(c);
        sig_recording_show(c);
    }
}

void sig_recording_expect(sig_recording *c, const char *seat)
{
    if (c->turn != SIG_RECORDING_OFF && g_hash_table_add(c->coming, g_strdup(seat))) {
        review(c);
        sig_recording_show(c);
    }
}

void sig_recording_arrived(sig_recording *c, const char *seat)
{
    if (g_hash_table_remove(c->coming, seat)) {
        sig_recording_people_changed(c);
    }
}

/* ---- commands ---- */

typedef struct {
    sig_gateway *gateway;
    char room[SIG_ID_MAX + 1], recording[SIG_ID_MAX + 1];
    sig_recording_fn fn;
    void *user;
} starting;

static void on_start_written(void *user, bool ok)
{
    starting *s = user;
    sig_room *room = sig_supervisor_room(s->gateway->supervisor, s->room);
    sig_recording *c = room ? room->recording : NULL;
    bool here = c && strcmp(c->id, s->recording) == 0 && c->turn == SIG_RECORDING_WRITING;
    if (here && ok) {
        c->turn = SIG_RECORDING_ASKING;
        review(c);
        sig_recording_show(c);
    } else if (here) {
        c->turn = SIG_RECORDING_OFF;
        c->id[0] = '\0';
    }
    s->fn(s->user, here && ok ? NULL : mcu_error_name(MCU_ERROR_UNAVAILABLE), "It could not be written down.");
    g_free(s);
}

static const char *tier_of(const sig_gateway *g)
{
    return *g->settings->recording_tier ? g->settings->recording_tier : g->settings->tiers[0].name;
}

static void start(sig_recording *c, const char *actor, sig_recording_fn fn, void *user)
{
    sig_gateway *g = gateway_of(c);
    const sig_room_facts *f = facts_of(c);
    const char *why_not = NULL;
    if (strcmp(f->policy, SIG_POLICY_NOBODY) == 0) {
        fn(user, mcu_error_name(MCU_ERROR_CONFLICT), "This visit is not to be recorded: its policy says nobody.");
        return;
    }
    if (c->turn != SIG_RECORDING_OFF) {
        fn(user, mcu_error_name(MCU_ERROR_CONFLICT), "This visit is being recorded already.");
        return;
    }
    if (!sig_recording_can_begin(c, &why_not)) {
        bool full = c->room->state == SIG_ROOM_OPEN && !sig_recording_disk_ok(g);
        fn(user, full ? SIG_RECORDING_DISK_FULL : mcu_error_name(MCU_ERROR_UNAVAILABLE), why_not);
        return;
    }
    sig_change change = {.kind = SIG_RECORDING_PUT, .state = "asking", .at_ms = mcu_wall_ns() / 1000000};
    sig_random_id("", c->id);
    c->turn = SIG_RECORDING_WRITING;
    c->segment = 0;
    c->hash[0] = c->failed[0] = '\0';
    g_strlcpy(c->policy, f->policy, sizeof c->policy);
    g_strlcpy(change.recording, c->id, sizeof change.recording);
    g_strlcpy(change.room, f->id, sizeof change.room);
    g_strlcpy(change.policy, f->policy, sizeof change.policy);
    g_strlcpy(change.tier, tier_of(g), sizeof change.tier);
    starting *s = g_new0(starting, 1);
    *s = (starting){.gateway = g, .fn = fn, .user = user};
    g_strlcpy(s->room, f->id, sizeof s->room);
    g_strlcpy(s->recording, c->id, sizeof s->recording);
    const sig_audit_entry e = {.room = f->id, .actor = actor, .operation = "record_start", .target = c->id};
    if (!sig_commit(g, &change, 1, &e, on_start_written, s)) {
        on_start_written(s, false);
    }
}

void sig_recording_late(sig_gateway *g, const sig_change *put)
{
    const sig_room *room = sig_supervisor_room(g->supervisor, put->room);
    if (room && strcmp(room->recording->id, put->recording) == 0) {
        return;
    }
    sig_change c = {.kind = SIG_RECORDING_STATE, .state = "ended", .reason = "late", .at_ms = mcu_wall_ns() / 1000000};
    g_strlcpy(c.room, put->room, sizeof c.room);
    g_strlcpy(c.recording, put->recording, sizeof c.recording);
    const sig_audit_entry e = {
        .event = "recording", .room = c.room, .operation = "ended", .target = c.recording, .reason = "late"};
    sig_commit(g, &c, 1, &e, NULL, NULL);
}

static void on_stop_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_recording_end(user, "stop");
}

static void stop_because(sig_recording *c, const char *reason)
{
    if (!c->begun) {
        sig_recording_end(c, reason);
        return;
    }
    c->rested = c->turn == SIG_RECORDING_PAUSED;
    sig_recording_tell(c, "stop", reason);
    sig_recording_turn_to(c, SIG_RECORDING_STOPPING, reason);
    sig_timer_arm(c->deadline, STOP_MS);
}

static void stop(sig_recording *c)
{
    stop_because(c, "stop");
}

void sig_recording_rules_changed(sig_recording *c)
{
    if (c->turn == SIG_RECORDING_OFF || c->turn == SIG_RECORDING_STOPPING) {
        return;
    }
    if (strcmp(sig_facts_room(gateway_of(c)->facts, c->room->id)->policy, SIG_POLICY_NOBODY) == 0) {
        stop_because(c, "policy");
    } else {
        sig_recording_tell_caption(c);
    }
}

static void pause_it(sig_recording *c)
{
    sig_recording_tell(c, "pause", "pause");
    sig_recording_turn_to(c, SIG_RECORDING_PAUSED, "pause");
}

static void resume(sig_recording *c)
{
    sig_recording_turn_to(c, SIG_RECORDING_ON, "resume");
    sig_recording_tell(c, "resume", "resume");
}

static const struct {
    const char *action, *operation;
    void (*run)(sig_recording *c);
    unsigned turns; /* in which it may come */
    const char *refusal;
} actions[] = {
    {"stop", "record_stop", stop,
     1u << SIG_RECORDING_ASKING | 1u << SIG_RECORDING_ON | 1u << SIG_RECORDING_HELD | 1u << SIG_RECORDING_PAUSED,
     "This visit is not being recorded."},
    {"pause", "record_pause", pause_it, 1u << SIG_RECORDING_ON | 1u << SIG_RECORDING_HELD, "Nothing is being recorded now."},
    {"resume", "record_resume", resume, 1u << SIG_RECORDING_PAUSED, "The recording is not paused."}};

/* What ends or pauses a recording does not wait for a disk: it is noted at the same time. */
void sig_recording_command(sig_recording *c, const char *action, const char *actor, sig_recording_fn fn, void *user)
{
    if (strcmp(action, "start") == 0) {
        start(c, actor, fn, user);
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
        if (strcmp(action, actions[i].action) != 0) {
            continue;
        }
        if (!(actions[i].turns & 1u << c->turn)) {
            bool twice = c->turn == SIG_RECORDING_PAUSED && actions[i].run == pause_it;
            fn(user, mcu_error_name(MCU_ERROR_CONFLICT), twice ? "The recording is paused already." : actions[i].refusal);
            return;
        }
        const sig_audit_entry e = {.room = c->room->id, .actor = actor, .operation = actions[i].operation, .target = c->id};
        sig_audit_note(gateway_of(c), &e);
        actions[i].run(c);
        fn(user, NULL, NULL);
        return;
    }
    fn(user, mcu_error_name(MCU_ERROR_BAD_REQUEST), "action: must be start, stop, pause or resume");
}

/* ---- life ---- */

static void go_on_with(sig_recording *c, const sig_recording_facts *f)
{
    g_strlcpy(c->id, f->id, sizeof c->id);
    g_strlcpy(c->policy, f->policy, sizeof c->policy);
    for (guint i = SIG_RECORDING_ASKING; i <= SIG_RECORDING_PAUSED; i++) {
        c->turn = strcmp(f->state, names[i].durable) == 0 ? (sig_recording_turn)i : c->turn;
    }
    if (f->segments->len > 0) {
        const sig_segment_facts *last = &g_array_index(f->segments, sig_segment_facts, f->segments->len - 1);
        c->segment = last->segment + 1;
        g_strlcpy(c->hash, last->hash, sizeof c->hash);
    }
}

sig_recording *sig_recording_new(sig_room *r)
{
    sig_recording *c = g_new0(sig_recording, 1);
    const sig_recording_facts *f = sig_facts_recording_of(r->gateway->facts, r->id);
    c->room = r;
    c->turn = SIG_RECORDING_OFF;
    c->coming = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    c->refusing = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    c->deadline = sig_timer_new(r->gateway->base, on_stop_deadline, c);
    if (f) {
        go_on_with(c, f);
    }
    return c;
}

void sig_recording_free(sig_recording *c)
{
    g_hash_table_destroy(c->coming);
    g_hash_table_destroy(c->refusing);
    event_free(c->deadline);
    g_free(c);
}
