#include "mcu/room/leg_requests.h"

#include <string.h>

#include "mcu/room/leg.h"
#include "mcu/room/leg_pictures.h"
#include "mcu/room/requests.h"

static const char *text(const json_t *m, const char *key)
{
    return json_string_value(json_object_get(m, key));
}

static bool bad(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s", what);
    return false;
}

static mcu_leg *find(mcu_room *r, const json_t *m, GError **error)
{
    mcu_leg *l = mcu_leg_find(r, text(m, "session"));
    if (l == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_NOT_FOUND, "no such leg");
    }
    return l;
}

static int take_passed(mcu_room *r, unsigned i)
{
    int fd = i < r->n_passed ? r->passed[i] : -1;
    if (fd >= 0) {
        r->passed[i] = -1;
    }
    return fd;
}

static bool check_leg(mcu_room *r, const json_t *m, const mcu_seat *seat, const mcu_leg_state *state, GError **error)
{
    const char *id = text(m, "session");
    if (!mcu_valid_id(id)) {
        return bad(error, "leg needs session");
    }
    if (r->n_passed != (state->rtcp_mux ? 1u : 2u) + (state->has_video ? 2u : 0u)) {
        return bad(error, "leg needs the descriptors of its sockets");
    }
    bool taken = mcu_leg_find(r, id) != NULL || (seat->session != NULL && strcmp(seat->session->id, id) == 0);
    if (seat->leg != NULL || taken) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFLICT, "the seat has a leg, or the session is in use");
        return false;
    }
    return true;
}

static bool add_pictures(mcu_room *r, mcu_leg *l, unsigned first, GError **error)
{
    int rtp = take_passed(r, first), rtcp = take_passed(r, first + 1);
    if (mcu_leg_add_pictures(l, rtp, rtcp, error)) {
        return true;
    }
    mcu_leg_end(l, "no_video");
    return false;
}

bool mcu_request_leg(mcu_room *r, const json_t *m, GError **error)
{
    const char *seat_id = text(m, "seat");
    mcu_seat *seat = seat_id != NULL ? g_hash_table_lookup(r->seats, seat_id) : NULL;
    mcu_leg_state state;
    if (seat == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_NOT_FOUND, "no such seat");
        return false;
    }
    bool ok = mcu_leg_from_json(json_object_get(m, "leg"), &state, error) && check_leg(r, m, seat, &state, error);
    if (ok) {
        int rtp = take_passed(r, 0), rtcp = state.rtcp_mux ? -1 : take_passed(r, 1);
        mcu_leg *l = mcu_leg_new(r, seat, text(m, "session"), &state, rtp, rtcp, error);
        if (l != NULL) {
            mcu_leg_set_state(l, m);
        }
        ok = l != NULL && (!state.has_video || add_pictures(r, l, state.rtcp_mux ? 1 : 2, error));
    }
    mcu_leg_wipe(&state);
    if (ok) {
        mcu_reply_ok(r, m);
    }
    return ok;
}

bool mcu_request_leg_update(mcu_room *r, const json_t *m, GError **error)
{
    mcu_leg *l = find(r, m, error);
    if (l == NULL || !mcu_leg_change(l, json_object_get(m, "leg"), error)) {
        return false;
    }
    mcu_reply_ok(r, m);
    return true;
}

bool mcu_request_key(mcu_room *r, const json_t *m, GError **error)
{
    mcu_leg *l = find(r, m, error);
    const char *key = text(m, "key");
    if (l == NULL) {
        return false;
    }
    if (key == NULL || strlen(key) != 1 || !mcu_keypad_is_key(key[0])) {
        return bad(error, "key is not one of 0-9, *, #, A-D");
    }
    mcu_leg_key(l, key[0]);
    mcu_reply_ok(r, m);
    return true;
}

bool mcu_request_keyframe(mcu_room *r, const json_t *m, GError **error)
{
    mcu_leg *l = find(r, m, error);
    if (l == NULL) {
        return false;
    }
    if (mcu_leg_get_pictures(l) != NULL) {
        mcu_leg_pictures_asked(mcu_leg_get_pictures(l));
    }
    mcu_reply_ok(r, m);
    return true;
}

bool mcu_request_say(mcu_room *r, const json_t *m, GError **error)
{
    mcu_leg *l = find(r, m, error);
    if (l == NULL) {
        return false;
    }
    if (r->n_passed != 1) {
        return bad(error, "say needs the descriptor of a WAV file");
    }
    const char *name = text(m, "name");
    if (!mcu_leg_say(l, r->passed[0], name != NULL ? name : "", json_is_true(json_object_get(m, "now")), error)) {
        return false;
    }
    mcu_reply_ok(r, m);
    return true;
}
