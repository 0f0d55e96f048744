/* record.c - see record.h: the life of a recording and what it takes from the mixers. */
#include "mcu/room/record.h"

#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/room/caption.h"
#include "mcu/room/record_private.h"

#define KEY_PERIOD_NS (4 * MCU_NS_PER_SEC)
#define FINISH_MS 3000

/* ---- run and hold ---- */

/* Which picture it is goes into the recording, and decides who sees the evidence. */
static void note_canvas(mcu_record *c)
{
    bool own = c->splice.current < c->splice.none && c->room->options.canvases[c->splice.current].recorded;
    if (own != c->own) {
        c->own = own;
        mcu_info("recording.picture", "room=%s recording=%s own=%d", c->room->id, c->id, own);
        mcu_record_event(c, "picture", "of", own ? "recording" : "tier");
        mcu_senders_ask(c->room);
        mcu_caption_show(c->room->caption);
    }
}

static void on_media(void *user, mcu_au *au)
{
    mcu_record *c = user;
    c->newest_ns = MAX(c->newest_ns, au->time_ns);
    if (au->codec == MCU_CODEC_OPUS) {
        (void)rec_recorder_sound(c->recorder, au);
        return;
    }
    if (au->keyframe) {
        c->last_key_ns = au->time_ns;
    }
    int64_t period_ns = MCU_NS_PER_SEC / c->room->options.video.tiers[c->tier].fps;
    bool taken = rec_recorder_picture(c->recorder, au);
    if (!taken || au->time_ns - c->last_key_ns >= KEY_PERIOD_NS - period_ns) {
        mcu_splice_restart(&c->splice);
    }
}

static void watch(mcu_record *c)
{
    mcu_room *r = c->room;
    if (!c->watching) {
        c->watching = true;
        mcu_splice_init(&c->splice, r->video, r->options.video.n_tiers, on_media, c);
        mcu_record_note_people(c);
        note_canvas(c);
        if (mix_audio_listener_add(r->audio, MCU_RECORD_LISTENER, MIX_HEARS_UNMASKED) != MCU_OK) {
            mcu_warn("recording.sound", "room=%s listening=0", r->id);
        }
        mcu_senders_ask(r);
    }
}

static void unwatch(mcu_record *c)
{
    if (c->watching) {
        c->watching = c->own = false;
        mix_audio_listener_remove(c->room->audio, MCU_RECORD_LISTENER);
        mcu_splice_clear(&c->splice);
        mcu_caption_show(c->room->caption);
    }
}

static json_t *labelled(const mcu_record *c, const char *state, json_t *take)
{
    json_object_set_new(take, "type", json_string("recording"));
    json_object_set_new(take, "recording", json_string(c->id));
    json_object_set_new(take, "state", json_string(state));
    return take;
}

void mcu_record_say(mcu_record *c, const char *state, json_t *take)
{
    mcu_room_send(c->room, labelled(c, state, take), strcmp(state, "head") == 0 ? "recording-head" : NULL);
}

/* Brings what runs in line with what is wanted and allowed. */
void mcu_record_settle(mcu_record *c)
{
    if (c->recorder == NULL || c->stopping) {
        return;
    }
    mcu_record_note_people(c);
    json_t *waiting = mcu_record_not_agreed(c);
    bool may = json_array_size(waiting) == 0 || (c->begun && c->own_canvas >= 0);
    if (c->wanted && may && !c->running) {
        mcu_record_slate_end(c);
        watch(c);
        c->running = true;
        c->last_key_ns = 0;
        rec_recorder_begin(c->recorder);
    } else if (c->running && !(c->wanted && may)) {
        c->running = false;
        unwatch(c); /* what waits goes out first */
        if (c->wanted) {
            rec_recorder_end(c->recorder, "consent", false);
        } else {
            mcu_record_pause(c);
        }
    }
    if (c->wanted && !may && !json_equal(waiting, c->waiting)) {
        mcu_record_say(c, "held", json_pack("{sO}", "seats", waiting));
        mcu_record_answer(c, NULL);
    }
    json_decref(c->waiting);
    c->waiting = waiting;
}

void mcu_record_stop(mcu_record *c, const char *reason)
{
    if (c->stopping || c->recorder == NULL) {
        return;
    }
    c->stopping = true;
    c->running = c->wanted = false;
    mcu_record_slate_end(c);
    unwatch(c);
    rec_recorder_end(c->recorder, reason, true);
}

/* ---- what the recorder says ---- */

void mcu_record_drop(mcu_record *c)
{
    mcu_room *r = c->room;
    unwatch(c);
    mcu_record_slate_clear(c);
    rec_recorder_free(c->recorder, FINISH_MS);
    for (unsigned i = 0; i < c->n_files; i++) {
        close(c->files[i].fd);
    }
    if (c->finish_timer != NULL) {
        g_source_destroy(c->finish_timer);
        g_source_unref(c->finish_timer);
    }
    json_decref(c->start_id);
    json_decref(c->consents);
    json_decref(c->here);
    json_decref(c->masked);
    json_decref(c->stopped);
    json_decref(c->state);
    json_decref(c->names);
    json_decref(c->waiting);
    g_free(c->finish_reason);
    g_free(c);
    r->record = NULL;
}

static gboolean on_over(gpointer user)
{
    mcu_record *c = user;
    mcu_room *r = c->room;
    g_autofree char *finish = g_strdup(c->finish_reason);
    json_t *stopped = g_steal_pointer(&c->stopped);
    mcu_record_drop(c);
    if (stopped != NULL) { /* now the next one may begin */
        mcu_room_send(r, stopped, NULL);
    }
    if (finish != NULL) {
        mcu_room_finish(r, finish);
    }
    return G_SOURCE_REMOVE;
}

