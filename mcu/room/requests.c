#include "mcu/room/requests.h"

#include <string.h>

#include "mcu/base/metrics.h"
#include "mcu/room/caption.h"
#include "mcu/room/check.h"
#include "mcu/room/freeze.h"
#include "mcu/room/leg.h"
#include "mcu/room/leg_requests.h"
#include "mcu/room/record.h"
#include "mcu/room/room_private.h"
#include "mcu/room/still.h"

typedef bool (*request_fn)(mcu_room *r, const json_t *m, GError **error);

static const char *text(const json_t *m, const char *key)
{
    return json_string_value(json_object_get(m, key));
}

static bool bad(GError **error, const char *what)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s", what);
    return false;
}

mcu_seat *mcu_request_find_seat(mcu_room *r, const json_t *m, GError **error)
{
    const char *id = text(m, "seat");
    mcu_seat *seat = id != NULL ? g_hash_table_lookup(r->seats, id) : NULL;
    if (seat == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_NOT_FOUND, "no such seat");
    }
    return seat;
}

mcu_session *mcu_request_find_session(mcu_room *r, const json_t *m, GError **error)
{
    mcu_seat *seat = mcu_request_find_seat(r, m, error);
    if (seat == NULL) {
        return NULL;
    }
    const char *id = text(m, "session");
    if (seat->session == NULL || id == NULL || strcmp(seat->session->id, id) != 0) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_NOT_FOUND, "no such session");
        return NULL;
    }
    return seat->session;
}

void mcu_reply_ok(mcu_room *r, const json_t *m)
{
    json_t *id = json_object_get(m, "id");
    if (id != NULL) {
        mcu_room_send(r, json_pack("{ss sO}", "type", "ok", "id", id), NULL);
    }
}

static bool request_seat(mcu_room *r, const json_t *m, GError **error)
{
    if (!mcu_request_seat(r, m, error)) {
        return false;
    }
    mcu_reply_ok(r, m);
    return true;
}

static bool request_unseat(mcu_room *r, const json_t *m, GError **error)
{
    mcu_seat *seat = mcu_request_find_seat(r, m, error);
    if (seat == NULL) {
        return false;
    }
    if (seat->leg != NULL) {
        mcu_leg_end(seat->leg, "removed");
    }
    if (seat->session != NULL) {
        mcu_report_session(seat->session, "gone", "removed");
        g_clear_pointer(&seat->session, mcu_session_free);
    }
    g_ptr_array_set_size(r->dead, 0);
    g_ptr_array_set_size(r->dead_legs, 0);
    g_ptr_array_remove(r->order, seat);
    g_hash_table_remove(r->seats, seat->id);
    mcu_people_changed(r);
    mcu_reply_ok(r, m);
    return true;
}

static mcu_session_kind kind_of(const char *text)
{
    for (mcu_session_kind k = MCU_SESSION_WS; k <= MCU_SESSION_WHEP; k++) {
        if (text != NULL && strcmp(mcu_session_kind_name(k), text) == 0) {
            return k;
        }
    }
    return MCU_SESSION_NONE;
}

static unsigned line_bps_of(const json_t *m)
{
    json_int_t kbps = json_integer_value(json_object_get(m, "line"));
    return kbps > 0 ? (unsigned)MIN(kbps, 1000000) * 1000 : 0;
}

/* A new session takes the seat only when its offer was good: a broken one must not throw out who is there. */
static bool replace_session(mcu_room *r, mcu_seat *seat, const json_t *m, GError **error)
{
    const char *id = text(m, "session");
    mcu_session_kind kind = kind_of(text(m, "kind"));
    if (!mcu_valid_id(id) || kind == MCU_SESSION_NONE) {
        return bad(error, "offer needs session and kind");
    }
    mcu_session *fresh = mcu_session_new(r, seat, id, kind, json_is_true(json_object_get(m, "trickle")), error);
    if (fresh == NULL) {
        return false;
    }
    fresh->line_bps = line_bps_of(m);
    mcu_session *old = seat->session;
    if (old != NULL) {
        fresh->audio_on = old->audio_on;
        fresh->video_on = old->video_on;
        fresh->tier_wished = old->tier_wished;
        fresh->hand = old->hand;
    }
    if (!mcu_session_offer(fresh, text(m, "sdp"), json_object_get(m, "id"), error)) {
        mcu_session_free(fresh);
        return false;
    }
    seat->session = fresh;
    if (old != NULL) {
        mcu_report_session(old, "gone", "replaced");
        mcu_session_free(old);
    }
    mcu_report_session(fresh, "connecting", "offer");
    mcu_people_changed(r);
    return true;
}

