#include "mcu/room/leg_private.h"

#include <math.h>
#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/net/call_rtp.h"
#include "mcu/room/leg_reader.h"

#define QUIET_NS (10 * MCU_NS_PER_SEC)
#define SILENT_NS (120 * MCU_NS_PER_SEC) /* not even a report: it is over, and whoever should have said so could not */

const char *mcu_leg_state_name(const mcu_leg *l)
{
    static const char *const names[] = {"none", "up", "held", "quiet", "gone"};
    return names[l->state];
}

const char *mcu_leg_id(const mcu_leg *l)
{
    return l->id;
}

static void set_state(mcu_leg *l, leg_state state, const char *why)
{
    if (l->state == state || l->state == LEG_GONE) {
        return;
    }
    const char *from = mcu_leg_state_name(l);
    l->state = state;
    mcu_info("leg.state", "seat=%s session=%s from=%s to=%s why=\"%s\"", l->seat->id, l->id, from, mcu_leg_state_name(l), why);
    mcu_leg_report(l, why);
}

/* ---- the mixer ---- */

void mcu_leg_apply_volume(mcu_leg *l)
{
    double gain = MIX_GAIN_UNITY * pow(10, l->volume * MCU_LEG_VOLUME_DB / 20.0);
    mix_audio_listener_gain(l->room->audio, l->seat->person, (unsigned)lrint(gain));
}

/* False = it has no place: whom nobody hears is not in the visit. */
static bool join_mixer(mcu_leg *l)
{
    mix_audio *audio = l->room->audio;
    uint32_t person = l->seat->person;
    mcu_codec codec = mcu_call_rtp_codec(l->rtp);
    if (l->seat->session != NULL) {
        mcu_session_rest_sound(l->seat->session);
    }
    l->said_ns = 0; /* what it is being told stays with the place in the mixer */
    l->has_voice = mix_audio_voice_add_line(audio, person, codec, l->told.event_pt == 0) == MCU_OK;
    l->has_listener = mix_audio_listener_add_line(audio, person, l->has_voice ? person : 0, codec) == MCU_OK;
    if (!l->has_voice || !l->has_listener) {
        return false;
    }
    mcu_seat_apply_sound(l->room, l->seat);
    mcu_leg_apply_volume(l);
    mcu_leg_apply_state(l);
    return true;
}

static void leave_mixer(mcu_leg *l)
{
    if (l->has_listener) {
        mix_audio_listener_remove(l->room->audio, l->seat->person);
    }
    if (l->has_voice) {
        mix_audio_voice_remove(l->room->audio, l->seat->person);
    }
    l->has_voice = l->has_listener = false;
}

bool mcu_leg_is_heard(const mcu_leg *l)
{
    return l->has_voice && l->audio_on && !l->seat->muted && l->seat->sends_audio && !mcu_call_rtp_held(l->rtp);
}

void mcu_leg_apply_state(mcu_leg *l)
{
    if (l->has_voice) {
        mix_audio_voice_mute(l->room->audio, l->seat->person, !mcu_leg_is_heard(l));
    }
    l->talking = l->talking && mcu_leg_is_heard(l);
    mcu_people_changed(l->room);
}

void mcu_leg_hear(mcu_leg *l, const mcu_au *au, int64_t now_ns)
{
    (void)mcu_call_rtp_send(l->rtp, au);
    mcu_call_rtp_tick(l->rtp, now_ns);
}

/* ---- what comes ---- */

static void on_audio(void *user, mcu_au *take_au)
{
    mcu_leg *l = user;
    if (!l->has_voice || mcu_call_rtp_held(l->rtp)) { /* music on hold is nobody's voice */
        mcu_au_unref(take_au);
        return;
    }
    (void)mix_audio_voice_push(l->room->audio, l->seat->person, take_au);
}

static void on_key(void *user, char key, bool down)
{
    mcu_leg *l = user;
    if (l->has_voice) {
        mix_audio_voice_hush(l->room->audio, l->seat->person, down);
    }
    if (down) {
        mcu_leg_key(l, key);
    }
}

static const mcu_call_rtp_callbacks rtp_callbacks = {.on_audio = on_audio, .on_key = on_key};

void mcu_leg_read(mcu_leg *l, int64_t now_ns)
{
    mcu_call_rtp_read(l->rtp, now_ns);
}

/* ---- life ---- */

/* To the browser of the seat, if it has one. */
static void give_sound_back(mcu_leg *l)
{
    leave_mixer(l);
    l->seat->leg = NULL;
    if (l->seat->session != NULL && l->seat->session->up) {
        mcu_session_set_up(l->seat->session);
    }
}

mcu_leg *mcu_leg_new(mcu_room *r, mcu_seat *seat, const char *id, const mcu_leg_state *state, int take_rtp, int take_rtcp,
                     GError **error)
{
    mcu_leg *l = g_new0(mcu_leg, 1);
    l->room = r;
    l->seat = seat;
    g_strlcpy(l->id, id, sizeof l->id);
    l->since_ns = mcu_now_ns();
    l->audio_on = true;
    l->keys = mcu_counter_get("tessera_leg_keys_total", NULL, "keys that callers pressed in a visit");
    l->rtp = mcu_call_rtp_new(state, take_rtp, take_rtcp, &rtp_callbacks, l, l->since_ns, error);
    if (l->rtp == NULL) {
        g_free(l);
        return NULL;
    }
    l->told = *state;
    seat->leg = l;
    if (!join_mixer(l)) {
        give_sound_back(l);
        mcu_leg_free(l);
        g_set_error(error, MCU_ERROR, MCU_ERROR_FULL, "the mixer has no place for another call");
        return NULL;
    }
    mcu_call_rtp_stamp(l->rtp);
    if (r->leg_reader == NULL) {
        r->leg_reader = mcu_leg_reader_new(r);
    }
    mcu_leg_reader_wake(r->leg_reader);
    set_state(l, state->hold ? LEG_HELD : LEG_UP, "joined");
    return l;
}