/* Not from inside the recorder's callback. */
static void over_soon(mcu_record *c, unsigned ms)
{
    if (c->finish_timer != NULL) {
        g_source_destroy(c->finish_timer);
        g_source_unref(c->finish_timer);
    }
    c->finish_timer = g_timeout_source_new(ms);
    g_source_set_callback(c->finish_timer, on_over, c, NULL);
    g_source_attach(c->finish_timer, c->room->context);
}

/* A segment begins with who is here, who of them is masked, who has agreed and how they are arranged: each stands for itself. */
static void describe(mcu_record *c)
{
    const char *seat;
    json_t *value;
    json_object_foreach(c->here, seat, value)
    {
        mcu_record_event(c, "join", "seat", seat);
        if (json_is_string(value)) {
            mcu_record_event(c, "clear_leg", "seat", seat);
        }
        if (json_object_get(c->masked, seat) != NULL) {
            mcu_record_event(c, "masked", "seat", seat);
        }
    }
    json_object_foreach(c->consents, seat, value)
    {
        rec_recorder_event(c->recorder, mcu_now_ns(), json_deep_copy(value));
    }
    mcu_record_event(c, "layout", "layout", c->room->layout);
    if (c->own) {
        mcu_record_event(c, "picture", "of", "recording");
    }
}

static void on_message(void *user, const char *state, json_t *take)
{
    mcu_record *c = user;
    json_object_set(c->state, state, take);
    if (strcmp(state, "started") == 0) {
        mcu_info("recording.started", "room=%s recording=%s", c->room->id, c->id);
        c->begun = true;
        describe(c);
        mcu_record_answer(c, NULL);
    } else if (strcmp(state, "error") == 0 && !json_is_true(json_object_get(take, "next"))) {
        c->failure = strcmp(json_string_value(json_object_get(take, "code")), "no_file") == 0 ? "there is no file for the segment"
                                                                                              : "the disk does not take it";
    } else if (strcmp(state, "stopped") == 0) {
        mcu_info("recording.stopped", "room=%s recording=%s reason=%s", c->room->id, c->id,
                 json_string_value(json_object_get(take, "reason")));
        c->stopping = true;
        unwatch(c);
        mcu_caption_unmark(c->room->caption);
        mcu_record_answer(c, c->failure != NULL ? c->failure : "it was stopped");
        c->stopped = labelled(c, state, take);
        mcu_record_remember(c, state, c->stopped);
        over_soon(c, 0);
        return;
    }
    mcu_record_remember(c, state, labelled(c, state, take));
    mcu_record_say(c, state, take);
}

static void on_keyframe_wanted(void *user)
{
    mcu_record *c = user;
    if (c->watching) {
        mcu_splice_restart(&c->splice);
    }
}

const rec_callbacks mcu_record_callbacks = {on_message, on_keyframe_wanted};

/* ---- from the room ---- */

void mcu_record_picture(mcu_room *r, unsigned tier, mcu_au *au)
{
    mcu_record *c = r->record;
    if (c != NULL && c->watching) {
        mcu_splice_picture(&c->splice, tier, au, mcu_record_takes(c, tier, au));
        note_canvas(c);
    }
}

void mcu_record_sound(mcu_room *r, mcu_au *au)
{
    mcu_record *c = r->record;
    if (c != NULL && c->watching) {
        mcu_splice_sound(&c->splice, au);
        note_canvas(c);
    }
}

void mcu_record_people(mcu_room *r)
{
    if (r->record != NULL) {
        mcu_record_settle(r->record);
    }
}

void mcu_record_layout(mcu_room *r)
{
    if (r->record != NULL && r->record->running) {
        mcu_record_event(r->record, "layout", "layout", r->layout);
        mcu_record_settle(r->record);
    }
}

void mcu_record_caption(mcu_room *r)
{
    mcu_record *c = r->record;
    if (c == NULL) {
        return;
    }
    if (c->own && !mcu_caption_is_apart(r->caption)) { /* people see it again from here on */
        c->scenes_from = MAX(c->scenes_from, mix_video_scene(r->video));
    }
    mcu_record_settle(c);
}

bool mcu_record_shares(const mcu_room *r)
{
    return r->record != NULL && r->record->watching && !r->record->own;
}

unsigned mcu_record_watched(const mcu_room *r)
{
    const mcu_record *c = r->record;
    return c != NULL && c->watching ? 1u << c->splice.current | 1u << c->splice.wanted : 0;
}

void mcu_record_tick(mcu_room *r)
{
    if (r->record != NULL && r->record->watching) {
        mcu_record_settle(r->record); /* an encoder that could not be started is tried again */
    }
}

bool mcu_record_holds_finish(mcu_room *r, const char *reason)
{
    mcu_record *c = r->record;
    if (c == NULL || c->recorder == NULL || c->finish_reason != NULL) {
        return false;
    }
    c->finish_reason = g_strdup(reason);
    if (c->finish_timer == NULL) {
        over_soon(c, FINISH_MS);
    }
    mcu_record_stop(c, "room");
    return true;
}

void mcu_record_free(mcu_room *r)
{
    if (r->record != NULL) {
        mcu_record_drop(r->record);
    }
    g_clear_pointer(&r->recording_said, json_decref);
}
