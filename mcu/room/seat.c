/* Seats: the durable facts of a person, as the gateway tells them. */
#include <string.h>

#include "mcu/room/leg.h"
#include "mcu/room/requests.h"
#include "mcu/room/room_private.h"

bool mcu_valid_id(const char *id)
{
    if (id == NULL || id[0] == '\0' || strlen(id) > MCU_ID_MAX) {
        return false;
    }
    return strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(id);
}

static const char *text_of(const json_t *m, const char *key)
{
    return json_string_value(json_object_get(m, key));
}

static mcu_seat *seat_new(mcu_room *r, const char *id)
{
    mcu_seat *seat = g_new0(mcu_seat, 1);
    g_strlcpy(seat->id, id, sizeof seat->id);
    seat->person = r->next_person++;
    seat->content = MCU_CONTENT_NUMBER | seat->person;
    seat->sends_audio = seat->sends_video = true;
    seat->tier_chosen = r->options.tiers.n_tiers + 1;
    g_hash_table_insert(r->seats, seat->id, seat);
    g_ptr_array_add(r->order, seat);
    return seat;
}

void mcu_read_flag(const json_t *m, const char *key, bool *flag)
{
    const json_t *v = json_object_get(m, key);
    *flag = v != NULL ? json_is_true(v) : *flag;
}

bool mcu_request_seat(mcu_room *r, const json_t *m, GError **error)
{
    const char *id = text_of(m, "seat");
    if (!mcu_valid_id(id)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "seat is not an id");
        return false;
    }
    mcu_seat *seat = g_hash_table_lookup(r->seats, id);
    if (seat == NULL && r->order->len >= r->options.max_seats) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_FULL, "the room has its %u seats", r->options.max_seats);
        return false;
    }
    if (seat == NULL) {
        seat = seat_new(r, id);
    }
    const char *name = text_of(m, "name"), *role = text_of(m, "role"), *tier = text_of(m, "tier");
    if (name != NULL || seat->name == NULL) {
        g_free(seat->name);
        seat->name = g_strdup(name != NULL ? name : "");
    }
    if (role != NULL) {
        g_strlcpy(seat->role, role, sizeof seat->role);
    }
    mcu_read_flag(m, "host", &seat->host);
    mcu_read_flag(m, "muted", &seat->muted);
    mcu_read_flag(m, "sends_audio", &seat->sends_audio);
    mcu_read_flag(m, "sends_video", &seat->sends_video);
    mcu_read_flag(m, "fixed", &seat->fixed);
    mcu_read_flag(m, "signing", &seat->signing);
    int cap = tier != NULL && tier[0] != '\0' ? mcu_room_options_tier(&r->options, tier) : 0;
    seat->tier_cap = cap > 0 ? (unsigned)cap : 0;
    const json_t *sound = json_object_get(m, "sound");
    if (!mcu_seat_read_link(seat, m, error)) {
        return false;
    }
    if (sound != NULL && !mcu_seat_read_sound(seat, sound, error)) {
        return false;
    }
    mcu_seats_apply_sound(r);
    if (seat->leg != NULL) {
        mcu_leg_apply_state(seat->leg);
    }
    if (seat->session != NULL && seat->session->up) {
        mcu_session_apply_state(seat->session);
        mcu_session_apply_tier(seat->session);
    }
    mcu_people_changed(r);
    return true;
}

bool mcu_seat_is_person(const mcu_seat *seat)
{
    return (seat->session != NULL && mcu_session_is_person(seat->session)) || (seat->leg != NULL && seat->sends_audio);
}

bool mcu_seat_is_heard(const mcu_seat *seat)
{
    const mcu_session *s = seat->session;
    if (seat->sound.whisper[0] != '\0') {
        return false; /* by everybody */
    }
    if (seat->leg != NULL) {
        return mcu_leg_is_heard(seat->leg);
    }
    return s != NULL && s->audio_on && !seat->muted && s->has_voice && seat->sends_audio;
}

bool mcu_seat_hand(const mcu_seat *seat)
{
    return (seat->session != NULL && seat->session->hand) || (seat->leg != NULL && mcu_leg_hand(seat->leg));
}

bool mcu_seat_talking(const mcu_seat *seat)
{
    if (seat->sound.whisper[0] != '\0') {
        return false; /* to everybody */
    }
    return seat->leg != NULL ? mcu_leg_talking(seat->leg) : seat->session != NULL && seat->session->talking;
}
