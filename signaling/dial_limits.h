/* dial_limits.h - how many calls out there may be: of a room in an hour, of all rooms in a second and on a day, of a person who
 * asks for a call to himself in an hour.  Thread: gateway. Time is given. */
#ifndef SIGNALING_DIAL_LIMITS_H
#define SIGNALING_DIAL_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct sig_dial_limits sig_dial_limits;

/* 0 = none may be made. */
sig_dial_limits *sig_dial_limits_new(unsigned per_room, unsigned per_second, unsigned per_day);
void sig_dial_limits_free(sig_dial_limits *l); /* NULL is fine */

/* One more; `own_seat`: who asks for himself, NULL or "" = it is for somebody else. `now_ns` does not go back, `wall_s` says
 * which day (UTC) it is. False: too many. */
bool sig_dial_limits_take(sig_dial_limits *l, const char *room, const char *own_seat, int64_t now_ns, int64_t wall_s);
void sig_dial_limits_made(sig_dial_limits *l); /* and it was made: it counts for its day */

#endif
