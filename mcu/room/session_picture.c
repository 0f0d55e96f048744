/* session_picture.c - the mixer's pictures to one connection, and its way into a tier that others watch.  Thread: the loop. */
#include "mcu/room/room_private.h"

#define CATCH_UP_S 0.5     /* what was kept of a tier is there within this time, */
#define CATCH_UP_AHEAD 1.5 /* at so many times the estimate */
#define TICK_TS 3000       /* less than the 40 ms to the next picture */

/* Returns whether it went out. */
static bool pass(mcu_session *s, unsigned tier, mcu_au *au)
{
    mcu_room *r = s->room;
    unsigned before = s->view.current;
    if (!mcu_view_pass(&s->view, tier, au)) {
        return false;
    }
    if (before != s->view.current) {
        mcu_report_quality(s, NULL);
        mcu_roster_changed(r);
        mcu_senders_ask(r);
    }
    mcu_status sent = mcu_peer_send_picture(s->peer, au);
    if (sent == MCU_EFULL) {
        s->view.needs_keyframe = true;
    }
    return sent == MCU_OK;
}

void mcu_session_take_picture(mcu_session *s, unsigned tier, mcu_au *au)
{
    if (pass(s, tier, au)) {
        mcu_session_picture_sent(s);
    }
}

static size_t affordable_bytes(const mcu_session *s)
{
    mcu_peer_link link;
    mcu_peer_get_link(s->peer, &link);
    unsigned bps = link.unheard && s->line_bps != 0 ? MIN(s->line_bps, link.estimate_bps) : link.estimate_bps;
    return link.outage || link.broken ? 0 : (size_t)(bps * CATCH_UP_AHEAD * CATCH_UP_S / 8);
}

/* Its times begin after the newest one that was ever sent and end before the next: what is old runs by in a moment and does not
 * set the clock of who looks. */
static mcu_au *hurried(const mcu_au *au, const mcu_au *newest, unsigned k, unsigned n)
{
    uint32_t ahead_ts = TICK_TS / n * (k + 1);
    mcu_au *copy = mcu_au_new_copy(au->data, au->size);
    if (copy != NULL) {
        copy->codec = au->codec;
        copy->keyframe = au->keyframe;
        copy->entry = au->entry;
        copy->tier = au->tier;
        copy->width_px = au->width_px;
        copy->height_px = au->height_px;
        copy->ts = newest->ts + ahead_ts;
        copy->time_ns = newest->time_ns + (int64_t)ahead_ts * MCU_NS_PER_SEC / 90000;
    }
    return copy;
}

/* What is too much for the line, or was not kept, is of no use: of stills the next is three seconds away. An encoder that nobody
 * else uses ends, and begins anew with a keyframe. */
void mcu_session_drop_unkept(mcu_session *s)
{
    mcu_au *const *kept;
    if (mcu_view_cached(&s->view, affordable_bytes(s), &kept) == 0) {
        (void)mcu_view_want(&s->view, s->view.n_tiers);
    }
}

void mcu_session_enter(mcu_session *s)
{
    if (!s->up) {
        return;
    }
    mcu_au *const *kept;
    unsigned tier = s->view.wanted, n = mcu_view_cached(&s->view, affordable_bytes(s), &kept);
    bool shown = n > 0;
    for (unsigned k = 0; k < n && shown; k++) {
        mcu_au *au = hurried(kept[k], kept[n - 1], k, n);
        shown = au != NULL && pass(s, tier, au);
        mcu_au_unref(au);
    }
    if (shown) {
        mcu_session_picture_sent(s);
        return;
    }
    if (s->view.current == tier) { /* it broke off: nothing may follow on it */
        s->view.needs_keyframe = true;
        mcu_view_restart(&s->view);
    } else {
        mcu_view_remind(&s->view);
    }
}
