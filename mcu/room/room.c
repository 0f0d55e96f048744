#include "mcu/room/room.h"

#include <malloc.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/room/caption.h"
#include "mcu/room/check.h"
#include "mcu/room/freeze.h"
#include "mcu/room/leg.h"
#include "mcu/room/leg_reader.h"
#include "mcu/room/record.h"
#include "mcu/room/requests.h"
#include "mcu/room/room_private.h"
#include "mcu/room/still.h"

#define TICK_MS 100
#define REPORT_TICKS 5
#define TRIM_TICKS 50 /* 5 s */

static void seat_free(gpointer data)
{
    mcu_seat *seat = data;
    mcu_leg_free(seat->leg);
    mcu_session_free(seat->session);
    g_free(seat->name);
    g_free(seat);
}

static void dead_free(gpointer data)
{
    mcu_session_free(data);
}

static void dead_leg_free(gpointer data)
{
    mcu_leg_free(data);
}

static gboolean on_finished(gpointer user)
{
    mcu_room *r = user;
    r->callbacks.finished(r->user, "finished");
    return G_SOURCE_REMOVE;
}

void mcu_room_finish(mcu_room *r, const char *reason)
{
    if (r->finished || mcu_record_holds_finish(r, reason)) {
        return;
    }
    r->finished = true;
    mcu_info("room.finish", "room=%s reason=%s", r->id, reason);
    mcu_room_send(r, json_pack("{ss ss}", "type", "bye", "reason", reason), NULL);
    GSource *source = g_idle_source_new();
    g_source_set_callback(source, on_finished, r, NULL);
    g_source_attach(source, r->context);
    g_source_unref(source);
}

static bool anybody(const mcu_room *r)
{
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        if (seat->session != NULL || seat->leg != NULL) {
            return true;
        }
    }
    return mcu_checks_running(r);
}

static void tick_seats(mcu_room *r, int64_t now, bool report)
{
    for (guint i = 0; i < r->order->len; i++) {
        mcu_seat *seat = r->order->pdata[i];
        if (seat->session != NULL) {
            mcu_session_tick(seat->session, now);
        }
        if (report && seat->session != NULL) {
            mcu_session_report(seat->session);
        }
        if (report && seat->leg != NULL) {
            mcu_leg_tick(seat->leg, now);
        }
    }
}

void mcu_room_tick_empty(mcu_room *r, int64_t now_ns)
{
    if (anybody(r)) {
        r->empty_since_ns = 0;
    } else if (r->empty_since_ns == 0) {
        r->empty_since_ns = now_ns;
    } else if (now_ns - r->empty_since_ns >= r->options.empty_ns) {
        mcu_room_finish(r, "empty");
    }
}

/* Coming and going leave several MiB of free pages in the heaps of four people, which no free() gives back. */
static void give_memory_back(const mcu_room *r)
{
    if (r->ticks % TRIM_TICKS == 0) {
        (void)malloc_trim(0);
    }
}

static gboolean on_tick(gpointer user)
{
    mcu_room *r = user;
    int64_t now = mcu_now_ns();
    bool report = ++r->ticks % REPORT_TICKS == 0;
    tick_seats(r, now, report);
    mcu_freeze_tick(r, now);
    mcu_layouts_tick(r, now);
    if (!report) {
        return G_SOURCE_CONTINUE;
    }
    mcu_checks_tick(r, now);
    mcu_stills_tick(r, now);
    mcu_senders_tick(r, now);
    mcu_record_tick(r);
    give_memory_back(r);
    mcu_room_tick_empty(r, now);
    return G_SOURCE_CONTINUE;
}

