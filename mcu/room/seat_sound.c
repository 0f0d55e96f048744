/* Who hears a seat and what it hears, as the gateway asks: whisper, interpretation, clinical sound, noise. */
#include <string.h>

#include "mcu/base/log.h"
#include "mcu/room/requests.h"
#include "mcu/room/room_private.h"

#define HEARS_BOTH "both"

static bool bad(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s", what);
    return false;
}

static bool is_language(const char *s)
{
    size_t n = strlen(s);
    return n == 0 || (n >= 2 && n < MCU_LANGUAGE_MAX && strspn(s, "abcdefghijklmnopqrstuvwxyz") == n);
}

/* ISO 639 has two or three letters: as many as fit a number that tells them apart. */
static uint32_t channel_of(const char *language)
{
    uint32_t channel = 0;
    for (const char *c = language; *c != '\0'; c++) {
        channel = channel * 27 + (uint32_t)(*c - 'a' + 1);
    }
    return channel;
}

static mix_route route_of(const mcu_room *r, const mcu_seat_sound *s)
{
    if (s->whisper[0] != '\0') {
        const mcu_seat *to = g_hash_table_lookup(r->seats, s->whisper);
        return (mix_route){MIX_FOR_ONE,
                           to != NULL ? to->person : 0}; /* who has gone hears nothing, and neither does anybody else */
    }
    if (s->channel[0] != '\0') {
        return (mix_route){MIX_FOR_CHANNEL, channel_of(s->channel)};
    }
    return (mix_route){s->clinical ? MIX_FOR_ALL_CLINICAL : MIX_FOR_ALL, 0};
}

void mcu_seat_apply_sound(mcu_room *r, const mcu_seat *seat)
{
    const mcu_seat_sound *s = &seat->sound;
    if (mix_audio_voice_route(r->audio, seat->person, route_of(r, s)) == MCU_ENOMEM) {
        mcu_warn("seat.sound", "seat=%s memory=0", seat->id);
        mix_audio_voice_mute(r->audio, seat->person, true); /* rather nobody than who should not */
    }
    if (s->denoise != MCU_DENOISE_AS_CONFIGURED) {
        (void)mix_audio_voice_denoise(r->audio, seat->person, s->denoise == MCU_DENOISE_ON);
    }
    mix_audio_listener_hears(r->audio, seat->person, strcmp(s->hears, HEARS_BOTH) == 0 ? MIX_HEARS_ALL : channel_of(s->hears));
}

void mcu_seats_apply_sound(mcu_room *r)
{
    for (guint i = 0; i < r->order->len; i++) {
        mcu_seat_apply_sound(r, r->order->pdata[i]);
    }
}

static bool read_text(const json_t *m, const char *key, char *to, size_t size, bool (*valid)(const char *s), GError **error)
{
    const json_t *v = json_object_get(m, key);
    const char *s = json_string_value(v);
    if (v == NULL) {
        return true;
    }
    if (s == NULL || strlen(s) >= size || !valid(s)) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s is not usable", key);
        return false;
    }
    g_strlcpy(to, s, size);
    return true;
}

static bool is_heard_choice(const char *s)
{
    return strcmp(s, HEARS_BOTH) == 0 || is_language(s);
}

static bool is_target(const char *s)
{
    return s[0] == '\0' || mcu_valid_id(s);
}

static bool read_sound(mcu_seat_sound *s, const json_t *m, GError **error)
{
    const json_t *denoise = json_object_get(m, "denoise");
    mcu_read_flag(m, "clinical", &s->clinical);
    if (denoise != NULL) {
        s->denoise = json_is_true(denoise) ? MCU_DENOISE_ON : MCU_DENOISE_OFF;
    }
    return read_text(m, "whisper", s->whisper, sizeof s->whisper, is_target, error) &&
           read_text(m, "channel", s->channel, sizeof s->channel, is_language, error) &&
           read_text(m, "hears", s->hears, sizeof s->hears, is_heard_choice, error);
}

/* A link says it once: what was chosen since stays until there is a link that says something else. */
bool mcu_seat_read_link(mcu_seat *seat, const json_t *m, GError **error)
{
    char hears[sizeof seat->link_hears];
    g_strlcpy(hears, seat->link_hears, sizeof hears);
    if (!read_text(m, "hears", hears, sizeof hears, is_heard_choice, error)) {
        return false;
    }
    if (strcmp(hears, seat->link_hears) != 0) {
        g_strlcpy(seat->link_hears, hears, sizeof seat->link_hears);
        g_strlcpy(seat->sound.hears, hears, sizeof seat->sound.hears);
    }
    return true;
}

bool mcu_seat_read_sound(mcu_seat *seat, const json_t *m, GError **error)
{
    mcu_seat_sound fresh = seat->sound;
    if (!read_sound(&fresh, m, error)) {
        return false;
    }
    seat->sound = fresh;
    return true;
}

bool mcu_request_seat_sound(mcu_room *r, const json_t *m, GError **error)
{
    mcu_seat *seat = mcu_request_find_seat(r, m, error);
    const char *whisper = json_string_value(json_object_get(m, "whisper"));
    if (seat == NULL) {
        return false;
    }
    if (whisper != NULL && strcmp(whisper, seat->id) == 0) {
        return bad(error, "nobody whispers to himself");
    }
    if (whisper != NULL && whisper[0] != '\0' && g_hash_table_lookup(r->seats, whisper) == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_NOT_FOUND, "whom to whisper to is not in this visit");
        return false;
    }
    if (!mcu_seat_read_sound(seat, m, error)) {
        return false;
    }
    mcu_info("seat.sound", "seat=%s whispers=%d interprets=%d hears=%d clinical=%d denoise=%d", seat->id,
             seat->sound.whisper[0] != '\0', seat->sound.channel[0] != '\0', seat->sound.hears[0] != '\0', seat->sound.clinical,
             seat->sound.denoise);
    mcu_seat_apply_sound(r, seat);
    mcu_people_changed(r);
    mcu_reply_ok(r, m);
    return true;
}

void mcu_seat_end_whisper(mcu_room *r, mcu_seat *seat)
{
    if (seat->sound.whisper[0] != '\0' && seat->session == NULL && seat->leg == NULL) {
        seat->sound.whisper[0] = '\0';
        mcu_seat_apply_sound(r, seat);
    }
}

json_t *mcu_seat_sound_json(const mcu_seat *seat)
{
    const mcu_seat_sound *s = &seat->sound;
    json_t *m = json_object();
    if (s->whisper[0] != '\0') {
        json_object_set_new(m, "whisper", json_string(s->whisper));
    }
    if (s->channel[0] != '\0') {
        json_object_set_new(m, "channel", json_string(s->channel));
    }
    if (s->hears[0] != '\0' || seat->link_hears[0] != '\0') {
        json_object_set_new(m, "hears", json_string(s->hears));
    }
    if (s->clinical) {
        json_object_set_new(m, "clinical", json_true());
    }
    if (s->denoise != MCU_DENOISE_AS_CONFIGURED) {
        json_object_set_new(m, "denoise", json_boolean(s->denoise == MCU_DENOISE_ON));
    }
    return m;
}
