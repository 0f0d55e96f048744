#include "mcu/room/check.h"

#include <string.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"

#define CHECKS_MAX 4
#define CHECK_NS (15 * MCU_NS_PER_SEC)

struct mcu_check {
    mcu_room *room;
    char seat[MCU_ID_MAX + 1], id[MCU_ID_MAX + 1];
    mcu_peer *peer; /* owned */
    int64_t since_ns;
    bool over; /* freed by the idle source: not inside a callback of its peer */
};

static void check_free(gpointer data)
{
    mcu_check *c = data;
    mcu_peer_free(c->peer);
    g_free(c);
}

static void report(mcu_check *c, const char *state, const char *why)
{
    mcu_room_send(c->room,
                  json_pack("{ss ss ss ss ss}", "type", "session", "seat", c->seat, "session", c->id, "state", state, "why", why),
                  NULL);
}

static gboolean free_over(gpointer user)
{
    mcu_room *r = user;
    g_clear_pointer(&r->checks_idle, g_source_unref);
    for (guint i = r->checks->len; i-- > 0;) {
        if (((const mcu_check *)r->checks->pdata[i])->over) {
            g_ptr_array_remove_index_fast(r->checks, i);
        }
    }
    return G_SOURCE_REMOVE;
}

void mcu_check_end(mcu_check *c, const char *why)
{
    mcu_room *r = c->room;
    if (c->over) {
        return;
    }
    c->over = true;
    report(c, "gone", why);
    if (r->checks_idle == NULL) {
        r->checks_idle = g_idle_source_new();
        g_source_set_priority(r->checks_idle, G_PRIORITY_DEFAULT); /* an idle one would wait for a pause in the media */
        g_source_set_callback(r->checks_idle, free_over, r, NULL);
        g_source_attach(r->checks_idle, r->context);
    }
}

/* ---- the peer ---- */

static void on_state(void *user, mcu_peer_state state, const char *why)
{
    mcu_check *c = user;
    if (c->over) {
        return;
    }
    if (state == MCU_PEER_UP) {
        report(c, "up", why);
        mcu_peer_request_keyframe(c->peer);
    } else if (state == MCU_PEER_GONE) {
        mcu_check_end(c, why);
    }
}

static void on_candidate(void *user, const char *candidate, const char *mid)
{
    mcu_check *c = user;
    if (c->over) {
        return;
    }
    mcu_room_send(c->room,
                  json_pack("{ss ss ss ss ss}", "type", "candidate", "seat", c->seat, "session", c->id, "candidate",
                            candidate != NULL ? candidate : "", "mid", mid != NULL ? mid : ""),
                  NULL);
}

static void on_picture(void *user, mcu_au *take_au)
{
    mcu_check *c = user;
    if (!c->over && mcu_peer_send_picture(c->peer, take_au) == MCU_EFULL) {
        mcu_peer_request_keyframe(c->peer);
    }
    mcu_au_unref(take_au);
}

static void on_audio(void *user, mcu_au *take_au)
{
    mcu_check *c = user;
    if (!c->over) {
        (void)mcu_peer_send_audio(c->peer, take_au);
    }
    mcu_au_unref(take_au);
}

static void on_keyframe_request(void *user)
{
    mcu_check *c = user;
    if (!c->over) {
        mcu_peer_request_keyframe(c->peer);
    }
}

static const mcu_peer_callbacks callbacks = {
    .on_state = on_state,
    .on_candidate = on_candidate,
    .on_picture = on_picture,
    .on_audio = on_audio,
    .on_keyframe_request = on_keyframe_request,
};

/* ---- requests ---- */

static mcu_check *check_new(mcu_room *r, const char *seat, const char *session, GError **error)
{
    if (r->checks->len >= CHECKS_MAX) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_FULL, "%d connections are being checked already", CHECKS_MAX);
        return NULL;
    }
    mcu_check *c = g_new0(mcu_check, 1);
    c->room = r;
    c->since_ns = mcu_now_ns();
    g_strlcpy(c->seat, seat, sizeof c->seat);
    g_strlcpy(c->id, session, sizeof c->id);
    mcu_peer_policy policy = {
        .prefer_h264 = true,
        .send_video = true,
        .send_audio = true,
        .recv_video = true,
        .recv_audio = true,
        .max_video_bps = mcu_uplink_bps(2, 0),
    };
    c->peer = mcu_peer_new(r->net, &policy, &callbacks, c, error);
    if (c->peer == NULL) {
        g_free(c);
        return NULL;
    }
    return c;
}

bool mcu_check_offer(mcu_room *r, const char *seat, const char *session, const char *sdp, const json_t *id, GError **error)
{
    mcu_check *known = mcu_check_find(r, session);
    mcu_check *c = known != NULL ? known : check_new(r, seat, session, error);
    g_autofree char *answer = c != NULL ? mcu_peer_answer(c->peer, sdp, error) : NULL;
    if (answer == NULL) {
        if (c != NULL && known == NULL) {
            check_free(c);
        }
        return false;
    }
    if (known == NULL) {
        g_ptr_array_add(r->checks, c);
        mcu_info("check.begin", "seat=%s session=%s", c->seat, c->id);
    }
    g_autofree char *whole = mcu_peer_local_description(c->peer);
    mcu_room_send(r,
                  json_pack("{ss sO ss ss ss}", "type", "answer", "id", id, "seat", c->seat, "session", c->id, "sdp",
                            whole != NULL ? whole : answer),
                  NULL);
    return true;
}

mcu_check *mcu_check_find(const mcu_room *r, const char *session)
{
    for (guint i = 0; session != NULL && i < r->checks->len; i++) {
        mcu_check *c = r->checks->pdata[i];
        if (!c->over && strcmp(c->id, session) == 0) {
            return c;
        }
    }
    return NULL;
}

bool mcu_check_candidate(mcu_check *c, const char *candidate, const char *mid, GError **error)
{
    return mcu_peer_add_candidate(c->peer, candidate, mid, error);
}

bool mcu_checks_running(const mcu_room *r)
{
    for (guint i = 0; i < r->checks->len; i++) {
        if (!((const mcu_check *)r->checks->pdata[i])->over) {
            return true;
        }
    }
    return false;
}

void mcu_checks_tick(mcu_room *r, int64_t now_ns)
{
    for (guint i = 0; i < r->checks->len; i++) {
        mcu_check *c = r->checks->pdata[i];
        if (now_ns - c->since_ns >= CHECK_NS) {
            mcu_check_end(c, "time");
        }
    }
}

void mcu_checks_init(mcu_room *r)
{
    r->checks = g_ptr_array_new_with_free_func(check_free);
}

void mcu_checks_clear(mcu_room *r)
{
    if (r->checks_idle != NULL) {
        g_source_destroy(r->checks_idle);
        g_clear_pointer(&r->checks_idle, g_source_unref);
    }
    g_clear_pointer(&r->checks, g_ptr_array_unref);
}
