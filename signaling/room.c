#include "signaling/room.h"

#include <inttypes.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "signaling/launcher_link.h"
#include "signaling/phone_calls.h"
#include "signaling/pool.h"
#include "signaling/room_private.h"
#include "signaling/session.h"
#include "signaling/supervisor.h"

#define OPEN_MS 5000
#define END_MS 5000
#define ADOPT_MS 2000
#define QUICK_DEATH_NS (INT64_C(10) * 1000000000)
#define FREE_DEATHS 3 /* restarts at once before pauses begin */
#define BACKOFF_LAST_MS 10000

static const char *state_name(sig_room_state s)
{
    static const char *const names[] = {"none", "down", "waiting", "opening", "open", "backoff", "ending", "gone"};
    return (unsigned)s < G_N_ELEMENTS(names) ? names[s] : "none";
}

static void set_state(sig_room *r, sig_room_state state, const char *why)
{
    mcu_info("room.state", "room=%s from=%s to=%s why=%s", r->id, state_name(r->state), state_name(state), why);
    r->state = state;
    event_del(r->timer);
}

/* ---- what the process is told ---- */

void sig_room_layout_changed(sig_room *r)
{
    const sig_room_facts *f = sig_facts_room(r->gateway->facts, r->id);
    sig_room_tell(r, json_pack("{s:s, s:s}", "type", "layout", "layout", f->layout));
    sig_room_tell_layouts(r);
}

void sig_room_recording_changed(sig_room *r, const char *seat)
{
    const sig_seat_facts *s = sig_facts_seat(r->gateway->facts, r->id, seat);
    if (s) {
        sig_recording_tell_consent(r->recording, s);
    } else {
        sig_recording_rules_changed(r->recording);
    }
    sig_recording_people_changed(r->recording);
    sig_recording_show(r->recording);
}

void sig_room_layouts_changed(sig_room *r)
{
    sig_room_tell(r, json_pack("{s:s, s:o}", "type", "layouts", "layouts", sig_room_layouts_json(r)));
    sig_room_layout_changed(r); /* it may be there again */
}

static void tell_seat(sig_room *r, const sig_seat_facts *s)
{
    json_t *m = sig_room_seat_json(s);
    json_object_set_new(m, "type", json_string("seat"));
    sig_room_tell(r, m);
}

/* ---- the life of the process ---- */

static void on_process(void *user, sig_room_link *take_link);

static void end_all(GHashTable *sessions, const char *reason)
{
    g_autoptr(GList) list = g_hash_table_get_values(sessions);
    for (GList *i = list; i; i = i->next) {
        sig_session_end(i->data, reason);
    }
}

static void forget_live(sig_room *r)
{
    g_hash_table_remove_all(r->live);
    g_hash_table_remove_all(r->legs);
    g_hash_table_remove_all(r->layouts);
    json_decref(r->roster);
    r->roster = NULL;
}

static void wait_for_process(sig_room *r, const char *why)
{
    set_state(r, SIG_ROOM_WAITING, why);
    sig_pool_request(sig_supervisor_pool(r->gateway->supervisor), on_process, r);
}

static void revive(sig_room *r)
{
    bool needed = g_hash_table_size(r->clients) > 0 || !g_queue_is_empty(&r->queue) || r->restart;
    sig_recording_process_gone(r->recording, needed ? NULL : "empty");
    if (!needed) {
        set_state(r, SIG_ROOM_DOWN, "not_needed");
        return;
    }
    if (r->deaths <= FREE_DEATHS) {
        wait_for_process(r, "died");
        return;
    }
    set_state(r, SIG_ROOM_BACKOFF, "died_repeatedly");
    unsigned shift = MIN(r->deaths - FREE_DEATHS, 6);
    sig_timer_arm(r->timer, MIN(INT64_C(200) << shift, BACKOFF_LAST_MS));
}

static void on_closed(void *user)
{
    sig_room *r = user;
    sig_room_unlink_process(r);
    bool was_ending = r->state == SIG_ROOM_ENDING, had_people = g_hash_table_size(r->live) > 0 || sig_room_leg_count(r) > 0;
    forget_live(r);
    end_all(r->checks, "check_over");
    r->adopting = false;
    if (was_ending || r->bye) {
        sig_recording_process_gone(r->recording, was_ending ? "room_ended" : "empty");
    }
    if (was_ending) {
        set_state(r, SIG_ROOM_GONE, "ended");
        sig_supervisor_room_gone(r->gateway->supervisor, r);
        return;
    }
    if (r->bye) {
        r->bye = false;
        set_state(r, SIG_ROOM_DOWN, "empty");
        if (!g_queue_is_empty(&r->queue)) {
            wait_for_process(r, "wanted");
        }
        return;
    }
    mcu_counter_add(mcu_counter_get("tessera_room_deaths_total", NULL, "Room processes that died while they were a room."), 1);
    bool quick = mcu_now_ns() - r->opened_ns < QUICK_DEATH_NS;
    r->deaths = quick ? r->deaths + 1 : 1;
    r->restart = r->restart || had_people || g_hash_table_size(r->clients) > 0;
    revive(r);
}

