#include "signaling/dial_limits.h"

#include <glib.h>

#include "signaling/rate.h"

enum { KEYS = 4096, OWN_PER_HOUR = 6, DAY_S = 86400 };

struct sig_dial_limits {
    sig_rate *of_room, *of_seat, *of_all;
    unsigned per_room, per_second, per_day;
    int64_t day; /* since 1970, of `made` */
    unsigned made;
};

sig_dial_limits *sig_dial_limits_new(unsigned per_room, unsigned per_second, unsigned per_day)
{
    sig_dial_limits *l = g_new0(sig_dial_limits, 1);
    l->of_room = sig_rate_new(MAX(1, per_room), KEYS);
    l->of_seat = sig_rate_new(OWN_PER_HOUR, KEYS);
    l->of_all = sig_rate_new(MAX(1, per_second), 1);
    l->per_room = per_room;
    l->per_second = per_second;
    l->per_day = per_day;
    return l;
}

void sig_dial_limits_free(sig_dial_limits *l)
{
    if (l) {
        sig_rate_free(l->of_room);
        sig_rate_free(l->of_seat);
        sig_rate_free(l->of_all);
        g_free(l);
    }
}

static bool day_is_full(sig_dial_limits *l, int64_t wall_s)
{
    if (wall_s / DAY_S != l->day) {
        l->day = wall_s / DAY_S;
        l->made = 0;
    }
    return l->made >= l->per_day;
}

/* The buckets are of a minute: a clock that runs slower or faster makes them some of an hour or of a second. All are asked before
 * any is taken from, so that who is refused by one uses up none of what others share. */
bool sig_dial_limits_take(sig_dial_limits *l, const char *room, const char *own_seat, int64_t now_ns, int64_t wall_s)
{
    g_autofree char *own = own_seat && *own_seat ? g_strdup_printf("%s/%s", room, own_seat) : NULL;
    if (l->per_room == 0 || l->per_second == 0 || day_is_full(l, wall_s) || sig_rate_ask(l->of_room, room, now_ns / 60) != 0 ||
        sig_rate_ask(l->of_all, "", now_ns * 60) != 0 || (own && sig_rate_ask(l->of_seat, own, now_ns / 60) != 0)) {
        return false;
    }
    sig_rate_take(l->of_room, room, now_ns / 60);
    sig_rate_take(l->of_all, "", now_ns * 60);
    if (own) {
        sig_rate_take(l->of_seat, own, now_ns / 60);
    }
    return true;
}

void sig_dial_limits_made(sig_dial_limits *l)
{
    l->made++;
}