static bool request_offer(mcu_room *r, const json_t *m, GError **error)
{
    mcu_seat *seat = mcu_request_find_seat(r, m, error);
    const char *id = text(m, "session");
    if (seat == NULL) {
        return false;
    }
    if (text(m, "sdp") == NULL || json_object_get(m, "id") == NULL) {
        return bad(error, "offer needs sdp and id");
    }
    if (g_strcmp0(text(m, "kind"), "check") == 0) {
        return mcu_valid_id(id) ? mcu_check_offer(r, seat->id, id, text(m, "sdp"), json_object_get(m, "id"), error)
                                : bad(error, "offer needs session");
    }
    if (seat->session != NULL && id != NULL && strcmp(seat->session->id, id) == 0) {
        return mcu_session_offer(seat->session, text(m, "sdp"), json_object_get(m, "id"), error);
    }
    return replace_session(r, seat, m, error);
}

/* True: the message was about a check and has been dealt with or refused. */
static bool candidate_of_check(mcu_room *r, const json_t *m, bool *ok, GError **error)
{
    mcu_check *c = mcu_check_find(r, text(m, "session"));
    const char *candidate = text(m, "candidate");
    if (c == NULL) {
        return false;
    }
    *ok = candidate != NULL ? mcu_check_candidate(c, candidate, text(m, "mid"), error) : bad(error, "candidate is missing");
    if (*ok) {
        mcu_reply_ok(r, m);
    }
    return true;
}

static bool request_candidate(mcu_room *r, const json_t *m, GError **error)
{
    bool ok = false;
    if (candidate_of_check(r, m, &ok, error)) {
        return ok;
    }
    mcu_session *s = mcu_request_find_session(r, m, error);
    if (s == NULL) {
        return false;
    }
    const char *candidate = text(m, "candidate"), *mid = text(m, "mid");
    if (json_is_true(json_object_get(m, "restart"))) {
        const char *ufrag = text(m, "ufrag"), *pwd = text(m, "pwd");
        if (ufrag == NULL || pwd == NULL) {
            return bad(error, "an ICE restart needs ufrag and pwd");
        }
        json_t *sdp = mcu_session_ice_restart(s, ufrag, pwd, error);
        if (sdp == NULL) {
            return false;
        }
        mcu_room_send(r,
                      json_pack("{ss sO ss ss so}", "type", "answer", "id", json_object_get(m, "id"), "seat", s->seat->id,
                                "session", s->id, "sdp", sdp),
                      NULL);
        return true;
    }
    if (candidate == NULL) {
        return bad(error, "candidate is missing");
    }
    if (!mcu_peer_add_candidate(s->peer, candidate, mid, error)) {
        return false;
    }
    mcu_reply_ok(r, m);
    return true;
}

static bool request_leave(mcu_room *r, const json_t *m, GError **error)
{
    mcu_check *c = mcu_check_find(r, text(m, "session"));
    if (c != NULL) {
        mcu_check_end(c, "left");
        mcu_reply_ok(r, m);
        return true;
    }
    mcu_leg *leg = mcu_leg_find(r, text(m, "session"));
    if (leg != NULL) {
        mcu_seat *on_phone = mcu_leg_seat(leg);
        mcu_leg_end(leg, "left");
        mcu_seat_end_whisper(r, on_phone);
        mcu_reply_ok(r, m);
        return true;
    }
    mcu_session *s = mcu_request_find_session(r, m, error);
    if (s == NULL) {
        return false;
    }
    mcu_report_session(s, "gone", "left");
    mcu_seat *seat = s->seat;
    seat->session = NULL;
    mcu_session_free(s);
    mcu_seat_end_whisper(r, seat);
    mcu_people_changed(r);
    mcu_reply_ok(r, m);
    return true;
}

static bool request_state(mcu_room *r, const json_t *m, GError **error)
{
    mcu_leg *leg = mcu_leg_find(r, text(m, "session"));
    if (leg != NULL) {
        mcu_leg_set_state(leg, m);
        mcu_reply_ok(r, m);
        return true;
    }
    mcu_session *s = mcu_request_find_session(r, m, error);
    if (s == NULL) {
        return false;
    }
    mcu_read_flag(m, "audio", &s->audio_on);
    mcu_read_flag(m, "video", &s->video_on);
    mcu_read_flag(m, "hand", &s->hand);
    mcu_read_flag(m, "share", &s->share);
    s->talking = s->talking && s->audio_on;
    mcu_session_apply_share(s);
    mcu_session_apply_state(s);
    mcu_senders_say(s); /* its page may have been away */
    mcu_reply_ok(r, m);
    return true;
}

