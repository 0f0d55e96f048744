/* Who is there, told to one client as often as its line can bear: a roster of thirteen is 3 kB, a third of a second of a line of
 * 64 kbit/s. What people do is told at once, what comes and goes by itself is gathered, and so are those who come and go while
 * many do. On thin tiers each is told of those alone whom it concerns. */
#include "mcu/base/clock.h"
#include "mcu/base/media.h"
#include "signaling/gateway.h"
#include "signaling/room.h"
#include "signaling/session_private.h"

#define PASSING_MS 1000
#define PASSING_THIN_MS 5000 /* on tiers below B */
#define PEOPLE_MS 300
#define PEOPLE_THIN_MS 1000

static bool is_thin(const sig_session *s)
{
    return s->canvas[0] > 'B'; /* "" = not known yet */
}

static void tell(sig_session *s, json_t *roster)
{
    json_t *changes = NULL;
    sig_roster_kind kind = sig_roster_compare(s->told, roster, &changes);
    int64_t now_ns = mcu_now_ns();
    s->roster_ns = now_ns;
    s->people_ns = kind == SIG_ROSTER_PEOPLE ? now_ns : s->people_ns;
    if (!s->told || (kind > SIG_ROSTER_PASSING && !is_thin(s))) {
        sig_session_send(s, json_incref(roster));
    } else if (kind != SIG_ROSTER_NONE) {
        sig_session_send(s, json_incref(changes));
    }
    json_decref(changes);
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
        tell(s, roster);
    }
}

/* When what is other may be told. */
static int64_t due_ns(const sig_session *s, sig_roster_kind kind)
{
    bool thin = is_thin(s);
    if (!s->told || kind == SIG_ROSTER_LASTING) {
        return 0;
    }
    return kind == SIG_ROSTER_PEOPLE ? s->people_ns + (thin ? PEOPLE_THIN_MS : PEOPLE_MS) * MCU_NS_PER_MS
                                     : s->roster_ns + (thin ? PASSING_THIN_MS : PASSING_MS) * MCU_NS_PER_MS;
}

void sig_session_roster(sig_session *s, json_t *roster, sig_roster_kind kind)
{
    if (!s->roster_due) {
        s->roster_due = sig_timer_new(s->gateway->base, on_due, s);
    }
    int64_t at_ns = due_ns(s, kind), now_ns = mcu_now_ns();
    if (at_ns <= now_ns) {
        event_del(s->roster_due);
        tell(s, roster);
    } else if (!event_pending(s->roster_due, EV_TIMEOUT, NULL) || at_ns < s->roster_due_ns) {
        s->roster_due_ns = at_ns;
        sig_timer_arm(s->roster_due, (at_ns - now_ns) / MCU_NS_PER_MS + 1);
    }
}

void sig_session_roster_free(sig_session *s)
{
    json_decref(s->told);
    if (s->roster_due) {
        event_free(s->roster_due);
    }
}
