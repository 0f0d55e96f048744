/* Who is there, told to one client as often as its line can bear: a roster of thirteen is 3 kB, and with each change of anybody's
 * tier or of who talks one would fill a line of 64 kbit/s. What people do is told at once and whole, what comes and goes is
 * gathered, and told of those alone whom it concerns. */
#include "mcu/base/clock.h"
#include "mcu/base/media.h"
#include "signaling/gateway.h"
#include "signaling/room.h"
#include "signaling/session_private.h"

#define PASSING_MS 1000
#define PASSING_THIN_MS 5000 /* on tiers below B */

const char *const sig_roster_passing[] = {"tier", "talking", "weak", NULL};

static bool is_thin(const sig_session *s)
{
    return s->canvas[0] != 'A' && s->canvas[0] != 'B';
}

/* What is other of one person; NULL = nothing. */
static json_t *change(const json_t *before, const json_t *now)
{
    json_t *out = NULL;
    for (const char *const *k = sig_roster_passing; *k; k++) {
        json_t *v = json_object_get(now, *k);
        if (v && !json_equal(v, json_object_get(before, *k))) {
            out = out ? out : json_pack("{s:O}", "seat", json_object_get(now, "seat"));
            json_object_set(out, *k, v);
        }
    }
    return out;
}

static json_t *changes(const json_t *before, const json_t *now)
{
    json_t *list = json_array(), *people = json_object_get(now, "participants"), *p = NULL;
    size_t i = 0;
    json_array_foreach(people, i, p)
    {
        json_t *c = change(json_array_get(json_object_get(before, "participants"), i), p);
        if (c) {
            json_array_append_new(list, c);
        }
    }
    return list;
}

static void tell(sig_session *s, json_t *roster, bool passing)
{
    json_t *list = passing ? changes(s->told, roster) : NULL;
    s->roster_ns = mcu_now_ns();
    if (!list) {
        sig_session_send(s, json_incref(roster));
    } else if (json_array_size(list) > 0) {
        sig_session_send(s, json_pack("{s:s, s:O}", "type", "roster_changes", "participants", list));
    }
    json_decref(list);
    json_incref(roster);
    json_decref(s->told);
    s->told = roster;
}

static void on_due(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_session *s = user;
    json_t *roster = s->room ? sig_room_roster(s->room) : NULL;
    if (roster) {
        tell(s, roster, true);
    }
}

void sig_session_roster(sig_session *s, json_t *roster, bool passing)
{
    if (!s->roster_due) {
        s->roster_due = sig_timer_new(s->gateway->base, on_due, s);
    }
    passing = passing && s->told;
    int64_t wait_ns = s->roster_ns + (is_thin(s) ? PASSING_THIN_MS : PASSING_MS) * MCU_NS_PER_MS - mcu_now_ns();
    if (!passing || wait_ns <= 0) {
        event_del(s->roster_due);
        tell(s, roster, passing);
    } else if (!event_pending(s->roster_due, EV_TIMEOUT, NULL)) {
        sig_timer_arm(s->roster_due, wait_ns / MCU_NS_PER_MS + 1);
    }
}

void sig_session_roster_free(sig_session *s)
{
    json_decref(s->told);
    if (s->roster_due) {
        event_free(s->roster_due);
    }
}