bool mcu_leg_add_pictures(mcu_leg *l, int take_rtp, int take_rtcp, GError **error)
{
    l->pictures = mcu_leg_pictures_new(l, l->seat, l->room, &l->told.video, take_rtp, take_rtcp, error);
    return l->pictures != NULL;
}

mcu_seat *mcu_leg_seat(const mcu_leg *l)
{
    return l->seat;
}

mcu_leg_pictures *mcu_leg_get_pictures(const mcu_leg *l)
{
    return l != NULL ? l->pictures : NULL;
}

void mcu_leg_free(mcu_leg *l)
{
    if (l == NULL) {
        return;
    }
    leave_mixer(l);
    mcu_leg_pictures_free(l->pictures);
    mcu_leg_say_clear(l);
    mcu_call_rtp_free(l->rtp);
    mcu_leg_wipe(&l->told);
    g_free(l);
}

void mcu_leg_end(mcu_leg *l, const char *why)
{
    mcu_room *r = l->room;
    set_state(l, LEG_GONE, why);
    mcu_leg_pictures_free(g_steal_pointer(&l->pictures)); /* no callback of theirs leads here */
    give_sound_back(l);
    g_ptr_array_add(r->dead_legs, l);
    mcu_people_changed(r);
}

mcu_leg *mcu_leg_find(mcu_room *r, const char *session)
{
    for (guint i = 0; session != NULL && i < r->order->len; i++) {
        mcu_leg *l = ((const mcu_seat *)r->order->pdata[i])->leg;
        if (l != NULL && strcmp(l->id, session) == 0) {
            return l;
        }
    }
    return NULL;
}

void mcu_leg_tick(mcu_leg *l, int64_t now_ns)
{
    mcu_call_rtp_stats t;
    if (l->pictures != NULL) {
        mcu_leg_pictures_tick(l->pictures, now_ns);
    }
    mcu_call_rtp_get_stats(l->rtp, &t);
    bool quiet = now_ns - MAX(t.last_in_ns, l->since_ns) >= QUIET_NS;
    set_state(l, mcu_call_rtp_held(l->rtp) ? LEG_HELD : quiet ? LEG_QUIET : LEG_UP, quiet ? "nothing came for 10 s" : "media");
    if (!mcu_call_rtp_held(l->rtp) && now_ns - MAX(MAX(t.last_in_ns, t.last_report_ns), l->since_ns) >= SILENT_NS) {
        mcu_leg_end(l, "silent");
        return;
    }
    mcu_leg_say_tick(l, now_ns);
    if (mcu_keypad_expired(&l->keypad, now_ns)) {
        mcu_room_send(l->room, json_pack("{ss ss ss ss}", "type", "dtmf", "seat", l->seat->id, "session", l->id, "key", "*"),
                      NULL);
    }
}

/* ---- what is asked of it ---- */

bool mcu_leg_change(mcu_leg *l, const json_t *changes, GError **error)
{
    mcu_leg_state next = l->told;
    mcu_codec before = mcu_call_rtp_codec(l->rtp);
    bool ok = mcu_leg_state_change(&next, changes, error) && mcu_call_rtp_change(l->rtp, &next, mcu_now_ns(), error) &&
              (l->pictures == NULL || mcu_leg_pictures_change(l->pictures, &next.video, error));
    if (ok) {
        l->told = next;
        if (next.codec != before) {
            leave_mixer(l);
            if (!join_mixer(l)) {
                mcu_leg_end(l, "no_place");
            }
        }
        set_state(l, next.hold ? LEG_HELD : LEG_UP, next.hold ? "the far end holds the call" : "changed");
        mcu_leg_apply_state(l);
    }
    mcu_leg_wipe(&next);
    return ok;
}

void mcu_leg_set_state(mcu_leg *l, const json_t *m)
{
    const json_t *audio = json_object_get(m, "audio"), *hand = json_object_get(m, "hand");
    l->audio_on = audio != NULL ? json_is_true(audio) : l->audio_on;
    l->hand = hand != NULL ? json_is_true(hand) : l->hand;
    mcu_leg_apply_state(l);
}

/* ---- how it appears ---- */

bool mcu_leg_set_talking(mcu_leg *l, bool talking)
{
    bool heard = talking && mcu_leg_is_heard(l);
    bool changed = heard != l->talking;
    l->talking = heard;
    return changed;
}

bool mcu_leg_talking(const mcu_leg *l)
{
    return l->talking;
}

bool mcu_leg_on_hold(const mcu_leg *l)
{
    return mcu_call_rtp_held(l->rtp);
}

bool mcu_leg_hand(const mcu_leg *l)
{
    return l->hand;
}

bool mcu_leg_is_clear(const mcu_leg *l)
{
    return !mcu_call_rtp_secure(l->rtp);
}
