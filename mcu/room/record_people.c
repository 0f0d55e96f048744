/* record_people.c - who is in the recording: who came and went, who has agreed, who is masked. */
#include "mcu/base/clock.h"
#include "mcu/room/caption.h"
#include "mcu/room/leg.h"
#include "mcu/room/record_private.h"

static bool is_here(const mcu_seat *seat)
{
    return mcu_seat_is_person(seat);
}

static bool has_agreed(const mcu_record *c, const char *seat)
{
    return !c->everyone || json_object_get(c->consents, seat) != NULL;
}

json_t *mcu_record_not_agreed(const mcu_record *c)
{
    json_t *list = json_array();
    for (guint i = 0; i < c->room->order->len; i++) {
        const mcu_seat *seat = c->room->order->pdata[i];
        if (is_here(seat) && !has_agreed(c, seat->id)) {
            json_array_append_new(list, json_string(seat->id));
        }
    }
    return list;
}

void mcu_record_event(mcu_record *c, const char *what, const char *member, const char *value)
{
    rec_recorder_event(c->recorder, mcu_now_ns(), json_pack("{ss ss}", "what", what, member, value));
}

/* What is spoken over a leg without SRTP may have been heard on the way. */
static void note_leg(mcu_record *c, const mcu_seat *seat)
{
    bool clear = seat->leg != NULL && mcu_leg_is_clear(seat->leg), was = json_is_string(json_object_get(c->here, seat->id));
    if (clear != was) {
        json_object_set_new(c->here, seat->id, clear ? json_string("clear") : json_true());
        mcu_record_event(c, clear ? "clear_leg" : "clear_leg_over", "seat", seat->id);
    }
}

static void note_people(mcu_record *c)
{
    for (guint i = 0; i < c->room->order->len; i++) {
        const mcu_seat *seat = c->room->order->pdata[i];
        bool was_here = json_object_get(c->here, seat->id) != NULL;
        if (is_here(seat) && !was_here) {
            json_object_set_new(c->here, seat->id, json_true());
            mcu_record_event(c, "join", "seat", seat->id);
        }
        if (is_here(seat)) {
            note_leg(c, seat);
        }
    }
    const char *id;
    json_t *value;
    void *next;
    json_object_foreach_safe(c->here, next, id, value)
    {
        const mcu_seat *seat = g_hash_table_lookup(c->room->seats, id);
        if (seat == NULL || !is_here(seat)) {
            mcu_record_event(c, "leave", "seat", id);
            json_object_del(c->masked, id);
            json_object_del(c->here, id); /* `id` goes with it */
        }
    }
}

/* Names are for who may read the recording, and only for him: they go into it sealed. */
static void note_names(mcu_record *c)
{
    json_t *names = json_object();
    for (guint i = 0; i < c->room->order->len; i++) {
        const mcu_seat *seat = c->room->order->pdata[i];
        json_object_set_new(names, seat->id, json_string(seat->name));
    }
    if (!json_equal(names, c->names)) {
        json_decref(c->names);
        c->names = json_incref(names);
        rec_recorder_private(c->recorder, json_pack("{so}", "seats", json_deep_copy(names))); /* it goes to another thread */
    }
    json_decref(names);
}

/* ---- masks ---- */

bool mcu_record_masks(const mcu_room *r, const mcu_seat *seat)
{
    const mcu_record *c = r->record;
    return c != NULL && c->recorder != NULL && !has_agreed(c, seat->id);
}

static void note_mask(mcu_record *c, const mcu_seat *seat, bool masked)
{
    bool was = json_object_get(c->masked, seat->id) != NULL;
    if (masked && !was) {
        json_object_set_new(c->masked, seat->id, json_true());
        mcu_record_event(c, "masked", "seat", seat->id);
    } else if (was && !masked) {
        json_object_del(c->masked, seat->id);
        mcu_record_event(c, "unmasked", "seat", seat->id);
    }
}

static unsigned wanted_canvas(const mcu_record *c)
{
    bool own = c->masking || mcu_caption_is_apart(c->room->caption);
    return own && c->own_canvas >= 0 ? (unsigned)c->own_canvas : mcu_canvas_shared(c->room, c->tier);
}

/* Told as soon as a session is there, before it can be seen or heard: so the other encoder is up when it is needed. */
static void mask(mcu_record *c)
{
    mcu_room *r = c->room;
    bool any = false;
    for (guint i = 0; i < r->order->len; i++) {
        const mcu_seat *seat = r->order->pdata[i];
        bool masked = mcu_record_masks(r, seat);
        mix_audio_voice_mask(r->audio, seat->person, masked);
        any = any || (masked && ((seat->session != NULL && seat->session->kind != MCU_SESSION_WHEP) || seat->leg != NULL));
        note_mask(c, seat, masked && is_here(seat));
    }
    if (any != c->masking) {
        c->masking = any;
        mcu_picture_changed(r);
    }
    if (c->watching) {
        mcu_splice_want(&c->splice, wanted_canvas(c));
    }
}

static bool shows_masked(const mix_person *people, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (people[i].masked) {
            return true;
        }
    }
    return false;
}

void mcu_record_shown(mcu_room *r, const mix_person *people, unsigned n, uint64_t scene)
{
    mcu_record *c = r->record;
    if (c == NULL) {
        return;
    }
    bool masked = shows_masked(people, n), before = c->scenes_until != UINT64_MAX;
    if (masked && !before) {
        c->scenes_until = scene;
    } else if (!masked && before) {
        c->scenes_from = scene;
        c->scenes_until = UINT64_MAX;
    }
}

bool mcu_record_takes(const mcu_record *c, unsigned canvas, const mcu_au *au)
{
    return c->room->options.canvases[canvas].recorded || (au->scene >= c->scenes_from && au->scene < c->scenes_until);
}

void mcu_record_note_people(mcu_record *c)
{
    note_people(c);
    note_names(c);
    mask(c);
}