static void opened(sig_room *r)
{
    set_state(r, SIG_ROOM_OPEN, "opened");
    r->opened_ns = mcu_now_ns();
    sig_recording_process_opened(r->recording); /* before those who come */
    sig_room_tell_picture(r);
    sig_room_flush_queue(r);
    if (!r->restart) {
        return;
    }
    r->restart = false;
    sig_phone_room_again(r->gateway->phone, r->id);
    g_autoptr(GList) sessions = g_hash_table_get_values(r->clients);
    for (GList *i = sessions; i; i = i->next) {
        sig_session_restart(i->data, "room_restarted");
    }
}

static void give_up_on_process(sig_room *r, const char *why)
{
    mcu_warn("room.unusable", "room=%s why=%s", r->id, why);
    sig_launcher_kill(r->gateway->launcher, sig_room_link_inode(r->link));
    on_closed(r);
}

static void on_message(void *user, const char *type, const json_t *m)
{
    sig_room *r = user;
    if (r->state == SIG_ROOM_OPENING) {
        if (strcmp(type, "opened") == 0) {
            opened(r);
        } else if (strcmp(type, "error") == 0) {
            give_up_on_process(r, "not_opened");
        }
        return;
    }
    if (strcmp(type, "bye") == 0) {
        r->bye = true;
        return;
    }
    if (r->state == SIG_ROOM_OPEN) {
        sig_room_on_message(r, type, m);
    }
}

static void on_hello(void *user, const char *room, const char *build)
{
    (void)user; /* a link says hello before it is handed to a room, and only once */
    (void)room;
    (void)build;
}

static const sig_room_link_events events = {on_hello, on_message, on_closed};

void sig_room_unlink_process(sig_room *r)
{
    if (r->link) {
        sig_room_link_unlink(r->link);
        sig_room_link_free(g_steal_pointer(&r->link));
    }
}

static void on_process(void *user, sig_room_link *take_link)
{
    sig_room *r = user;
    g_autofree char *name = g_strdup_printf("%s.sock", r->id);
    r->link = take_link;
    sig_room_link_set_events(r->link, &events, r);
    set_state(r, SIG_ROOM_OPENING, "process");
    sig_timer_arm(r->timer, OPEN_MS);
    r->bye = false;
    if (!sig_room_link_rename(r->link, name) || !sig_room_link_send(r->link, sig_room_open_json(r))) {
        mcu_warn("room.open", "room=%s not_sent=1", r->id); /* the timer or the closed link goes on from here */
    }
}

static void on_adopted(void *user, const json_t *reply, const char *code, const char *message)
{
    sig_room *r = user;
    (void)code;
    (void)message;
    r->adopting = false;
    if (reply) {
        sig_room_on_inspection(r, reply);
    }
    sig_recording_process_adopted(r->recording);
    sig_supervisor_adopted(r->gateway->supervisor);
}

void sig_room_adopt(sig_room *r, sig_room_link *take_link)
{
    r->link = take_link;
    sig_room_link_set_events(r->link, &events, r);
    set_state(r, SIG_ROOM_OPEN, "adopted");
    r->opened_ns = mcu_now_ns();
    const sig_room_facts *f = sig_facts_room(r->gateway->facts, r->id);
    GHashTableIter i;
    void *seat = NULL;
    g_hash_table_iter_init(&i, f->seats);
    while (g_hash_table_iter_next(&i, NULL, &seat)) {
        tell_seat(r, seat);
    }
    sig_room_layouts_changed(r);
    sig_room_tell_picture(r);
    r->adopting = sig_room_link_request(r->link, json_pack("{s:s}", "type", "inspect"), ADOPT_MS, on_adopted, r) != NULL;
}

static void on_timer(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_room *r = user;
    if (r->state == SIG_ROOM_BACKOFF) {
        wait_for_process(r, "backoff_over");
    } else if (r->state == SIG_ROOM_OPENING) {
        give_up_on_process(r, "silent");
    } else if (r->state == SIG_ROOM_ENDING) {
        give_up_on_process(r, "does_not_end");
    }
}

void sig_room_start(sig_room *r)
{
    if (r->state == SIG_ROOM_DOWN && !r->gateway->closing) {
        wait_for_process(r, "wanted");
    }
}

void sig_room_end(sig_room *r, const char *reason)
{
    end_all(r->clients, reason);
    end_all(r->waiting, reason);
    end_all(r->checks, reason);
    bool linked = r->link != NULL;
    sig_pool_cancel(sig_supervisor_pool(r->gateway->supervisor), r);
    set_state(r, linked ? SIG_ROOM_ENDING : SIG_ROOM_GONE, reason);
    sig_room_fail_queue(r);
    if (!linked) {
        sig_recording_process_gone(r->recording, reason);
    } else {
        sig_room_link_send(r->link, json_pack("{s:s, s:s}", "type", "end", "reason", reason));
        sig_timer_arm(r->timer, END_MS);
    }
}

/* ---- seats ---- */