mcu_room *mcu_room_new(GMainContext *context, const json_t *open, const mcu_room_callbacks *callbacks, void *user, GError **error)
{
    const char *id = json_string_value(json_object_get(open, "room"));
    const char *name = json_string_value(json_object_get(open, "name"));
    if (id == NULL || id[0] == '\0' || strlen(id) > MCU_ID_MAX) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "open needs a room id of 1 to %d characters", MCU_ID_MAX);
        return NULL;
    }
    mcu_room *r = g_new0(mcu_room, 1);
    r->context = context;
    r->callbacks = *callbacks;
    r->user = user;
    g_strlcpy(r->id, id, sizeof r->id);
    r->name = g_strdup(name != NULL ? name : id);
    r->seats = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, seat_free);
    r->order = g_ptr_array_new();
    r->dead = g_ptr_array_new_with_free_func(dead_free);
    r->dead_legs = g_ptr_array_new_with_free_func(dead_leg_free);
    r->next_person = 1;
    mcu_checks_init(r);
    mcu_stage_init(&r->stage);
    r->caption = mcu_caption_new(r);
    if (!mcu_room_options_init(&r->options, json_object_get(open, "config"), error) || !mcu_wiring_init(r, error)) {
        mcu_room_free(r);
        return NULL;
    }
    if (!mcu_layout_use(r, r->options.layout, NULL)) { /* its file is gone since it was chosen */
        (void)mcu_layout_use(r, MCU_LAYOUT_DEFAULT, NULL);
    }
    r->ticker = g_timeout_source_new(TICK_MS);
    g_source_set_callback(r->ticker, on_tick, r, NULL);
    g_source_attach(r->ticker, context);
    size_t i;
    json_t *seat;
    json_array_foreach(json_object_get(open, "seats"), i, seat)
    {
        (void)mcu_request_seat(r, seat, NULL);
    }
    mcu_info("room.open", "room=%s tiers=%u", r->id, r->options.tiers.n_tiers);
    return r;
}

static void destroy_source(GSource **source)
{
    if (*source != NULL) {
        g_source_destroy(*source);
        g_clear_pointer(source, g_source_unref);
    }
}

void mcu_room_free(mcu_room *r)
{
    if (r == NULL) {
        return;
    }
    destroy_source(&r->ticker);
    destroy_source(&r->idle);
    r->callbacks.send = NULL;
    mcu_checks_clear(r);
    g_ptr_array_set_size(r->dead_legs, 0);
    mcu_record_free(r);
    g_clear_pointer(&r->caption, mcu_caption_free);
    g_ptr_array_unref(r->dead);
    r->dead = g_ptr_array_new_with_free_func(dead_free);
    g_hash_table_unref(r->seats);
    destroy_source(&r->idle);
    g_ptr_array_unref(r->dead);
    g_ptr_array_unref(r->dead_legs);
    g_clear_pointer(&r->leg_reader, mcu_leg_reader_free);
    g_ptr_array_unref(r->order);
    mcu_wiring_clear(r);
    mcu_room_options_clear(&r->options);
    g_free(r->name);
    g_free(r);
}

const char *mcu_room_id(const mcu_room *r)
{
    return r->id;
}

uint64_t mcu_room_revision(const mcu_room *r)
{
    return r->revision;
}

void mcu_room_send(mcu_room *r, json_t *take, const char *coalesce)
{
    g_assert(take != NULL);
    if (r->callbacks.send != NULL) {
        r->callbacks.send(r->user, take, coalesce);
    } else {
        json_decref(take);
    }
}

void mcu_room_announce(mcu_room *r)
{
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        mcu_session *s = seat->session;
        if (seat->leg != NULL) {
            mcu_leg_report(seat->leg, "announce");
        }
        if (s == NULL) {
            continue;
        }
        mcu_peer_state state = mcu_peer_get_state(s->peer);
        mcu_report_session(s, state == MCU_PEER_UP ? "up" : state == MCU_PEER_STALLED ? "stalled" : "connecting", "announce");
    }
    mcu_room_send(r, mcu_report_roster(r), "roster");
    mcu_record_announce(r);
    for (unsigned i = 0; i < MIX_MAX_TIERS; i++) {
        if (r->layouts[i] != NULL) {
            mcu_layout_say(r, i);
        }
    }
}