static bool request_mute(mcu_room *r, const json_t *m, GError **error)
{
    mcu_seat *seat = mcu_request_find_seat(r, m, error);
    json_t *muted = json_object_get(m, "muted");
    if (seat == NULL) {
        return false;
    }
    if (!json_is_boolean(muted)) {
        return bad(error, "muted is not true or false");
    }
    seat->muted = json_is_true(muted);
    if (seat->leg != NULL) {
        mcu_leg_apply_state(seat->leg);
    }
    if (seat->session != NULL && seat->session->up) {
        mcu_session_apply_state(seat->session);
    }
    mcu_people_changed(r);
    mcu_reply_ok(r, m);
    return true;
}

static bool request_inspect(mcu_room *r, const json_t *m, GError **error)
{
    (void)error;
    json_t *reply = mcu_report_inspection(r);
    json_object_set(reply, "id", json_object_get(m, "id"));
    mcu_room_send(r, reply, NULL);
    return true;
}

static bool request_metrics(mcu_room *r, const json_t *m, GError **error)
{
    (void)error;
    json_t *reply = json_pack("{ss so}", "type", "metrics", "metrics", mcu_metrics_json());
    json_object_set(reply, "id", json_object_get(m, "id"));
    mcu_room_send(r, reply, NULL);
    return true;
}

static bool request_picture(mcu_room *r, const json_t *m, GError **error)
{
    const char *name = text(m, "tier");
    int tier = name != NULL ? mcu_room_options_tier(&r->options, name) : -1;
    if (tier < 0 || tier >= (int)r->options.tiers.n_tiers || json_object_get(m, "id") == NULL) {
        return bad(error, "picture needs the name of a tier, and id");
    }
    return mcu_still_request(r, (unsigned)tier, json_object_get(m, "id"), error);
}

static bool request_caption(mcu_room *r, const json_t *m, GError **error)
{
    if (!mcu_caption_set(r->caption, m, error)) {
        return false;
    }
    mcu_record_caption(r);
    mcu_reply_ok(r, m);
    return true;
}

static bool request_layout(mcu_room *r, const json_t *m, GError **error)
{
    if (!mcu_layout_use(r, text(m, "layout"), error)) {
        return false;
    }
    mcu_reply_ok(r, m);
    return true;
}

static bool request_layouts(mcu_room *r, const json_t *m, GError **error)
{
    const json_t *layouts = json_object_get(m, "layouts");
    if (!json_is_array(layouts)) {
        return bad(error, "layouts is not an array");
    }
    if (!mcu_layout_replace(r, layouts, error)) {
        return false;
    }
    mcu_reply_ok(r, m);
    return true;
}

static bool request_end(mcu_room *r, const json_t *m, GError **error)
{
    (void)error;
    const char *reason = text(m, "reason");
    mcu_room_finish(r, reason != NULL ? reason : "ended");
    return true;
}

static const struct {
    const char *type;
    request_fn fn;
} requests[] = {
    {"key", mcu_request_key},
    {"keyframe", mcu_request_keyframe},
    {"leg", mcu_request_leg},
    {"leg_update", mcu_request_leg_update},
    {"say", mcu_request_say},
    {"candidate", request_candidate},
    {"caption", request_caption},
    {"display", mcu_request_display},
    {"end", request_end},
    {"freeze", mcu_request_freeze},
    {"inspect", request_inspect},
    {"layout", request_layout},
    {"layouts", request_layouts},
    {"leave", request_leave},
    {"line", mcu_request_line},
    {"logo", mcu_request_logo},
    {"metrics", request_metrics},
    {"mute", request_mute},
    {"offer", request_offer},
    {"picture", request_picture},
    {"record", mcu_request_record},
    {"seat", request_seat},
    {"seat_sound", mcu_request_seat_sound},
    {"state", request_state},
    {"tier", mcu_request_tier},
    {"unseat", request_unseat},
};

void mcu_room_handle(mcu_room *r, const json_t *m)
{
    const char *type = text(m, "type");
    g_autoptr(GError) error = NULL;
    for (size_t i = 0; type != NULL && i < G_N_ELEMENTS(requests); i++) {
        if (strcmp(requests[i].type, type) == 0) {
            if (requests[i].fn(r, m, &error)) {
                return;
            }
            break;
        }
    }
    if (error == NULL) {
        bad(&error, "unknown message type");
    }
    json_t *reply = json_pack("{ss ss ss}", "type", "error", "code", mcu_error_name(error->code), "message", error->message);
    json_t *id = json_object_get(m, "id");
    if (id != NULL) {
        json_object_set(reply, "id", id);
    }
    mcu_room_send(r, reply, NULL);
}

void mcu_room_handle_fds(mcu_room *r, const json_t *m, int *fds, unsigned n)
{
    r->passed = fds;
    r->n_passed = n;
    mcu_room_handle(r, m);
    r->passed = NULL;
    r->n_passed = 0;
}