void sig_room_seat_changed(sig_room *r, const char *seat)
{
    const sig_seat_facts *s = sig_facts_seat(r->gateway->facts, r->id, seat);
    sig_session *client = sig_room_client(r, seat);
    if (s) {
        tell_seat(r, s);
    }
    if (s && client) {
        sig_session_facts_changed(client, s);
    }
    if (s && s->host) {
        sig_room_admit(r, seat); /* a host does not wait */
    }
}

/* The microphone is closed before the process hears that the mute is over. */
void sig_room_mute_lifted(sig_room *r, const char *seat)
{
    sig_session *client = sig_room_client(r, seat);
    bool asks = client && sig_session_close_microphone(client);
    (void)sig_phone_switch_audio(r->gateway->phone, r->id, seat, false);
    sig_room_seat_changed(r, seat);
    if (asks) {
        sig_session_ask(client, "unmute", NULL);
    }
}

void sig_room_seats_changed(sig_room *r)
{
    g_autoptr(GList) seats = g_hash_table_get_keys(sig_facts_room(r->gateway->facts, r->id)->seats);
    for (GList *i = seats; i; i = i->next) {
        sig_room_seat_changed(r, i->data);
    }
}

void sig_room_seat_dropped(sig_room *r, const char *seat)
{
    sig_session *client = sig_room_client(r, seat), *waits = g_hash_table_lookup(r->waiting, seat);
    sig_room_tell(r, json_pack("{s:s, s:s, s:s}", "type", "unseat", "seat", seat, "reason", "removed"));
    g_hash_table_remove(r->live, seat);
    g_hash_table_remove(r->inside, seat);
    g_hash_table_remove(r->chat, seat);
    sig_recording_people_changed(r->recording);
    if (client) {
        sig_session_end(client, "removed");
    }
    if (waits) {
        sig_session_end(waits, "removed");
    }
}

/* ---- legs ---- */

void sig_room_note_leg(sig_room *r, const char *session, const char *seat)
{
    g_hash_table_insert(r->legs, g_strdup(session), g_strdup(seat));
    sig_recording_people_changed(r->recording);
}

void sig_room_forget_leg(sig_room *r, const char *session)
{
    g_hash_table_remove(r->legs, session);
    sig_recording_people_changed(r->recording);
}

unsigned sig_room_leg_count(const sig_room *r)
{
    return g_hash_table_size(r->legs);
}

/* ---- new, free, facts ---- */

static void free_live(void *value)
{
    sig_live *l = value;
    g_free(l->offer);
    g_free(l->ufrag);
    g_free(l);
}

static void free_json(void *value)
{
    json_decref(value);
}

sig_room *sig_room_new(sig_gateway *g, const char *id)
{
    sig_room *r = g_new0(sig_room, 1);
    r->gateway = g;
    g_strlcpy(r->id, id, sizeof r->id);
    r->state = SIG_ROOM_DOWN;
    r->timer = sig_timer_new(g->base, on_timer, r);
    g_queue_init(&r->queue);
    r->clients = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    r->waiting = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    r->inside = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    r->checks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    r->chat = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    r->legs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    r->live = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_live);
    r->layouts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_json);
    r->recording = sig_recording_new(r);
    return r;
}

void sig_room_free(sig_room *r)
{
    if (!r) {
        return;
    }
    sig_pool_cancel(sig_supervisor_pool(r->gateway->supervisor), r);
    r->state = SIG_ROOM_GONE;
    if (r->link) {
        static const sig_room_link_events deaf = {NULL, NULL, NULL};
        sig_room_link_set_events(r->link, &deaf, NULL);
        sig_room_link_free(g_steal_pointer(&r->link));
    }
    sig_room_fail_queue(r);
    sig_recording_free(r->recording);
    event_free(r->timer);
    GHashTable *const tables[] = {r->clients, r->waiting, r->inside, r->checks, r->chat, r->live, r->legs, r->layouts};
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        g_hash_table_destroy(tables[i]);
    }
    json_decref(r->roster);
    json_decref(r->sounds);
    g_free(r->line);
    g_free(r);
}

sig_recording *sig_room_recording(const sig_room *r)
{
    return r->recording;
}

const char *sig_room_id(const sig_room *r)
{
    return r->id;
}

sig_gateway *sig_room_gateway(const sig_room *r)
{
    return r->gateway;
}

bool sig_room_adopting(const sig_room *r)
{
    return r->adopting;
}

bool sig_room_running(const sig_room *r)
{
    return r->state == SIG_ROOM_WAITING || r->state == SIG_ROOM_OPENING || r->state == SIG_ROOM_OPEN ||
           r->state == SIG_ROOM_BACKOFF;
}

bool sig_room_is_down(const sig_room *r)
{
    return r->state == SIG_ROOM_DOWN;
}

bool sig_room_occupied(const sig_room *r)
{
    return sig_room_running(r) &&
           (g_hash_table_size(r->clients) > 0 || g_hash_table_size(r->live) > 0 || sig_room_leg_count(r) > 0);
}

bool sig_room_takes_people(const sig_room *r)
{
    return sig_room_running(r) || (r->state == SIG_ROOM_DOWN && !r->gateway->closing);
}

bool sig_room_gone(const sig_room *r)
{
    return r->state == SIG_ROOM_GONE;
}
